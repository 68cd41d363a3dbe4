"""Electrons and spins by hand: what a charge allows and what Hund's rule takes."""

import numpy as np
import pytest

from reexplore.chemistry.metals import LANTHANIDES
from reexplore.energies.electrons import checked_unpaired, electron_count, implied_unpaired
from reexplore.energies.levels import PAPER, QUICK, TEACHER
from reexplore.errors import InputError
from reexplore.structures.structure import Structure
from tests.structures.sample import relaxed


def ion(symbol, charge=3):
    return Structure((symbol,), np.zeros((1, 3)), charge)


@pytest.mark.parametrize("metal", LANTHANIDES, ids=lambda metal: metal.symbol)
def test_ions_keep_eight_electrons_or_their_open_shell(metal):
    # 5s2 5p6, and with def2-ECP the 4d10 and 4f shells as well (lanthanum's core holds 4d).
    assert electron_count(ion(metal.symbol), QUICK) == 8
    assert electron_count(ion(metal.symbol), PAPER) == (8 if metal.symbol == "La" else 26 + metal.f_electrons)


@pytest.mark.parametrize(("symbol", "unpaired"), [("La", 0), ("Ce", 1), ("Eu", 6), ("Gd", 7), ("Yb", 1), ("Lu", 0)])
def test_an_open_shell_has_the_spin_of_its_ground_term(symbol, unpaired):
    # 2S of 1S0, 2F5/2, 7F0, 8S7/2, 2F7/2, 1S0.
    assert implied_unpaired(ion(symbol), PAPER) == unpaired
    assert implied_unpaired(ion(symbol), QUICK) == 0
    assert checked_unpaired(ion(symbol), PAPER, None) == unpaired


def test_a_charge_that_does_not_fit_the_spin_names_those_that_do():
    wrong = Structure(("O", "H", "H"), [[0, 0, 0], [0.96, 0, 0], [-0.24, 0.93, 0]], 1)
    with pytest.raises(InputError, match=r"leaves 9 electrons .* cannot all be paired: is the charge \+0 or \+2"):
        checked_unpaired(wrong, QUICK, None)
    with pytest.raises(InputError, match=r"leaves 33 electrons .* cannot have 6 unpaired: .* electrons 5 or 7\?"):
        checked_unpaired(ion("Eu", 2), PAPER, 6)


def test_open_shells_belong_to_levels_that_treat_them():
    with pytest.raises(InputError, match="closed shells only"):
        checked_unpaired(ion("Eu"), QUICK, 6)
    assert checked_unpaired(ion("Gd"), PAPER, 5) == 5


def test_a_complex_is_counted_with_its_charge():
    # C7H7N2O3- has 88 electrons, six waters have 60, the ion 8.
    assert electron_count(relaxed("Eu_HOPO-H_1_6"), QUICK) == 88 + 60 + 8


def test_an_invented_energy_has_no_electrons():
    assert checked_unpaired(ion("Ce"), TEACHER, None) == 0
