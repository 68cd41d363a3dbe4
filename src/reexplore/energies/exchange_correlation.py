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
    """PySCF's numerical integration with another inner loop for closed-shell GGA matrices.

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
        density_matrix = np.asarray(dms)
        potential = np.zeros_like(density_matrix)
        electrons = energy = 0.0
        for orbitals, values, weights in self._blocks(mol, grids):
            square = np.ix_(orbitals, orbitals)
            half = density_matrix[square] @ values[0]
            density = np.einsum("ng,kng->kg", half, values)
            density[1:] *= 2.0
            per_electron, derivative = self.eval_xc_eff(xc_code, density, deriv=1, xctype="GGA")[:2]
            electrons += float(weights @ density[0])
            energy += float((weights * density[0]) @ per_electron)
            weighted = weights * derivative
            weighted[0] *= 0.5
            potential[square] += values[0] @ np.einsum("kng,kg->ng", values, weighted).T
        return electrons, energy, potential + potential.T

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
