from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from pyscf.solvent import smd

from reexplore.energies.dft.fitting import DensityFit
from reexplore.energies.dft.molecule import build_molecule
from reexplore.energies.dft.solvent import Cavity, cds_energy_hartree
from reexplore.energies.dft.start_density import start_density
from reexplore.energies.levels import QUICK
from tests.energies.examples import LANTHANUM_TWO_WATERS, WATER, ion


@pytest.fixture(scope="module", params=[WATER, LANTHANUM_TWO_WATERS], ids=["water", "lanthanum"])
def molecule(request):
    mol = build_molecule(request.param, level=QUICK, memory_gb=2.0)
    stock = smd.SMD(mol, solvent="water")
    stock.sasa_ng = 110
    density = start_density(mol, level=QUICK).sum(axis=0)
    return Cavity(mol, replace(QUICK, cavity_points_per_sphere=110)), stock.kernel(density), density


def test_energy_equals_pyscf(molecule):
    cavity, (expected, _), density = molecule
    assert cavity.energy_hartree(density) == pytest.approx(expected, abs=1e-10)


def test_reaction_to_the_fitted_density_is_close_to_pyscf(molecule):
    cavity, (energy, potential), density = molecule
    fit = DensityFit(cavity.mol, QUICK.coulomb_fitting_basis, exchange=False, memory_bytes=1e9)
    reaction = cavity.reaction(fit.coefficients(fit.moments(density)), fit)
    # The fit's error; single points correct the energy for it.
    assert reaction.energy_hartree == pytest.approx(energy, abs=1e-3)
    np.testing.assert_allclose(fit.potential_matrix(reaction.coefficients), potential, atol=2e-3)


def test_reaction_potential_is_the_derivative_of_its_energy(molecule):
    cavity, _, density = molecule
    fit = DensityFit(cavity.mol, QUICK.coulomb_fitting_basis, exchange=False, memory_bytes=1e9)
    change = np.random.default_rng(4).normal(size=density.shape)
    change += change.T

    def reaction(step):
        return cavity.reaction(fit.coefficients(fit.moments(density + step * change)), fit)

    slope = (reaction(1e-4).energy_hartree - reaction(-1e-4).energy_hartree) / 2e-4
    expected = np.sum(fit.potential_matrix(reaction(0.0).coefficients) * change)
    assert slope == pytest.approx(expected, rel=1e-6)


def test_nonelectrostatic_term_without_core_potential_equals_pyscf():
    mol = build_molecule(WATER, level=QUICK, memory_gb=1.0)
    assert cds_energy_hartree(mol, solvent="water") == pytest.approx(smd.SMD(mol, solvent="water").get_cds())


def test_nonelectrostatic_term_sees_the_lanthanide_not_its_valence_charge():
    # With 28 of 63 electrons in a core potential PySCF would treat europium as bromine (Z = 35).
    mol = build_molecule(ion("Eu"), level=QUICK, memory_gb=1.0)
    assert cds_energy_hartree(mol, solvent="water") == 0.0
    assert mol.atom_charges()[0] == 11


@pytest.mark.parametrize("solvent", ["1-octanol", "toluene", "n-dodecane"])
def test_other_solvents_are_those_of_pyscf(solvent):
    mol = build_molecule(WATER, level=QUICK, memory_gb=1.0)
    stock = smd.SMD(mol, solvent=solvent)
    stock.sasa_ng = 110
    density = start_density(mol, level=QUICK).sum(axis=0)
    cavity = Cavity(mol, replace(QUICK, solvent=solvent, cavity_points_per_sphere=110))
    assert cavity.energy_hartree(density) == pytest.approx(stock.kernel(density)[0], abs=1e-10)
    assert cds_energy_hartree(mol, solvent=solvent) == pytest.approx(stock.get_cds())


def test_a_smaller_sphere_solvates_an_ion_as_born_says():
    # M. Born, Z. Phys. 1920, 1, 45: -(1 - 1/ε) q² / 2R.
    mol = build_molecule(ion("La"), level=QUICK, memory_gb=1.0)
    density = start_density(mol, level=QUICK).sum(axis=0)
    for radius in (2.0, 1.7):
        level = replace(QUICK, metal_radius_angstrom=radius, cavity_points_per_sphere=974)
        born = -(1 - 1 / 78.355) * 9 / (2 * radius / 0.529177)
        # The ion is no point: its outermost electrons reach through the smaller sphere.
        assert Cavity(mol, level).energy_hartree(density) == pytest.approx(born, rel=1e-2)


def test_in_the_gas_phase_there_is_no_cavity():
    mol = build_molecule(WATER, level=QUICK, memory_gb=1.0)
    assert Cavity.of(mol, replace(QUICK, solvent="none")) is None
    assert cds_energy_hartree(mol, solvent="none") == 0.0
