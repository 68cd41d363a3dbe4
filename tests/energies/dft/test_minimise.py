from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from pyscf import scf
from pyscf.soscf import newton_ah

from reexplore.energies.dft.field import RestrictedField, UnrestrictedField
from reexplore.energies.dft.minimise import Minimiser
from reexplore.energies.dft.molecule import build_molecule
from reexplore.energies.dft.processor import Processor
from reexplore.energies.dft.start_density import start_density
from reexplore.energies.levels import PAPER, Level
from reexplore.structures.structure import Structure
from tests.energies.examples import WATER

LEVEL = replace(PAPER, grid_level=1, energy_tolerance_hartree=1e-8, gradient_tolerance=1e-4)


#: Of so few functions every second derivative is quickly made.
SMALL = replace(LEVEL, ligand_basis="STO-3G")


def field_of(structure: Structure, unpaired: int, level: Level = LEVEL):
    mol = build_molecule(structure, level=level, unpaired=unpaired, memory_gb=1.0)
    field = (UnrestrictedField if unpaired else RestrictedField)(mol, xc=level.functional)
    field.equip(level, Processor(mol, level, cavity=None, memory_gb=1.0))
    density = start_density(mol, level=level)
    return field, density if unpaired else density.sum(axis=0)


@pytest.mark.parametrize(
    ("structure", "unpaired"),
    [(WATER, 0), (Structure(WATER.symbols, WATER.positions_angstrom, 1), 1)],
    ids=["water", "its radical cation"],
)
def test_minimum_is_the_one_diis_finds(structure, unpaired):
    field, density = field_of(structure, unpaired)
    field.kernel(density)
    expected, levels = field.e_tot, np.asarray(field.mo_energy)
    energies = []
    Minimiser(field).run(density, most_steps=60, each=lambda now: energies.append(field.energy_tot(now["dm"])))
    assert field.converged
    assert field.e_tot == pytest.approx(expected, abs=1e-6)
    assert energies[0] > energies[-1]
    filled = np.asarray(field.mo_occ) > 0
    np.testing.assert_allclose(np.sort(np.asarray(field.mo_energy)[filled]), np.sort(levels[filled]), atol=1e-3)


def test_hartree_fock_of_a_field_equals_pyscf():
    field, density = field_of(Structure(WATER.symbols, WATER.positions_angstrom, 1), 1)
    stock = scf.UHF(field.mol).density_fit(auxbasis=LEVEL.coulomb_fitting_basis)
    stock.conv_tol = 1e-10
    expected = stock.kernel()
    with field.hartree_fock():
        Minimiser(field).run(density, most_steps=60, each=lambda _: None)
    assert field.e_tot == pytest.approx(expected, abs=1e-6)


def test_minimisation_stops_unconverged_when_its_steps_run_out():
    field, density = field_of(WATER, 0)
    Minimiser(field).run(density, most_steps=2, each=lambda _: None)
    assert not field.converged
    assert field.cycles == 2


def test_held_functions_keep_their_share_of_the_filled_orbitals():
    field, density = field_of(WATER, 0)
    energies, orbitals = field.eig(field.get_hcore() + field.get_veff(dm=density), field.get_ovlp())
    first = field.make_rdm1(orbitals, field.get_occ(energies, orbitals))
    overlap = field.get_ovlp()
    # A function of oxygen's valence shell.
    held = np.eye(field.mol.nao)[:, 2:3]
    before = held.T @ overlap @ first @ overlap @ held
    shares = {}
    for name, functions in (("held", held), ("free", None)):
        Minimiser(field, held=functions).run(first, most_steps=60, each=lambda _: None)
        assert field.converged
        share = held.T @ overlap @ np.asarray(field.make_rdm1()) @ overlap @ held
        shares[name] = share.item(), field.e_tot
    moved = {name: abs(share - before.item()) for name, (share, _) in shares.items()}
    assert moved["free"] > 0.01
    # Every step keeps them to first order.
    assert moved["held"] < 0.1 * moved["free"]
    assert shares["held"][1] > shares["free"][1]


def test_least_curvature_is_that_of_pyscfs_stability_analysis():
    field, density = field_of(Structure(WATER.symbols, WATER.positions_angstrom, 1), 1, SMALL)
    stock = scf.UHF(field.mol).density_fit(auxbasis=LEVEL.coulomb_fitting_basis).run(dm0=density, conv_tol=1e-10)
    _, product, diagonal = newton_ah.gen_g_hop_uhf(stock, stock.mo_coeff, stock.mo_occ, with_symmetry=False)
    dense = np.array([product(unit) for unit in np.eye(len(diagonal))])
    # PySCF's products are half of the second derivatives of a spin's rotations.
    expected = 2.0 * float(np.linalg.eigvalsh(0.5 * (dense + dense.T))[0])
    with field.hartree_fock():
        minimiser = Minimiser(field)
        minimiser.run(density, most_steps=80, each=lambda _: None)
        found, _ = minimiser.least_curvature(np.asarray(field.make_rdm1()))
    assert found == pytest.approx(expected, abs=5e-3)
    assert expected > 0.02


def test_no_orbital_has_a_share_in_what_is_left_out():
    mol = build_molecule(Structure(WATER.symbols, WATER.positions_angstrom, 1), level=LEVEL, unpaired=1, memory_gb=1.0)
    left_out = np.eye(mol.nao)[:, 2:3]
    energies = {}
    for name, functions in (("all", None), ("one less", left_out)):
        field = UnrestrictedField(mol, xc=LEVEL.functional)
        field.equip(LEVEL, Processor(mol, LEVEL, cavity=None, memory_gb=1.0), left_out=functions)
        field.kernel(start_density(mol, level=LEVEL))
        assert field.converged
        energies[name] = field.e_tot
        Minimiser(field).run(np.asarray(field.make_rdm1()), most_steps=20, each=lambda _: None)
        assert field.e_tot == pytest.approx(energies[name], abs=1e-6)
    assert energies["one less"] > energies["all"] + 1e-3
    assert field.mo_coeff.shape == (2, mol.nao, mol.nao - 1)
    np.testing.assert_allclose(left_out.T @ field.get_ovlp() @ field.mo_coeff[0], 0.0, atol=1e-8)
