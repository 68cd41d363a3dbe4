"""Orbitals of the averaged field, by preconditioned quasi-Newton steps over rotations.

No single Fock matrix orders 4f and ligand orbitals: DIIS needs dozens of cycles there, or ends in another state.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import block_diag, expm

from reexplore.energies.kramers.averaged_field import AveragedField, Mean
from reexplore.energies.quasi_newton import descent_direction

Array = NDArray[np.float64]

_HISTORY = 12
_LEAST_CURVATURE_HARTREE = 0.3
#: What two-electron terms add to the curvature of the 4f shell's rotations into empty orbitals.
_BREATHING_HARTREE = 1.0
#: An energy may rise by its own noise.
_NOISE_HARTREE = 1e-7
_SHORTEST_STEP = 0.1
#: Where the energy has settled, a gradient this many times too large is small enough.
_SETTLED = 5.0


@dataclass(frozen=True)
class Thresholds:
    """When orbitals are converged: change of energy and norm of the orbital gradient, Hartree."""

    energy_hartree: float = 2e-7
    gradient: float = 1e-3


@dataclass(frozen=True)
class Minimum:
    """Where the steps ended: orbitals (nao, n), closed shells first, then the 4f shell."""

    orbitals: Array
    mean: Mean
    steps: int
    gradient_norm: float
    converged: bool


class Rotations:
    """The three kinds of rotation that change the energy, as matrix blocks and as one vector."""

    def __init__(self, field: AveragedField, orbitals: int) -> None:
        closed, shell, empty = slice(0, field.closed), field.shell, slice(field.shell.stop, orbitals)
        self._size = orbitals
        self.subspaces = (closed, shell, empty)
        self.blocks = ((empty, closed), (empty, shell), (shell, closed))

    def vector(self, matrix: Array) -> Array:
        """Return the blocks of a matrix as one vector."""
        return np.concatenate([matrix[block].ravel() for block in self.blocks])

    def matrix(self, vector: Array) -> Array:
        """Return the antisymmetric matrix of a vector."""
        found, start = np.zeros((self._size, self._size)), 0
        for block in self.blocks:
            size = found[block].size
            found[block] = vector[start : start + size].reshape(found[block].shape)
            start += size
        return found - found.T


@dataclass
class _Point:
    orbitals: Array
    mean: Mean
    #: The Fock matrices of closed shells and 4f shell, and the gradient, among the orbitals.
    closed: Array
    shell: Array
    gradient: Array


class OrbitalMinimiser:
    """Minimises the averaged energy; no rotation is longer than `longest` in one step."""

    def __init__(self, field: AveragedField, *, longest: float = 0.35, thresholds: Thresholds | None = None) -> None:
        self._field, self._longest = field, longest
        self._thresholds = thresholds or Thresholds()

    def run(self, orbitals: Array, *, most_steps: int, each: Callable[[Array], None]) -> Minimum:
        """Go downhill from orbitals until the thresholds are met; `each` gets the orbitals of every step."""
        rotations = Rotations(self._field, orbitals.shape[1])
        point, history = self._at(orbitals, rotations), list[tuple[Array, Array]]()
        norm, converged, step = float(np.linalg.norm(point.gradient)), False, 0
        while step < most_steps and not converged:
            step += 1
            point, history = _canonical(point, history, rotations)
            curvature = self._curvature(point, rotations)
            if history:
                change, bend = history[-1]
                curvature = curvature / np.clip((change @ bend) / (bend @ (bend / curvature)), 0.2, 2.0)
            direction = descent_direction(point.gradient, curvature, history, longest=self._longest)
            moved, change = self._downhill(point, direction, rotations)
            bend = moved.gradient - point.gradient
            if change @ bend > 0:
                history = [*history, (change, bend)][-_HISTORY:]
            fall = abs(moved.mean.energy_hartree - point.mean.energy_hartree)
            point, norm = moved, float(np.linalg.norm(moved.gradient))
            each(point.orbitals)
            least = self._thresholds.gradient
            converged = norm < least or (fall < self._thresholds.energy_hartree and norm < _SETTLED * least)
        return Minimum(point.orbitals, point.mean, step, norm, converged)

    def _at(self, orbitals: Array, rotations: Rotations) -> _Point:
        mean = self._field.at(orbitals)
        closed, shell = (orbitals.T @ part @ orbitals for part in (mean.closed, mean.shell))
        slopes = np.zeros_like(closed)
        of_blocks = (4.0 * closed, 2.0 * shell, 2.0 * (2.0 * closed - shell))
        for block, slope in zip(rotations.blocks, of_blocks, strict=True):
            slopes[block] = slope[block]
        return _Point(orbitals, mean, closed, shell, rotations.vector(slopes))

    def _curvature(self, point: _Point, rotations: Rotations) -> Array:
        """Return an estimate of the energy's second derivative along every rotation, from orbital energies."""
        closed, shell, empty = rotations.subspaces
        mean, own = np.diag(point.closed), np.diag(point.shell)
        found = np.zeros_like(point.closed)
        found[empty, closed] = 4.0 * (mean[empty, None] - mean[closed])
        found[empty, shell] = 2.0 * (self._field.average.occupation * mean[empty, None] - own[shell])
        upper = 2.0 * mean - own
        found[shell, closed] = 2.0 * (upper[shell, None] - upper[closed])
        found = np.maximum(np.abs(found), _LEAST_CURVATURE_HARTREE)
        found[empty, shell] += _BREATHING_HARTREE
        return rotations.vector(found)

    def _downhill(self, point: _Point, direction: Array, rotations: Rotations) -> tuple[_Point, Array]:
        """Return a lower point along a direction and the rotation that leads there."""
        length = 1.0
        while True:
            turned = point.orbitals @ expm(rotations.matrix(length * direction))
            moved = self._at(turned, rotations)
            rise = moved.mean.energy_hartree - point.mean.energy_hartree
            if rise < _NOISE_HARTREE or length < _SHORTEST_STEP:
                return moved, length * direction
            length *= 0.4


def _canonical(
    point: _Point, history: list[tuple[Array, Array]], rotations: Rotations
) -> tuple[_Point, list[tuple[Array, Array]]]:
    """Return the same point, with orbitals of one subspace that do not mix, and the history as seen from them."""
    closed, shell, empty = rotations.subspaces
    own = (point.closed[closed, closed], point.shell[shell, shell], point.closed[empty, empty])
    turn = block_diag(*(np.linalg.eigh(part)[1] for part in own))

    def turned(vector: Array) -> Array:
        return rotations.vector(turn.T @ rotations.matrix(vector) @ turn)

    now = _Point(
        point.orbitals @ turn,
        point.mean,
        turn.T @ point.closed @ turn,
        turn.T @ point.shell @ turn,
        turned(point.gradient),
    )
    return now, [(turned(change), turned(bend)) for change, bend in history]
