"""Orbitals to begin with: the ion's 4f shell, everything else in the field of the ion and of neutral ligand atoms."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyscf import gto, lib, scf

from reexplore.energies.kramers.averaged_field import AveragedField
from reexplore.energies.kramers.free_ion import ion_orbitals
from reexplore.energies.kramers.ions import KramersIon

Array = NDArray[np.float64]

#: Combinations of basis functions with a smaller norm are left out.
_DEPENDENT = 1e-7
_OCCUPIED = 1e-8
#: Where closed shells are left to the minimisation of everything, and after how many cycles at the latest.
_CLOSED_GRADIENT = 5e-2
_CLOSED_CYCLES = 15


def start_orbitals(field: AveragedField, ion: KramersIon) -> Array:
    """Return orthonormal orbitals (nao, n): closed shells, 4f shell, the rest."""
    mol, overlap = field.mol, field.overlap
    metal = next(i for i in range(mol.natm) if mol.atom_pure_symbol(i) == ion.symbol)
    offsets = mol.aoslice_by_atom()[:, 2:]
    closed, f = ion_orbitals(ion, mol._basis[ion.symbol])
    shell = np.zeros((mol.nao, f.shape[1]))
    shell[slice(*offsets[metal])] = f
    density = np.zeros((mol.nao, mol.nao))
    density[np.ix_(*2 * (range(*offsets[metal]),))] = 2.0 * closed @ closed.T
    others = [i for i in range(mol.natm) if i != metal]
    if others:
        functions = np.concatenate([np.arange(*offsets[i]) for i in others])
        density[np.ix_(functions, functions)] = scf.hf.init_guess_by_minao(_without(mol, metal))
    rest = field.of_parts(_roots(density, overlap), shell).closed
    outside = _complement(overlap, shell)
    outside = outside @ np.linalg.eigh(outside.T @ rest @ outside)[1]
    return np.hstack([outside[:, : field.closed], shell, outside[:, field.closed :]])


def settled_closed_shells(field: AveragedField, orbitals: Array) -> Array:
    """Return orbitals whose closed shells are nearly converged in the field of the 4f shell as it is.

    DIIS is quick where no 4f orbital takes part; the neutral atoms of the start are far from aromatic anions.
    """
    count, shell = field.closed, orbitals[:, field.shell]
    outside = np.delete(orbitals, np.arange(field.shell.start, field.shell.stop), axis=1)
    turn, mixer = np.eye(outside.shape[1]), lib.diis.DIIS()
    for _ in range(_CLOSED_CYCLES):
        fock = outside.T @ field.of_parts(outside @ turn[:, :count], shell).closed @ outside
        filled = turn[:, :count] @ turn[:, :count].T
        if 4.0 * np.linalg.norm(turn[:, count:].T @ fock @ turn[:, :count]) < _CLOSED_GRADIENT:
            break
        turn = np.linalg.eigh(mixer.update(fock, fock @ filled - filled @ fock))[1]
    outside = outside @ turn
    return np.hstack([outside[:, :count], shell, outside[:, count:]])


def _without(mol: Any, metal: int) -> Any:
    atoms = [(mol.atom_symbol(i), mol.atom_coord(i)) for i in range(mol.natm) if i != metal]
    basis = {symbol: mol._basis[symbol] for symbol, _ in atoms}
    return gto.M(atom=atoms, unit="Bohr", basis=basis, spin=None, verbose=0)


def _roots(density: Array, overlap: Array) -> Array:
    """Return orbitals C with 2 C Cᵀ the density, as nearly as a positive density can."""
    weights, vectors = np.linalg.eigh(overlap)
    root, inverse = (vectors * weights**power @ vectors.T for power in (0.5, -0.5))
    occupations, natural = np.linalg.eigh(root @ density @ root)
    kept = occupations > _OCCUPIED
    return np.asarray(inverse @ natural[:, kept] * np.sqrt(0.5 * occupations[kept]))


def _complement(overlap: Array, shell: Array) -> Array:
    """Return orthonormal orbitals that span all but the 4f shell."""
    weights, vectors = np.linalg.eigh(overlap)
    kept = weights > _DEPENDENT
    whole = vectors[:, kept] / np.sqrt(weights[kept])
    projected = whole - shell @ (shell.T @ overlap @ whole)
    norms, turn = np.linalg.eigh(projected.T @ overlap @ projected)
    # Seven norms are zero, all others one.
    return np.asarray(projected @ turn[:, norms > 0.5])
