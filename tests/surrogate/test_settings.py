"""Settings survive JSON, and neither they nor the data need torch."""

import json
import subprocess
import sys

from reexplore.surrogate.allegro_surrogate import Allegro
from reexplore.surrogate.settings import AllegroSettings, published


def test_settings_survive_json():
    settings = AllegroSettings(readout="all", l_max=2)
    assert AllegroSettings(**json.loads(json.dumps(settings.declaration()))) == settings
    assert settings.declaration()["weights"] == "float32"


def test_settings_that_came_later_are_in_no_key_of_what_was_trained_before():
    assert len(AllegroSettings().declaration()) == 15
    changed = AllegroSettings(learning_rate_factor=0.75, hidden_layers=3)
    assert {"learning_rate_factor", "hidden_layers"} < changed.declaration().keys()
    assert AllegroSettings(**changed.declaration()) == changed


def test_the_published_settings_are_the_authors():
    # Their input file: l_max 2, 2 or 4 tensor features, batches of 4, Adam at 0.01 down to 1e-5 by 0.75.
    settings = published(tensor_features=2)
    assert (settings.readout, settings.l_max, settings.layers, settings.tensor_features) == ("all", 2, 2, 2)
    assert (settings.r_max_angstrom, settings.batch_size, settings.epochs, settings.patience) == (6.0, 4, 1500, 20)
    assert (settings.learning_rate, settings.learning_rate_factor, settings.learning_rate_end) == (0.01, 0.75, 1e-5)
    assert (settings.average_decay, settings.epochs_without_progress, settings.weights) == (0.99, 100, "float32")


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
