"""Settings survive JSON, and neither they nor the data need torch."""

import json
import subprocess
import sys

from reexplore.surrogate.settings import AllegroSettings


def test_settings_survive_json():
    settings = AllegroSettings(readout="all", l_max=2)
    assert AllegroSettings(**json.loads(json.dumps(settings.declaration()))) == settings
    assert settings.declaration()["weights"] == "float32"


def test_the_driver_can_use_the_package_without_loading_an_engine():
    modules = ["settings", "samples", "baselines", "calibration", "forecast", "joint_samples"]
    code = (
        "import sys\n"
        + "".join(f"import reexplore.surrogate.{module}\n" for module in modules)
        + "import reexplore.acquisition.policy, reexplore.acquisition.select, reexplore.acquisition.seed_design\n"
        + "print({'torch', 'nequip', 'allegro', 'sklearn', 'botorch', 'scipy'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
