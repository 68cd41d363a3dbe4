"""The first Kramers gap as a goal of campaigns."""

import pytest
from scipy import constants

from reexplore.errors import InputError
from reexplore.properties import read_goals
from reexplore.properties.kramers_gap import CM_PER_KCAL_MOL, KramersGap
from reexplore.properties.label import Label
from tests.campaign.ledger.test_labels import labelled
from tests.energies.kramers.test_label import LABEL

GAP = {"property": "kramers_gap", "metal": "Dy"}
MAGNET = Label(labelled("Dy", -60.0).candidate, {}, None, 0, magnet=LABEL)


def test_a_wavenumber_is_an_energy():
    hartree_j = constants.calorie * 1000 / constants.N_A
    assert pytest.approx(hartree_j / (constants.h * constants.c) / 100, rel=1e-8) == CM_PER_KCAL_MOL


def test_it_is_the_second_doublet_and_wanted_high():
    goals = read_goals([GAP])
    assert goals.goals[0].direction == "higher"
    assert goals.values({"Dy": MAGNET})[0].value == LABEL.gap_cm
    learned = goals.learned_kcal_mol(MAGNET)
    assert goals.to_lower({"Dy": learned}, {}) == pytest.approx([-LABEL.gap_cm])
    assert read_goals([GAP | {"direction": "lower"}]).goals[0].direction == "lower"
    assert (goals.learns_gap, goals.learns_binding, goals.needs_aqua_ions) == (True, False, False)


def test_doubts_of_a_magnet_are_those_of_its_label():
    assert any("axis_bent" in doubt for doubt in MAGNET.doubts) == ("axis_bent" in LABEL.doubts)


def test_a_label_of_another_kind_has_none():
    assert KramersGap("Dy").value({"Dy": labelled("Dy", -60.0)}) is None
    with pytest.raises(ValueError, match="no Kramers gap"):
        read_goals([GAP]).learned_kcal_mol(labelled("Dy", -60.0))


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (GAP | {"metal": "Tb"}, r"kramers_gap: Tb3\+ has 8 4f electrons: only an odd number has Kramers doublets"),
        (GAP | {"metal": "La"}, r"La3\+ has 0 4f electrons"),
        (GAP | {"ligand": 1}, "unknown key 'ligand'"),
    ],
)
def test_what_has_no_gap_is_one_sentence(said, told):
    with pytest.raises(InputError, match=told):
        read_goals([said])


def test_it_stands_beside_its_like_only():
    with pytest.raises(InputError, match="a magnet and a complex in water are two structures"):
        read_goals([GAP, {"property": "binding_energy", "metal": "Dy"}])
