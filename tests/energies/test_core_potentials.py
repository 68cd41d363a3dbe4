from __future__ import annotations

import numpy as np
import pytest
from basis_set_exchange import get_basis
from pyscf import gto

from reexplore.energies.core_potentials import ND_TRIVALENT, core_potential


def numbers(potential):
    """Return every exponent and coefficient of a potential in PySCF's form, r² terms all."""
    return {momentum: np.array([row for rows in powers for row in rows]) for momentum, powers in potential[1]}


def exponents(potential):
    return np.concatenate([rows[:, 0] for momentum, rows in numbers(potential).items() if momentum >= 0])


def test_neodymium_lies_between_its_neighbours():
    before, here, after = (
        core_potential(name, symbol)
        for name, symbol in (("lcecp-1-tzvp", "Pr"), (ND_TRIVALENT, "Nd"), ("lcecp-1-tzvp", "Pm"))
    )
    assert (before[0], here[0], after[0]) == (48, 49, 50)
    assert (exponents(before) < exponents(here)).all()
    assert (exponents(here) < exponents(after)).all()


def test_basis_set_exchange_has_the_divalent_potential_under_trivalent_neodymium():
    """The day this fails, the distribution was mended and the potential kept here may go."""
    trivalent, divalent = (
        get_basis(name, elements=[60])["elements"]["60"] for name in ("lcecp-1-tzvp", "lcecp-0-tzvp")
    )
    assert trivalent["ecp_potentials"] == divalent["ecp_potentials"]
    assert (trivalent["ecp_electrons"], divalent["ecp_electrons"]) == (49, 50)


@pytest.mark.parametrize("number", [59, 61, 62])
def test_its_neighbours_have_their_own(number):
    trivalent, divalent = (
        get_basis(name, elements=[number])["elements"][str(number)] for name in ("lcecp-1-tzvp", "lcecp-0-tzvp")
    )
    assert trivalent["ecp_potentials"] != divalent["ecp_potentials"]


def test_the_kept_potential_has_the_numbers_that_were_published():
    found = numbers(core_potential(ND_TRIVALENT, "Nd"))
    # M. Dolg, H. Stoll, A. Savin, H. Preuss, Theor. Chim. Acta 1989, 75, 173: ECP49MWB.
    np.testing.assert_array_equal(found[0], [[3.9755, 110.314639], [1.9878, -5.07821]])
    np.testing.assert_array_equal(found[1], [[3.4045, 75.868939], [1.7023, -1.172553]])
    np.testing.assert_array_equal(found[2], [[2.4044, 38.271906], [1.2022, -0.026339]])
    np.testing.assert_array_equal(found[3], [[4.9206, -51.581518]])


def test_every_other_potential_is_pyscfs():
    assert core_potential("lcecp-1-tzvp", "Sm") == gto.basis.load_ecp("lcecp-1-tzvp", "Sm")
    assert core_potential("def2-ecp", "Y") == gto.basis.load_ecp("def2-ecp", "Y")
