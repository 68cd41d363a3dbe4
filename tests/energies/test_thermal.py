"""Thermal terms against published entropies and enthalpies of gases, and what a symmetry is worth."""

from __future__ import annotations

import math

import numpy as np
import pytest

from reexplore.energies.reactions import HARTREE_TO_KCAL_MOL
from reexplore.energies.thermal import (
    TEMPERATURE_K,
    WATER_MOL_L,
    concentration_hartree,
    gibbs_correction_hartree,
    lowest_waters,
    rotational_symmetry_number,
)
from reexplore.structures.structure import Structure

_KCAL_PER_KJ = 1 / 4.184
_CM1_KCAL_MOL = 2.859144e-3
_RT_KCAL_MOL = 1.987204e-3 * TEMPERATURE_K

WATER = Structure(("O", "H", "H"), np.array([[0, 0, 0.1173], [0, 0.7572, -0.4692], [0, -0.7572, -0.4692]]), 0)
CARBON_DIOXIDE = Structure(("C", "O", "O"), np.array([[0, 0, 0], [0, 0, 1.16], [0, 0, -1.16]]), 0)
NITRATE = Structure(
    ("N", "O", "O", "O"), np.array([[0, 0, 0], [1.25, 0, 0], [-0.625, 1.0825, 0], [-0.625, -1.0825, 0.01]]), -1
)


@pytest.mark.parametrize(
    ("structure", "frequencies_cm1", "enthalpy_kj_mol", "entropy_j_mol_k"),
    [
        # NIST-JANAF tables, 4th edition: H(298.15 K) - H(0 K) and S at 1 bar.
        (WATER, (1594.7, 3657.1, 3755.9), 9.904, 188.834),
        (CARBON_DIOXIDE, (667.4, 667.4, 1333.0, 2349.1), 9.364, 213.795),
    ],
)
def test_a_gas_has_its_published_free_energy(structure, frequencies_cm1, enthalpy_kj_mol, entropy_j_mol_k):
    zero_point = sum(frequencies_cm1) / 2 * _CM1_KCAL_MOL
    published = zero_point + (enthalpy_kj_mol - TEMPERATURE_K * entropy_j_mol_k / 1000) * _KCAL_PER_KJ
    published += _RT_KCAL_MOL * math.log(24.789)
    found = gibbs_correction_hartree(structure, frequencies_cm1) * HARTREE_TO_KCAL_MOL
    assert found == pytest.approx(published, abs=0.03)


def test_an_atom_has_translation_alone():
    # Sackur and Tetrode; argon's entropy at 1 bar is 154.846 J/(mol K), NIST-JANAF.
    argon = Structure(("Ar",), np.zeros((1, 3)), 0)
    published = 2.5 * _RT_KCAL_MOL - TEMPERATURE_K * 0.154846 * _KCAL_PER_KJ + _RT_KCAL_MOL * math.log(24.789)
    assert gibbs_correction_hartree(argon, ()) * HARTREE_TO_KCAL_MOL == pytest.approx(published, abs=0.01)


@pytest.mark.parametrize(("structure", "number"), [(WATER, 2), (CARBON_DIOXIDE, 2), (NITRATE, 6)])
def test_the_symmetry_of_a_molecule_is_counted(structure, number):
    assert rotational_symmetry_number(structure) == number


def test_the_symmetry_of_a_complex_is_not():
    symmetric = np.array([[0, 0, 0], [2.5, 0, 0], [-2.5, 0, 0]], dtype=float)
    assert rotational_symmetry_number(Structure(("La", "O", "O"), symmetric, 3)) == 1


def test_water_as_the_solvent_is_worth_what_textbooks_say():
    # RT ln 55.34 at 25 °C: 2.38 kcal/mol.
    assert concentration_hartree(WATER_MOL_L) * HARTREE_TO_KCAL_MOL == pytest.approx(2.38, abs=0.01)


def test_a_soft_vibration_does_not_make_the_entropy_grow_without_bound():
    soft, softer = (gibbs_correction_hartree(NITRATE, (cm1, 700, 700, 830, 1050, 1350)) for cm1 in (1.0, 0.1))
    harmonic = _RT_KCAL_MOL * math.log(10)
    assert abs(soft - softer) * HARTREE_TO_KCAL_MOL < 0.6 * harmonic


def test_an_atom_has_its_translation_alone():
    # S° of gaseous chloride 153.355 J/mol/K (NIST-JANAF tables), H(298) - H(0) = 5/2 RT, and RT ln 24.79 to 1 mol/l.
    chloride = Structure(("Cl",), np.zeros((1, 3)), -1)
    expected_kj_mol = 8.314462618e-3 * 298.15 * (2.5 + np.log(24.79)) - 298.15 * 0.153355
    assert gibbs_correction_hartree(chloride, ()) * 2625.4996 == pytest.approx(expected_kj_mol, abs=0.05)


def test_of_two_numbers_of_waters_the_liquid_decides():
    complexes = {7: -107.02, 6: -106.0}
    assert lowest_waters(complexes, liquid_hartree=-1.0) == 7
    assert lowest_waters(complexes, liquid_hartree=-1.05) == 6
    # Of equals the fewest, in whatever order they come.
    assert lowest_waters({7: -107.0, 6: -106.0}, liquid_hartree=-1.0) == 6
