import json
from pathlib import Path

import numpy as np
import pytest
import torch

from reexplore.electrons.ensemble import Ensemble, Line, Member, ipea1_differences_ev
from reexplore.electrons.network import NetworkSettings, SpinChargeNetwork
from reexplore.errors import InputError
from reexplore.structures.structure import Structure
from tests.electrons.molecules import BENZENE, FORMALDEHYDE

DATA = Path(__file__).with_name("data")
LINE = Line(np.array([0.9, 1.1]), np.array([-4.0, -5.0]))


@pytest.fixture
def ensemble():
    members = []
    for seed in range(2):
        torch.manual_seed(seed)
        members.append(Member(LINE, SpinChargeNetwork(NetworkSettings(features=4, seen=2, bessels=3, hidden=(6, 5)))))
    return Ensemble(members)


def test_a_line_is_found():
    ipea1 = np.array([[13.0, 4.0], [14.0, 5.0], [15.0, 7.0]])
    found = Line.of(ipea1, LINE.said_ev(ipea1))
    assert found.slopes == pytest.approx(LINE.slopes)
    assert found.intercepts_ev == pytest.approx(LINE.intercepts_ev)


def test_energies_are_the_line_and_what_networks_add_and_charges_are_conserved(ensemble):
    both = ensemble.states([FORMALDEHYDE, BENZENE])
    said = ensemble.said([FORMALDEHYDE], ipea1_differences_ev(FORMALDEHYDE)[None])
    first = both[0]
    assert first.states.ionisation_potential_ev == pytest.approx(said.differences_ev[:, 0, 0].mean(), abs=1e-5)
    assert first.states.electron_affinity_ev == pytest.approx(said.differences_ev[:, 0, 1].mean(), abs=1e-5)
    assert first.spread_ev == pytest.approx(said.differences_ev[:, 0].std(axis=0, ddof=1), abs=1e-5)
    for found in both:
        assert found.states.charges_e.sum(axis=1) == pytest.approx([1, 0, -1], abs=1e-6)
        assert found.states.spins_e.sum(axis=1) == pytest.approx([1, 0, 1], abs=1e-6)
    assert both[1].states.charges_e.shape == (3, 12)


def test_weights_are_read_as_they_were_written(ensemble, tmp_path):
    ensemble.save(tmp_path / "weights.pt")
    again = Ensemble.load(tmp_path / "weights.pt")
    ipea1 = np.array([[13.5, 4.5]])
    assert np.array_equal(
        again.said([FORMALDEHYDE], ipea1).differences_ev, ensemble.said([FORMALDEHYDE], ipea1).differences_ev
    )


def test_weights_of_the_first_version_are_read_for_ever():
    known = json.loads((DATA / "electrons-1.json").read_text())
    said = Ensemble.load(DATA / "electrons-1.pt").said([FORMALDEHYDE], np.array([[13.5, 4.5]]))
    assert said.differences_ev.ravel().tolist() == pytest.approx(known["differences_ev"], abs=1e-4)
    assert said.charges_e[0].ravel().tolist() == pytest.approx(known["charges_e"], abs=1e-4)
    assert said.spins_e[0].ravel().tolist() == pytest.approx(known["spins_e"], abs=1e-4)


def test_a_file_of_another_version_and_one_that_is_none_are_refused(tmp_path):
    torch.save({"version": 2, "members": []}, tmp_path / "newer.pt")
    with pytest.raises(InputError, match="weights of version 2; this reexplore reads version 1"):
        Ensemble.load(tmp_path / "newer.pt")
    (tmp_path / "none.pt").write_text("nothing")
    with pytest.raises(InputError, match="no file of weights"):
        Ensemble.load(tmp_path / "none.pt")
    with pytest.raises(InputError, match="no file of weights"):
        Ensemble.load(tmp_path / "away.pt")


def test_anions_are_refused(ensemble):
    with pytest.raises(InputError, match="a ligand's acid in place of its anion"):
        ensemble.states([Structure(("F",), np.zeros((1, 3)), -1)])
