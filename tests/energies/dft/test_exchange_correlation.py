from __future__ import annotations

import numpy as np
import pytest
from pyscf import dft

from reexplore.energies.dft.exchange_correlation import BlockedIntegrator
from reexplore.energies.dft.molecule import build_molecule
from reexplore.energies.dft.start_density import start_density
from reexplore.energies.levels import QUICK
from tests.energies.examples import LANTHANUM_TWO_WATERS


@pytest.mark.parametrize("memory_bytes", [0.0, 1e9])
def test_matrix_equals_pyscf(memory_bytes):
    mol = build_molecule(LANTHANUM_TWO_WATERS, level=QUICK, memory_gb=2.0)
    density = start_density(mol, level=QUICK).sum(axis=0)
    grid = dft.gen_grid.Grids(mol)
    grid.level = 0
    grid.build(with_non0tab=True)
    expected = dft.numint.NumInt().nr_rks(mol, grid, "pbe", density)
    integrator = BlockedIntegrator(memory_bytes=memory_bytes)
    for _ in range(2):
        electrons, energy, potential = integrator.nr_rks(mol, grid, "pbe", density)
        assert electrons == pytest.approx(expected[0], abs=1e-8)
        assert energy == pytest.approx(expected[1], abs=1e-9)
        np.testing.assert_allclose(potential, expected[2], atol=1e-8)


@pytest.mark.parametrize("functional", ["pbe", "b3lyp5"])
def test_matrices_of_both_spins_equal_pyscf(functional):
    mol = build_molecule(LANTHANUM_TWO_WATERS, level=QUICK, memory_gb=2.0)
    densities = start_density(mol, level=QUICK) * np.array([1.0, 0.7])[:, None, None]
    grid = dft.gen_grid.Grids(mol)
    grid.level = 0
    grid.build(with_non0tab=True)
    expected = dft.numint.NumInt().nr_uks(mol, grid, functional, densities)
    electrons, energy, potentials = BlockedIntegrator(memory_bytes=1e9).nr_uks(mol, grid, functional, densities)
    np.testing.assert_allclose(electrons, expected[0], atol=1e-8)
    assert energy == pytest.approx(expected[1], abs=1e-9)
    np.testing.assert_allclose(potentials, expected[2], atol=1e-8)
