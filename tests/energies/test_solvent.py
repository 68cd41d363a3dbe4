from __future__ import annotations

import numpy as np
import pytest
from pyscf.solvent import smd

from reexplore.energies.guess import start_density
from reexplore.energies.levels import QUICK
from reexplore.energies.molecule import build_molecule
from reexplore.energies.solvent import FactorisedSMD, cds_energy_hartree
from tests.energies.examples import LANTHANUM_TWO_WATERS, WATER, ion


@pytest.fixture(scope="module", params=[WATER, LANTHANUM_TWO_WATERS], ids=["water", "lanthanum"])
def solvents(request):
    mol = build_molecule(request.param, level=QUICK, memory_gb=2.0)
    stock = smd.SMD(mol, solvent="water")
    stock.sasa_ng = 110
    ours = FactorisedSMD(mol, solvent="water", points_per_sphere=110, memory_bytes=1e9)
    return ours, stock, start_density(mol, level=QUICK)


def test_energy_and_potential_equal_pyscf(solvents):
    ours, stock, density = solvents
    expected_energy, expected_potential = stock.kernel(density)
    for _ in range(2):
        energy, potential = ours.kernel(density)
        assert energy == pytest.approx(expected_energy, abs=1e-10)
        np.testing.assert_allclose(potential, expected_potential, atol=1e-9)


def test_response_equals_pyscf(solvents):
    ours, stock, density = solvents
    stock.kernel(density)
    np.testing.assert_allclose(ours._B_dot_x(density[None]), stock._B_dot_x(density[None]), atol=1e-9)


def test_nonelectrostatic_term_without_core_potential_equals_pyscf():
    mol = build_molecule(WATER, level=QUICK, memory_gb=1.0)
    assert cds_energy_hartree(mol, solvent="water") == pytest.approx(smd.SMD(mol, solvent="water").get_cds())


def test_nonelectrostatic_term_sees_the_lanthanide_not_its_valence_charge():
    # With 28 of 63 electrons in a core potential PySCF would treat europium as bromine (Z = 35).
    mol = build_molecule(ion("Eu"), level=QUICK, memory_gb=1.0)
    assert cds_energy_hartree(mol, solvent="water") == 0.0
    assert mol.atom_charges()[0] == 11
