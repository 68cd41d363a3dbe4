"""Settings survive JSON, and neither they nor the data need torch."""

import json
import subprocess
import sys

from reexplore.surrogate.allegro_surrogate import Allegro
from reexplore.surrogate.settings import AllegroSettings


def test_settings_survive_json():
    settings = AllegroSettings(readout="all", l_max=2)
    assert AllegroSettings(**json.loads(json.dumps(settings.declaration()))) == settings
    assert settings.declaration()["weights"] == "float32"


def test_a_batch_size_that_is_declared_is_that_of_the_members():
    declared = {"readout": "metal"}
    assert Allegro.settings(declared) == Allegro.settings(declared | {"batch_size": None})
    assert Allegro.settings(declared | {"batch_size": 128}) == Allegro.settings(declared) | {"batch_size": 128}


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
