"""Electrons of each spin on each atom, from the density matrices of a converged field.

Importing this module loads PySCF: import it where populations are needed.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyscf import gto, lo
from pyscf.dft import numint
from pyscf.scf import atom_hf

Array = NDArray[np.float64]


def iao_populations(mol: Any, occupied: tuple[Array, Array], overlap: Array) -> Array:
    """Return the electrons of both spins on each atom, shape (2, atoms), in intrinsic atomic orbitals.

    `occupied` are the occupied orbitals of either spin, each shape (nao, n). Each spin has intrinsic orbitals of its
    own, made orthogonal by Löwdin; they span the occupied space, so that no electron is lost. G. Knizia, J. Chem.
    Theory Comput. 2013, 9, 4834.
    """
    slices = lo.iao.reference_mol(mol).aoslice_by_atom()[:, 2:]
    found = []
    for orbitals in occupied:
        intrinsic = lo.vec_lowdin(lo.iao.iao(mol, orbitals), overlap)
        shares = ((intrinsic.T @ overlap @ orbitals) ** 2).sum(axis=1)
        found.append([shares[start:stop].sum() for start, stop in slices])
    return np.array(found)


def lowest_valence_orbital(mol: Any, occupied: Array, fock: Array, overlap: Array) -> Array:
    """Return the lowest empty orbital of a closed shell that intrinsic atomic orbitals can express, shape (nao,)."""
    intrinsic = lo.vec_lowdin(lo.iao.iao(mol, occupied), overlap)
    _, turned = np.linalg.eigh(intrinsic.T @ fock @ intrinsic)
    return np.asarray(intrinsic @ turned[:, occupied.shape[1]])


def hirshfeld_populations(mol: Any, densities: Array, grids: Any, basis: str) -> Array:
    """Return the electrons of both spins on each atom, shape (2, atoms), shared as among free atoms.

    `densities` are those of both spins, shape (2, nao, nao). The free atoms are spherical Hartree-Fock ones in a
    `basis`. What the grid misses of all electrons is made up in proportion. F. L. Hirshfeld, Theor. Chim. Acta
    1977, 44, 129.
    """
    values = numint.eval_ao(mol, grids.coords)
    free = np.array([_free_atom_density(mol, atom, grids.coords, basis) for atom in range(mol.natm)])
    shares = free * (grids.weights / (free.sum(axis=0) + 1e-14))
    found = np.array([shares @ numint.eval_rho(mol, values, density) for density in densities])
    return np.asarray(found * (np.array(mol.nelec) / found.sum(axis=1))[:, None])


def _free_atom_density(mol: Any, atom: int, coordinates: Array, basis: str) -> Array:
    alone, density = _free_atom(mol.atom_pure_symbol(atom), basis)
    values = numint.eval_ao(alone, coordinates - mol.atom_coord(atom))
    return np.asarray(numint.eval_rho(alone, values, density))


@lru_cache(maxsize=32)
def _free_atom(symbol: str, basis: str) -> tuple[Any, Array]:
    """Return a neutral atom at the origin and its density matrix, spherical."""
    alone = gto.M(atom=[(symbol, (0.0, 0.0, 0.0))], basis=basis, spin=None, verbose=0)
    _, _, orbitals, occupations = atom_hf.get_atm_nrhf(alone)[symbol]
    return alone, (orbitals * occupations) @ orbitals.T
