"""Electron counts, spins and radii of the ions against published tables."""

import pytest
from ase.data import atomic_numbers

from reexplore.chemistry.metals import METALS, SERIES, find_metal
from reexplore.errors import InputError

# Ground terms of the free trivalent ions (NIST Atomic Spectra Database): the number before the letter is 2S + 1.
GROUND_TERMS = (
    "La 1S0, Ce 2F5/2, Pr 3H4, Nd 4I9/2, Pm 5I4, Sm 6H5/2, Eu 7F0, Gd 8S7/2,"
    " Tb 7F6, Dy 6H15/2, Ho 5I8, Er 4I15/2, Tm 3H6, Yb 2F7/2, Lu 1S0, Y 1S0, Sc 1S0"
)


@pytest.mark.parametrize("entry", GROUND_TERMS.split(", "))
def test_multiplicity_is_that_of_the_ground_term(entry):
    symbol, term = entry.split()
    assert METALS[symbol].multiplicity == int(term[0])


def test_atomic_numbers():
    assert {m.symbol: m.atomic_number for m in SERIES} == {m.symbol: atomic_numbers[m.symbol] for m in SERIES}


def test_radii_contract_along_the_lanthanides():
    radii = [
        METALS[s].shannon_radius_angstrom
        for s in ["La", "Ce", "Pr", "Nd", "Pm", "Sm", "Eu", "Gd", "Tb", "Dy", "Ho", "Er", "Tm", "Yb", "Lu"]
    ]
    assert radii == sorted(radii, reverse=True)
    # Shannon 1976, coordination number 8.
    assert (radii[0], radii[7], radii[-1]) == (1.160, 1.053, 0.977)


def test_the_usual_number_of_a_metal_is_one_it_is_held_in():
    assert all(set(metal.usual_numbers) <= set(metal.coordination_numbers) for metal in SERIES)
    assert {metal.symbol: metal.usual_numbers for metal in SERIES if metal.usual_numbers != (8, 9)} == {"Sc": (6,)}


def test_an_unknown_metal_is_refused():
    with pytest.raises(InputError, match="unknown metal 'Am'"):
        find_metal("Am")
