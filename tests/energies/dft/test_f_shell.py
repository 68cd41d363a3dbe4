from __future__ import annotations

from dataclasses import replace
from math import comb

import numpy as np
import pytest
from pyscf import dft

from reexplore.chemistry.metals import LANTHANIDES
from reexplore.energies.dft.f_shell import (
    OpenShell,
    f_electrons_by_spin,
    f_population,
    free_ion,
    open_shell_of,
    ranked_occupations,
    with_occupation,
)
from reexplore.energies.dft.molecule import build_molecule
from reexplore.energies.levels import PAPER, QUICK
from tests.energies.examples import ion


@pytest.fixture(scope="module", params=["Ce", "Gd", "Dy"])
def spherical(request):
    mol = build_molecule(ion(request.param), level=PAPER, memory_gb=1.0)
    return mol, free_ion(request.param, PAPER), mol.intor("int1e_ovlp")


@pytest.mark.parametrize("metal", LANTHANIDES, ids=lambda metal: metal.symbol)
def test_spins_follow_hunds_first_rule(metal):
    alpha, beta = f_electrons_by_spin(metal.f_electrons)
    assert alpha + beta == metal.f_electrons
    assert alpha - beta + 1 == metal.multiplicity


def test_free_ion_has_its_electrons_and_seven_orthonormal_orbitals(spherical):
    mol, found, overlap = spherical
    symbol = mol.atom_pure_symbol(0)
    alpha, beta = f_electrons_by_spin({"Ce": 1, "Gd": 7, "Dy": 9}[symbol])
    closed = np.einsum("sij,ij->s", found.closed, overlap)
    np.testing.assert_allclose([closed[0] + alpha, closed[1] + beta], mol.nelec, atol=1e-6)
    np.testing.assert_allclose(found.orbitals.T @ overlap @ found.orbitals, np.eye(7), atol=1e-8)


def test_free_ion_is_a_sphere(spherical):
    # The quadrupole of every closed-shell density vanishes, and so does that of the evenly filled 4f shell.
    mol, found, _ = spherical
    density = found.closed.sum(axis=0) + found.orbitals @ found.orbitals.T
    moments = np.einsum("xij,ij->x", mol.intor("int1e_rr"), density).reshape(3, 3)
    np.testing.assert_allclose(moments, np.eye(3) * moments[0, 0], atol=1e-4)


def test_occupations_move_electrons_within_the_shell(spherical):
    mol, found, overlap = spherical
    alpha, beta = f_electrons_by_spin({"Ce": 1, "Gd": 7, "Dy": 9}[mol.atom_pure_symbol(0)])
    shell = OpenShell(found.orbitals, found.inner, found.intruders, alpha, beta)
    assert len(shell.occupations()) == comb(7, shell.open_electrons)
    even = found.closed + np.array(shell.fractions())[:, None, None] * (found.orbitals @ found.orbitals.T)
    filled = with_occupation(even, shell, shell.occupations()[-1])
    np.testing.assert_allclose(np.einsum("sij,ij->s", filled, overlap), mol.nelec, atol=1e-6)
    np.testing.assert_allclose(f_population(shell, filled, overlap), [alpha, beta], atol=1e-8)
    # The last occupation of the lexical order fills the last orbitals.
    last = found.orbitals[:, -1] @ overlap @ filled[shell.open_spin] @ overlap @ found.orbitals[:, -1]
    assert last == pytest.approx(1.0, abs=1e-8)


def test_inner_orbitals_are_empty_and_smaller_than_5s(spherical):
    mol, found, overlap = spherical
    inner = np.hstack([found.inner, found.intruders])
    assert inner.shape[1] == 5
    filled = overlap @ found.closed[0] @ overlap
    np.testing.assert_allclose(np.diag(inner.T @ filled @ inner), 0.0, atol=1e-8)
    sizes = np.linalg.eigvalsh(inner.T @ mol.intor("int1e_r2") @ inner) ** 0.5
    # In bohr; 5s has 1.6 (Ce) to 1.4 (Dy), the next empty orbital 2.2 or more.
    assert sizes.max() < 1.4


def test_intruders_are_what_the_functional_binds_and_hartree_fock_does_not(spherical):
    mol, found, _ = spherical
    alpha, beta = f_electrons_by_spin({"Ce": 1, "Gd": 7, "Dy": 9}[mol.atom_pure_symbol(0)])
    even = np.array([alpha / 7, beta / 7])[:, None, None] * (found.orbitals @ found.orbitals.T)
    lowest = {}
    for functional in (PAPER.functional, "hf"):
        field = dft.UKS(mol, xc=functional)
        fock = field.get_hcore() + np.asarray(field.get_veff(dm=found.closed + even)).mean(axis=0)
        inner = np.hstack([found.inner, found.intruders])
        lowest[functional] = float(np.linalg.eigvalsh(inner.T @ fock @ inner)[0])
    assert lowest["hf"] > 0.0
    assert found.intruders.shape[1] == (1 if lowest[PAPER.functional] < 0.0 else 0)
    assert (lowest[PAPER.functional] < 0.0) == (mol.atom_pure_symbol(0) != "Ce")


def test_no_shell_where_the_core_holds_it():
    mol = build_molecule(ion("Eu"), level=QUICK, memory_gb=1.0)
    assert open_shell_of(mol, QUICK) is None


def test_the_functional_tells_real_4f_orbitals_apart():
    # The seven real 4f orbitals of an ion without surroundings are of one energy; B3LYP separates them, and an
    # occupation has to be chosen by what the functional will make of it.
    mol = build_molecule(ion("Eu"), level=PAPER, memory_gb=1.0)
    bare = open_shell_of(mol, PAPER)
    shell = replace(bare, energies_hartree=np.zeros(7))
    ranked = ranked_occupations(mol, shell, PAPER)
    assert sorted(ranked) == sorted(shell.occupations())
    tilted = replace(bare, energies_hartree=np.linspace(0.0, 1.0, 7))
    assert ranked_occupations(mol, tilted, PAPER)[0] == (0, 1, 2, 3, 4, 5)
    differences = {
        functional: _ion_energy(mol, shell, ranked[-1], functional) - _ion_energy(mol, shell, ranked[0], functional)
        for functional in (PAPER.functional, "hf")
    }
    assert differences[PAPER.functional] > 5e-3
    assert abs(differences["hf"]) < 1e-5


def _ion_energy(mol, shell, occupied, functional) -> float:
    even = np.array(shell.fractions())[:, None, None] * (shell.orbitals @ shell.orbitals.T)
    field = dft.UKS(mol, xc=functional)
    field.grids.level = 1
    return float(field.energy_tot(with_occupation(free_ion("Eu", PAPER).closed + even, shell, occupied)))
