"""A model Hessian: what every molecule's force constants look like before the first gradient."""

from __future__ import annotations

from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from reexplore.structures.structure import Structure

Array = NDArray[np.float64]

# Lindh, Bernhardsson, Karlström, Malmqvist, Chem. Phys. Lett. 1995, 241, 423, table 1: by row of the
# periodic table (1, 2, 3 and beyond), exponents in bohr⁻² and reference distances in bohr.
_EXPONENT = np.array([[1.0, 0.3949, 0.3949], [0.3949, 0.28, 0.28], [0.3949, 0.28, 0.28]])
_REFERENCE = np.array([[1.35, 2.10, 2.53], [2.10, 2.87, 3.40], [2.53, 3.40, 3.40]])
_STRETCH, _BEND, _TORSION = 0.45, 0.15, 0.005

#: Two atoms share a bend or a torsion when their Lindh weight is above this.
_NEIGHBOUR_WEIGHT = 0.05
_SMALLEST_STRETCH = 1e-4
_LINEAR = 0.05

#: The smallest curvature of a usable start, hartree/bohr²: sets how far the flat modes of waters and
#: whole ligands move in the first step. Twice as much takes a sixth more gradients.
FLOOR_HARTREE_BOHR2 = 0.01


def model_hessian(structure: Structure) -> Array:
    """Return Lindh's model Hessian of shape (3 atoms, 3 atoms) in hartree/bohr², positive definite.

    Sum over stretches, bends and torsions of force constants that decay with distance; needs no bond
    list. Eigenvalues below `FLOOR_HARTREE_BOHR2` are raised to it.
    """
    from ase.units import Bohr

    positions = structure.positions_angstrom / Bohr
    weights = _weights(structure, positions)
    atoms = range(len(structure))
    hessian = np.zeros((3 * len(structure), 3 * len(structure)))
    for i, j in combinations(atoms, 2):
        if weights[i, j] > _SMALLEST_STRETCH:
            direction = _unit(positions[i] - positions[j])
            _add(hessian, (i, j), (direction, -direction), _STRETCH * weights[i, j])
    neighbours = [[j for j in atoms if j != i and weights[i, j] > _NEIGHBOUR_WEIGHT] for i in atoms]
    for j in atoms:
        for i, k in combinations(neighbours[j], 2):
            _add_bend(hessian, positions, (i, j, k), _BEND * weights[i, j] * weights[j, k])
    for j, k in combinations(atoms, 2):
        if k not in neighbours[j]:
            continue
        for i in neighbours[j]:
            for m in neighbours[k]:
                if len({i, j, k, m}) == 4:
                    weight = weights[i, j] * weights[j, k] * weights[k, m]
                    _add_torsion(hessian, positions, (i, j, k, m), _TORSION * weight)
    values, vectors = np.linalg.eigh(hessian)
    return (vectors * np.maximum(values, FLOOR_HARTREE_BOHR2)) @ vectors.T


def _weights(structure: Structure, positions: Array) -> Array:
    from ase.data import atomic_numbers

    numbers = np.array([atomic_numbers[symbol] for symbol in structure.symbols])
    row = np.digitize(numbers, (3, 11))
    pair = np.ix_(row, row)
    squared = np.sum((positions[:, None] - positions[None]) ** 2, axis=-1)
    return np.exp(_EXPONENT[pair] * (_REFERENCE[pair] ** 2 - squared))


def _unit(vector: Array) -> Array:
    return vector / np.linalg.norm(vector)


def _add(hessian: Array, atoms: tuple[int, ...], derivatives: tuple[Array, ...], constant: float) -> None:
    index = np.concatenate([np.arange(3 * a, 3 * a + 3) for a in atoms])
    row = np.concatenate(derivatives)
    hessian[np.ix_(index, index)] += constant * np.outer(row, row)


def _add_bend(hessian: Array, positions: Array, atoms: tuple[int, int, int], constant: float) -> None:
    i, j, k = atoms
    first, second = positions[i] - positions[j], positions[k] - positions[j]
    u, v = _unit(first), _unit(second)
    cosine = float(u @ v)
    sine = np.sqrt(max(1.0 - cosine**2, 0.0))
    if sine < _LINEAR:
        return
    at_i = (cosine * u - v) / (sine * np.linalg.norm(first))
    at_k = (cosine * v - u) / (sine * np.linalg.norm(second))
    _add(hessian, atoms, (at_i, -at_i - at_k, at_k), constant)


def _add_torsion(hessian: Array, positions: Array, atoms: tuple[int, int, int, int], constant: float) -> None:
    i, j, k, m = atoms
    b1, b2, b3 = positions[j] - positions[i], positions[k] - positions[j], positions[m] - positions[k]
    n1, n2 = np.cross(b1, b2), np.cross(b2, b3)
    axis = float(np.linalg.norm(b2))
    if np.linalg.norm(n1) < _LINEAR * axis or np.linalg.norm(n2) < _LINEAR * axis:
        return
    at_i, at_m = -n1 * axis / (n1 @ n1), n2 * axis / (n2 @ n2)
    p, q = b1 @ b2 / axis**2, b3 @ b2 / axis**2
    # Wilson's s-vectors; with these they sum to zero.
    at_j = -(1.0 + p) * at_i + q * at_m
    at_k = p * at_i - (1.0 + q) * at_m
    _add(hessian, atoms, (at_i, at_j, at_k, at_m), constant)
