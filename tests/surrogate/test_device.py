"""Where networks compute is asked for from outside and never a silent substitute."""

import numpy as np
import pytest
import torch

from reexplore.device import VARIABLE
from reexplore.errors import MissingEngineError
from reexplore.surrogate import allegro
from reexplore.surrogate.device import chosen_device, used_card
from reexplore.surrogate.settings import AllegroSettings
from tests.surrogate.sample import make_samples

CARD = torch.cuda.is_available()
FEW = AllegroSettings(readout="all", epochs=3, weights="float64")


def test_without_being_told_a_card_is_taken_where_there_is_one_and_it_pays(monkeypatch):
    monkeypatch.delenv(VARIABLE, raising=False)
    assert chosen_device().type == ("cuda" if CARD else "cpu")
    assert chosen_device(pays=False).type == "cpu"


def test_the_processor_is_taken_when_it_is_asked_for(monkeypatch):
    monkeypatch.setenv(VARIABLE, "cpu")
    assert chosen_device().type == "cpu"


def test_a_card_that_is_not_there_is_one_sentence(monkeypatch):
    monkeypatch.setenv(VARIABLE, "cuda")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(MissingEngineError, match="finds no graphics card on this machine: take auto or cpu") as told:
        chosen_device(pays=False)
    assert "\n" not in str(told.value)


@pytest.mark.engine
@pytest.mark.parametrize("device", ["cpu", *["cuda"] * CARD])
def test_every_device_gives_the_same_member(monkeypatch, tmp_path, device):
    samples = make_samples(8)
    said = []
    for where in ("cpu", device):
        monkeypatch.setenv(VARIABLE, where)
        path = tmp_path / f"{where}.pt"
        allegro.train_member(samples, settings=FEW, member=0, members=4, seed=0, path=path)
        said.append(allegro.predict_member(path, samples))
        weights = torch.load(path, weights_only=True)["weights"]
        # A file of a card has to load where there is none.
        assert {value.device.type for value in weights.values()} == {"cpu"}
    assert np.allclose(said[0], said[1], rtol=1e-5)
    assert (used_card() is not None) == (device == "cuda")
