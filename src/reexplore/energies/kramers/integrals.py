"""Coulomb and exchange matrices of the closed shells and of the 4f shell, fitted or exact."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from pyscf import ao2mo, df, gto, scf

from reexplore.energies.dft.fitting import DensityFit
from reexplore.energies.kramers.method import LIGAND_FITTING_BASIS

Array = NDArray[np.float64]


class Integrals(Protocol):
    """The electrons' repulsion in one molecule."""

    fitting_functions: int

    def coulomb_and_exchange(self, densities: Array) -> tuple[Array, Array]:
        """Return J and K of some symmetric density matrices, all of shape (n, nao, nao)."""

    def repulsion(self, orbitals: Array) -> Array:
        """Return (pq|rs) among a few orbitals (nao, n), in Hartree."""


class FittedIntegrals:
    """Integrals by density fitting, kept in memory up to `memory_gb` and on disk beyond it."""

    def __init__(self, mol: Any, *, metal: str, memory_gb: float, scratch: Path | None) -> None:
        fit = DensityFit(mol, fitting_sets(mol, metal), exchange=True, memory_bytes=memory_gb * 2**30, scratch=scratch)
        self._fit = fit
        self.fitting_functions = int(fit.functions.nao)

    def coulomb_and_exchange(self, densities: Array) -> tuple[Array, Array]:
        """Return J and K of some symmetric density matrices, all of shape (n, nao, nao)."""
        fit = self._fit
        coulomb = [fit.potential_matrix(fit.coefficients(fit.moments(density))) for density in densities]
        return np.array(coulomb), fit.exchange(densities)

    def repulsion(self, orbitals: Array) -> Array:
        """Return (pq|rs) among a few orbitals (nao, n), in Hartree."""
        return self._fit.repulsion(orbitals)


class ExactIntegrals:
    """Four-centre integrals, evaluated again in every step: for checks on small complexes."""

    fitting_functions = 0

    def __init__(self, mol: Any) -> None:
        self._mol = mol
        self._field = scf.hf.RHF(mol)

    def coulomb_and_exchange(self, densities: Array) -> tuple[Array, Array]:
        """Return J and K of some symmetric density matrices, all of shape (n, nao, nao)."""
        coulomb, exchange = self._field.get_jk(self._mol, densities, hermi=1)
        return np.asarray(coulomb), np.asarray(exchange)

    def repulsion(self, orbitals: Array) -> Array:
        """Return (pq|rs) among a few orbitals (nao, n), in Hartree."""
        count = orbitals.shape[1]
        return np.asarray(ao2mo.restore(1, ao2mo.full(self._mol, orbitals), count))


def fitting_sets(mol: Any, metal: str) -> dict[str, Any]:
    """Return the fitting functions of every element: the metal's are made from its basis, all others are published."""
    elements = {mol.atom_pure_symbol(i) for i in range(mol.natm)}
    light = {symbol: gto.basis.load(LIGAND_FITTING_BASIS, symbol) for symbol in elements - {metal}}
    return light | {metal: _metal_fitting_set(metal, _hashable(mol._basis[metal]))}


@lru_cache(maxsize=8)
def _metal_fitting_set(metal: str, basis: Any) -> Any:
    """Return functions that span a basis's products (G. L. Stoychev et al., J. Chem. Theory Comput. 2017, 13, 554)."""
    alone = gto.M(atom=[(metal, (0.0, 0.0, 0.0))], basis={metal: _lists(basis)}, spin=None, verbose=0)
    return df.autoaux(alone)[metal]


def _hashable(value: Any) -> Any:
    return tuple(map(_hashable, value)) if isinstance(value, list | tuple) else value


def _lists(value: Any) -> Any:
    return list(map(_lists, value)) if isinstance(value, tuple) else value
