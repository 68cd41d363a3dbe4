"""The semilocal exchange-correlation matrix, integrated in compact blocks with numpy's BLAS."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyscf import dft

Array = NDArray[np.float64]

#: Orbitals that stay below this value on a whole block of points are left out of it.
ORBITAL_THRESHOLD = 1e-9
_BLOCK_POINTS = 512


class BlockedIntegrator(dft.numint.NumInt):
    """PySCF's numerical integration with another inner loop for GGA matrices.

    The points of a block lie close together, so that only nearby orbitals enter its matrix
    products. The orbital values of a grid stay in memory while they fit into `memory_bytes`.
    """

    def __init__(self, *, memory_bytes: float) -> None:
        super().__init__()
        self._memory_left = memory_bytes
        self._kept: dict[int, dict[int, tuple[NDArray[np.intp], Array]]] = {}

    def nr_rks(
        self, mol: Any, grids: Any, xc_code: str, dms: Array, *args: Any, **kwargs: Any
    ) -> tuple[float, float, Array]:
        """Return the electron count, the energy in Hartree and the potential matrix of one density matrix."""
        if np.ndim(dms) != 2 or self._xc_type(xc_code) != "GGA":
            return super().nr_rks(mol, grids, xc_code, dms, *args, **kwargs)
        electrons, energy, potential = self._integrate(mol, grids, xc_code, np.asarray(dms)[None], spin=0)
        return float(electrons[0]), energy, potential[0]

    def nr_uks(
        self, mol: Any, grids: Any, xc_code: str, dms: Array, *args: Any, **kwargs: Any
    ) -> tuple[Array, float, Array]:
        """Return the electron counts, the energy in Hartree and the potential matrices of both spins."""
        if np.ndim(dms) != 3 or self._xc_type(xc_code) != "GGA":
            return super().nr_uks(mol, grids, xc_code, dms, *args, **kwargs)
        return self._integrate(mol, grids, xc_code, np.asarray(dms), spin=1)

    def _integrate(
        self, mol: Any, grids: Any, xc_code: str, matrices: Array, *, spin: int
    ) -> tuple[Array, float, Array]:
        """Integrate density matrices of shape (spins, nao, nao)."""
        potential = np.zeros_like(matrices)
        electrons, energy = np.zeros(len(matrices)), 0.0
        for orbitals, values, weights in self._blocks(mol, grids):
            square = np.ix_(orbitals, orbitals)
            halves = [matrix[square] @ values[0] for matrix in matrices]
            densities = np.array([np.einsum("ng,kng->kg", half, values) for half in halves])
            densities[:, 1:] *= 2.0
            asked = densities if spin else densities[0]
            per_electron, derivative = self.eval_xc_eff(xc_code, asked, deriv=1, xctype="GGA", spin=spin)[:2]
            electrons += densities[:, 0] @ weights
            energy += float((weights * densities[:, 0].sum(axis=0)) @ per_electron)
            weighted = weights * derivative.reshape(len(matrices), 4, -1)
            weighted[:, 0] *= 0.5
            for matrix, factors in zip(potential, weighted, strict=True):
                matrix[square] += values[0] @ np.einsum("kng,kg->ng", values, factors).T
        return electrons, energy, potential + potential.transpose(0, 2, 1)

    def _blocks(self, mol: Any, grids: Any) -> Iterator[tuple[NDArray[np.intp], Array, Array]]:
        """Yield the orbitals of a block, their values and gradients (4, orbitals, points), and the weights."""
        kept = self._kept.setdefault(id(grids), {})
        for start in range(0, len(grids.weights), _BLOCK_POINTS):
            points = slice(start, start + _BLOCK_POINTS)
            if start not in kept:
                orbitals, values = self._evaluate(mol, grids.coords[points])
                if values.nbytes > self._memory_left:
                    yield orbitals, values, grids.weights[points]
                    continue
                self._memory_left -= values.nbytes
                kept[start] = orbitals, values
            orbitals, values = kept[start]
            yield orbitals, values, grids.weights[points]

    def _evaluate(self, mol: Any, coordinates: Array) -> tuple[NDArray[np.intp], Array]:
        # PySCF's array is (4, points, orbitals) with the points contiguous.
        values = np.asarray(self.eval_ao(mol, coordinates, deriv=1)).transpose(0, 2, 1)
        orbitals = np.flatnonzero(np.abs(values).max(axis=(0, 2)) > ORBITAL_THRESHOLD)
        return orbitals, np.ascontiguousarray(values[:, orbitals])
