"""Start densities for open 4f shells: the ion's spherical shell inside a relaxed complex, then integer occupations.

The 4f orbitals hardly feel the ligands: which of the seven are occupied changes the energy by a few
kcal/mol, while everything around them responds by hundreds. Hence the two are converged one after the other.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyscf import dft, scf

from reexplore.chemistry.metals import METALS, find_metal
from reexplore.energies.dft.molecule import build_molecule
from reexplore.energies.levels import Level
from reexplore.errors import CalculationFailed, FailureCode
from reexplore.structures.structure import Structure

Array = NDArray[np.float64]

_SHELL = 7
#: The grid on which occupations are compared: their differences for Eu3+ change by 0.02 kcal/mol on finer ones.
_RANKING_GRID = 2


@dataclass(frozen=True)
class OpenShell:
    """The 4f shell of one ion in a molecule: seven orthonormal orbitals and how many electrons each spin has.

    `orbitals` has the shape (nao, 7), `inner`, the ion's empty s orbitals within its outermost shell, (nao, n), and
    `intruders`, those of them that the level's functional would fill, (nao, m).
    `energies_hartree`, when known, are those of the orbitals in the field of the evenly occupied shell.
    """

    orbitals: Array
    inner: Array
    intruders: Array
    alpha: int
    beta: int
    energies_hartree: Array | None = None

    @property
    def open_spin(self) -> int:
        """Return the spin (0 or 1) whose seven orbitals are partly filled."""
        return 0 if self.beta == 0 else 1

    @property
    def open_electrons(self) -> int:
        """Return the number of electrons in that spin's orbitals."""
        return self.alpha if self.beta == 0 else self.beta

    def fractions(self) -> tuple[float, float]:
        """Return the occupation of each orbital when the electrons of a spin are spread evenly."""
        return self.alpha / _SHELL, self.beta / _SHELL

    def occupations(self) -> list[tuple[int, ...]]:
        """Return the sets of orbitals the open spin may occupy."""
        return list(combinations(range(_SHELL), self.open_electrons))


@dataclass(frozen=True)
class FreeIon:
    """A bare ion with its 4f electrons spread evenly: closed-shell densities by spin, and orbitals of `OpenShell`."""

    closed: Array
    orbitals: Array
    inner: Array
    intruders: Array


def f_electrons_by_spin(f_electrons: int) -> tuple[int, int]:
    """Return how many 4f electrons have either spin by Hund's first rule."""
    return min(f_electrons, _SHELL), max(0, f_electrons - _SHELL)


def _bare_ion(symbol: str, level: Level) -> Any:
    """Return the bare ion as PySCF has it."""
    ion = Structure((symbol,), np.zeros((1, 3)), find_metal(symbol).oxidation_state)
    return build_molecule(ion, level=level, memory_gb=1.0)


@lru_cache(maxsize=32)
def free_ion(symbol: str, level: Level) -> FreeIon:
    """Return the gas-phase ion in a level's basis, spherical by construction; arrays are in the ion's own basis.

    It is of Hartree-Fock, which converges for every ion, evenly occupied or not, where functionals oscillate.
    """
    field = _spherical_ion(symbol, level)
    shares = [_character(field, orbitals, "f") for orbitals in field.mo_coeff]
    # A full spin of the 4f shell has whole occupations as well: only its character tells it from the closed shells.
    full = [(occupied == 1.0) & (share <= 0.5) for occupied, share in zip(field.mo_occ, shares, strict=True)]
    closed = np.array([c[:, o] @ c[:, o].T for c, o in zip(field.mo_coeff, full, strict=True)])
    orbitals = field.mo_coeff[0]
    shell = [p for p in np.argsort(field.mo_energy[0]) if shares[0][p] > 0.5][:_SHELL]
    s_like, filled = _character(field, orbitals, "s") > 0.5, field.mo_occ[0] > 0
    inner = _within(field.mol.intor("int1e_r2"), orbitals[:, s_like & ~filled], of=orbitals[:, s_like & filled])
    found = FreeIon(closed, orbitals[:, shell].copy(), *_told_apart(inner, field, level))
    for array in (found.closed, found.orbitals, found.inner, found.intruders):
        array.setflags(write=False)
    return found


def _spherical_ion(symbol: str, level: Level) -> Any:
    """Return the converged unrestricted Hartree-Fock field of a bare ion with its 4f electrons spread evenly."""
    f_electrons = find_metal(symbol).f_electrons
    field = scf.UHF(_bare_ion(symbol, level))
    closed = (field.mol.nelectron - f_electrons) // 2

    def occupy(energies: Array | None = None, orbitals: Array | None = None) -> Array:
        energies = field.mo_energy if energies is None else energies
        orbitals = field.mo_coeff if orbitals is None else orbitals
        occupation = np.zeros_like(energies)
        for spin, electrons in enumerate(f_electrons_by_spin(f_electrons)):
            share, order = _character(field, orbitals[spin], "f"), np.argsort(energies[spin])
            shell = [p for p in order if share[p] > 0.5][:_SHELL]
            others = [p for p in order if share[p] <= 0.5][:closed]
            occupation[spin, shell] = electrons / _SHELL
            occupation[spin, others] = 1.0
        return occupation

    field.get_occ = occupy
    field.max_cycle = 100
    core = field.get_hcore()
    energies, orbitals = field.eig((core, core), field.get_ovlp())
    field.kernel(field.make_rdm1(orbitals, occupy(energies, orbitals)))
    if not field.converged:
        raise CalculationFailed(FailureCode.NOT_CONVERGED, "start density", f"the free ion {symbol} did not converge")
    return field


def _character(field: Any, orbitals: Array, letter: str) -> Array:
    """Return the share of a bare ion's orbitals in the functions of one angular momentum, as Mulliken counts it."""
    rows = np.array([label[2].endswith(letter) for label in field.mol.ao_labels(fmt=None)])
    return np.asarray(np.einsum("ip,ip->p", orbitals[rows], (field.get_ovlp() @ orbitals)[rows]))


def _within(squared_distance: Array, empty: Array, *, of: Array) -> Array:
    """Return the combinations of empty orbitals that are smaller than the largest filled one.

    Not single orbitals: those of Tb3+ by energy mix what lies at the nucleus with what lies outside.
    """
    largest = np.diag(of.T @ squared_distance @ of).max()
    sizes, turned = np.linalg.eigh(empty.T @ squared_distance @ empty)
    return np.asarray(empty @ turned[:, sizes < largest])


def _told_apart(inner: Array, ion: Any, level: Level) -> tuple[Array, Array]:
    """Return the inner empty orbitals of an ion as two sets: those that stay empty, and those the functional binds.

    Where a semilocal core potential is weak at the nucleus, a functional has a state of its own there. In def2-TZVP
    it lies at -0.6 (Gd3+), -2.8 (Tb3+) and -2.1 Hartree (Dy3+) to B3LYP, below what is filled; the lowest inner
    orbital of every other lanthanide lies at 2.6 or more.
    """
    field = _kohn_sham(ion.mol, level)
    fock = field.get_hcore() + np.asarray(field.get_veff(dm=ion.make_rdm1())).mean(axis=0)
    energies, turned = np.linalg.eigh(inner.T @ fock @ inner)
    return inner @ turned[:, energies >= 0.0], inner @ turned[:, energies < 0.0]


def _kohn_sham(mol: Any, level: Level) -> Any:
    """Return a bare ion's field by PySCF on a grid that is good enough to compare orbitals and occupations."""
    field = dft.UKS(mol, xc=level.functional)
    field.grids.level = _RANKING_GRID
    return field


def open_shell_of(mol: Any, level: Level) -> OpenShell | None:
    """Return the open 4f shell of a molecule's metal, None when the level gives it none or it is empty or full."""
    for index in range(mol.natm):
        symbol = mol.atom_pure_symbol(index)
        if symbol not in METALS or not level.open_shells:
            continue
        electrons = METALS[symbol].f_electrons
        if electrons in (0, 2 * _SHELL):
            return None
        start, stop = mol.aoslice_by_atom()[index, 2:]
        ion = free_ion(symbol, level)
        rows = ((start, mol.nao - stop), (0, 0))
        orbitals, inner, intruders = (np.pad(part, rows) for part in (ion.orbitals, ion.inner, ion.intruders))
        return OpenShell(orbitals, inner, intruders, *f_electrons_by_spin(electrons))
    return None


@contextmanager
def frozen(field: Any, shell: OpenShell) -> Iterator[None]:
    """Keep the 4f orbitals of an unrestricted field as they are, evenly occupied, and let everything else relax.

    The Fock matrix loses its elements between the shell and the other orbitals, so that the field
    converges like that of a closed shell.
    """
    overlap = field.get_ovlp()
    bra = overlap @ shell.orbitals
    project = bra @ shell.orbitals.T
    get_fock = field.get_fock

    def fock(h1e: Array, s1e: Array, vhf: Array, dm: Array, *args: Any, **kwargs: Any) -> Array:
        parts = []
        for matrix in h1e + np.asarray(vhf):
            coupling = project @ matrix
            coupling = coupling - coupling @ project.T
            parts.append(matrix - coupling - coupling.T - h1e)
        return np.asarray(get_fock(h1e, s1e, np.array(parts), dm, *args, **kwargs))

    def occupy(energies: Array | None = None, orbitals: Array | None = None) -> Array:
        energies = field.mo_energy if energies is None else energies
        orbitals = field.mo_coeff if orbitals is None else orbitals
        occupation = np.zeros_like(energies)
        for spin, fraction in enumerate(shell.fractions()):
            in_shell = np.einsum("fp,fp->p", bra.T @ orbitals[spin], bra.T @ orbitals[spin]) > 0.5
            others = [p for p in np.argsort(energies[spin]) if not in_shell[p]]
            occupation[spin, in_shell] = fraction
            occupation[spin, others[: field.nelec[spin] - round(fraction * _SHELL)]] = 1.0
        return occupation

    field.get_fock, field.get_occ = fock, occupy
    try:
        yield
    finally:
        del field.get_fock, field.get_occ


def in_crystal_field(field: Any, shell: OpenShell, density: Array) -> OpenShell:
    """Return the shell with orbitals that diagonalise the field of the evenly occupied one, lowest first."""
    fock = field.get_hcore() + np.asarray(field.get_veff(dm=density))[shell.open_spin]
    energies, rotation = np.linalg.eigh(shell.orbitals.T @ fock @ shell.orbitals)
    return replace(shell, orbitals=shell.orbitals @ rotation, energies_hartree=energies)


def ranked_occupations(mol: Any, shell: OpenShell, level: Level) -> list[tuple[int, ...]]:
    """Return the occupations of a shell in its crystal field by their estimated energy, lowest first.

    The estimate adds the level's energy of the free ion, with the orbitals as they lie in the molecule, to the
    orbitals' energies in the crystal field. To B3LYP the real 4f orbitals of Eu3+ differ by 8 kcal/mol before any
    ligand is there, to Hartree-Fock by nothing, and a crystal field by 1.
    """
    occupations = shell.occupations()
    if len(occupations) == 1:
        return occupations
    index = next(i for i in range(mol.natm) if mol.atom_pure_symbol(i) in METALS)
    symbol, (start, stop) = mol.atom_pure_symbol(index), mol.aoslice_by_atom()[index, 2:]
    assert shell.energies_hartree is not None
    in_ion = replace(shell, orbitals=shell.orbitals[start:stop])
    even = np.array(in_ion.fractions())[:, None, None] * (in_ion.orbitals @ in_ion.orbitals.T)
    field = _kohn_sham(_bare_ion(symbol, level), level)
    core = field.get_hcore()
    estimates = []
    for occupied in occupations:
        density = with_occupation(free_ion(symbol, level).closed + even, in_ion, occupied)
        repulsion = field.energy_tot(density, core, field.get_veff(dm=density))
        estimates.append(float(repulsion) + shell.energies_hartree[list(occupied)].sum())
    return [occupations[k] for k in np.argsort(estimates)]


def with_occupation(density: Array, shell: OpenShell, occupied: tuple[int, ...]) -> Array:
    """Return a density of evenly occupied shells, shape (2, nao, nao), with certain orbitals filled instead."""
    changed = density.copy()
    fraction = shell.fractions()[shell.open_spin]
    chosen = shell.orbitals[:, list(occupied)]
    changed[shell.open_spin] += chosen @ chosen.T - fraction * (shell.orbitals @ shell.orbitals.T)
    return changed


def f_population(shell: OpenShell, densities: Array, overlap: Array) -> Array:
    """Return the number of electrons of either spin in the free ion's seven 4f orbitals, shape (2,).

    The ligands give some tenths of an electron, equally to both spins, to a shell that is nearly empty; the
    difference of the spins tells which state it is.
    """
    bra = overlap @ shell.orbitals
    return np.asarray(np.einsum("pf,spq,qf->s", bra, densities, bra))
