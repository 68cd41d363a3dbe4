"""Direct minimisation of the energy over orbital rotations, for fields whose iterations do not settle.

Turning 4f orbitals into each other changes the energy of a complex by little, and DIIS, which judges a
rotation by the difference of orbital energies, wanders along such directions. Quasi-Newton steps that only
go downhill learn their curvature (T. Van Voorhis and M. Head-Gordon, Mol. Phys. 2002, 100, 1713).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyscf import lib

from reexplore.energies.quasi_newton import descent_direction

Array = NDArray[np.float64]

_HISTORY = 15
_LARGEST_ROTATION = 0.3
_SHORTEST_STEP = 0.05
#: Least curvature a rotation is taken to have at the start, and that of one 4f orbital into another (Hartree).
_LEAST_CURVATURE_HARTREE = 0.1
_F_CURVATURE_HARTREE = 0.05
#: For second derivatives: the rotation by which gradients differ, how many are taken, and the rotations begun with.
_DIFFERENCE = 1e-4
_PRODUCTS = 15
_SOFT_ROTATIONS = 20


@dataclass
class _Point:
    """Orbitals, filled ones first, with the energy and its derivatives with respect to rotating them."""

    orbitals: list[Array]
    density: Array
    fock: Array
    energy_hartree: float
    gradient: Array


class Minimiser:
    """Minimises the energy of one field.

    `f_orbitals` (nao, 7) marks the rotations known to be soft; `held` (nao, n) are functions whose share in the
    filled orbitals stays what it is.
    """

    def __init__(self, field: Any, *, f_orbitals: Array | None = None, held: Array | None = None) -> None:
        self._field = field
        self._core = field.get_hcore()
        self._overlap = field.get_ovlp()
        self._f_orbitals = f_orbitals
        self._held = held
        # A restricted orbital holds two electrons, so that its rotations count twice.
        self._weight = 2.0 if field.mol.spin else 4.0

    def run(self, density: Array, *, most_steps: int, each: Callable[[dict[str, Any]], None]) -> None:
        """Go downhill from a density until the field's thresholds are met; leave the field as its kernel would.

        `each` is called with the density after every step.
        """
        field = self._field
        point = self._start(density)
        curvature = self._curvature(point)
        history: list[tuple[Array, Array]] = []
        field.converged = False
        for step in range(1, most_steps + 1):
            field.cycles = step
            direction = self._allowed(
                descent_direction(point.gradient, curvature, history, longest=_LARGEST_ROTATION), point.orbitals
            )
            moved, change = self._downhill(point, direction)
            bend = moved.gradient - point.gradient
            if change @ bend > 0:
                history = [*history, (change, bend)][-_HISTORY:]
            field.gradient_norm = 0.5 * float(np.linalg.norm(moved.gradient))
            settled = abs(moved.energy_hartree - point.energy_hartree) < field.conv_tol
            point = moved
            each({"dm": point.density})
            if settled and field.gradient_norm < field.conv_tol_grad:
                field.converged = True
                break
        self._leave(point)

    def least_curvature(self, density: Array) -> tuple[float, Array]:
        """Return the energy's least second derivative along a rotation, and the density from which to go downhill.

        Rotations leave held functions alone. At a stationary density a negative derivative, in Hartree, says that a
        lower state is downhill, and the density is the lower one of a step either way; otherwise it is the same. It
        is that of PySCF's `stability`, with differences of gradients for the products of the matrix of second
        derivatives with a vector, and so few of them that it is an upper bound (E. R. Davidson, J. Comput. Phys. 1975,
        17, 87).
        """
        point = self._start(density)
        diagonal = self._curvature(point)

        def bent(rotation: Array) -> Array:
            length = _DIFFERENCE / float(np.linalg.norm(rotation))
            moved = self._at(self._turned(point.orbitals, length * rotation), point.density.shape)
            return (moved.gradient - point.gradient) / length

        def precondition(residual: Array, value: float, _guess: Array) -> Array:
            return self._allowed(residual / np.maximum(diagonal - value, _DIFFERENCE), point.orbitals)

        # Uneven, so that no symmetry shuts a rotation out; the soft ones apart, for they are few among thousands.
        uneven = np.random.default_rng(0).normal(size=diagonal.size)
        soft = diagonal <= np.sort(diagonal)[:_SOFT_ROTATIONS][-1]
        starts = [self._allowed(part, point.orbitals) for part in (uneven * soft, uneven * ~soft / diagonal)]
        lowest, mode = lib.davidson(bent, starts, precondition, tol=1e-5, max_cycle=_PRODUCTS, nroots=1, verbose=0)
        if lowest >= 0.0:
            return float(lowest), density
        step = _LARGEST_ROTATION / np.linalg.norm(mode) * mode
        ways = [self._at(self._turned(point.orbitals, way), point.density.shape) for way in (step, -step)]
        return float(lowest), min(ways, key=lambda moved: moved.energy_hartree).density

    def _start(self, density: Array) -> _Point:
        """Return the point of a density's own orbitals: the lowest of its Fock matrix may be others."""
        spins = density.reshape(-1, *density.shape[-2:])
        self._filled = list(self._field.mol.nelec)[: len(spins)]
        return self._canonical(self._at([self._field.natural_orbitals(part) for part in spins], density.shape))

    def _fock(self, potential: Array) -> Array:
        return np.asarray(self._core + np.asarray(potential))

    def _at(self, orbitals: list[Array], shape: tuple[int, ...]) -> _Point:
        """Return the energy and its gradient at some orbitals."""
        filled = [c[:, :n] @ c[:, :n].T for c, n in zip(orbitals, self._filled, strict=True)]
        density = np.array(filled) if len(shape) == 3 else 2.0 * filled[0]
        potential = self._field.get_veff(dm=density)
        energy = float(self._field.energy_tot(density, self._core, potential))
        fock = self._fock(potential)
        fock = fock.reshape(-1, *fock.shape[-2:])
        return _Point(orbitals, density, fock, energy, self._gradient(orbitals, fock))

    def _gradient(self, orbitals: list[Array], fock: Array) -> Array:
        parts = [
            (self._weight * (c[:, n:].T @ f @ c[:, :n])).ravel()
            for c, f, n in zip(orbitals, fock, self._filled, strict=True)
        ]
        return self._allowed(np.concatenate(parts), orbitals)

    def _canonical(self, point: _Point) -> _Point:
        """Return the same point with filled orbitals, and empty ones, that do not mix among themselves."""
        orbitals = [
            np.hstack([part @ np.linalg.eigh(part.T @ f @ part)[1] for part in (c[:, :n], c[:, n:])])
            for c, f, n in zip(point.orbitals, point.fock, self._filled, strict=True)
        ]
        return replace(point, orbitals=orbitals, gradient=self._gradient(orbitals, point.fock))

    def _allowed(self, rotation: Array, orbitals: list[Array]) -> Array:
        """Return a rotation without what would change the held functions' share in the filled orbitals."""
        if self._held is None:
            return rotation
        parts, start = [], 0
        for c, n in zip(orbitals, self._filled, strict=True):
            size = (c.shape[1] - n) * n
            part = rotation[start : start + size].reshape(-1, n)
            start += size
            basis, _ = np.linalg.qr(c[:, n:].T @ self._overlap @ self._held)
            parts.append((part - basis @ (basis.T @ part)).ravel())
        return np.concatenate(parts)

    def _curvature(self, point: _Point) -> Array:
        """Return an estimate of the energy's second derivative along every rotation."""
        parts = []
        for c, f, n in zip(point.orbitals, point.fock, self._filled, strict=True):
            energies = np.einsum("pi,pq,qi->i", c, f, c)
            stiff = np.maximum(self._weight * (energies[n:, None] - energies[None, :n]), _LEAST_CURVATURE_HARTREE)
            if self._f_orbitals is not None:
                share = ((self._f_orbitals.T @ self._overlap @ c) ** 2).sum(axis=0)
                both = np.outer(share[n:], share[:n])
                stiff = (1.0 - both) * stiff + both * _F_CURVATURE_HARTREE
            parts.append(stiff.ravel())
        return np.concatenate(parts)

    def _downhill(self, point: _Point, direction: Array) -> tuple[_Point, Array]:
        """Return a lower point along a direction and the rotation that leads there."""
        slope, length = float(direction @ point.gradient), 1.0
        while True:
            moved = self._at(self._turned(point.orbitals, length * direction), point.density.shape)
            rise = moved.energy_hartree - point.energy_hartree
            # The thresholds' own noise is no reason for a shorter step.
            if rise < 1e-4 * length * slope + 0.1 * self._field.conv_tol or length < _SHORTEST_STEP:
                return moved, length * direction
            parabola = -0.5 * slope * length**2 / (rise - slope * length)
            length = float(np.clip(parabola, 0.1 * length, 0.5 * length))

    def _turned(self, orbitals: list[Array], rotation: Array) -> list[Array]:
        """Return the orbitals after rotating filled into empty ones, along the geodesic."""
        turned, start = [], 0
        for c, n in zip(orbitals, self._filled, strict=True):
            size = (c.shape[1] - n) * n
            left, angles, right = np.linalg.svd(rotation[start : start + size].reshape(-1, n), full_matrices=False)
            start += size
            filled, empty = c[:, :n], c[:, n:]
            onto_filled, onto_empty = filled @ right.T, empty @ left
            cosine, sine = np.cos(angles) - 1.0, np.sin(angles)
            turned.append(
                np.hstack(
                    [
                        filled + (onto_filled * cosine + onto_empty * sine) @ right,
                        empty + (onto_empty * cosine - onto_filled * sine) @ left.T,
                    ]
                )
            )
        return turned

    def _leave(self, point: _Point) -> None:
        """Give the field canonical orbitals, filled ones first, with their energies."""
        field = self._field
        coefficients = self._canonical(point).orbitals
        energies = [np.einsum("pi,pq,qi->i", c, f, c) for c, f in zip(coefficients, point.fock, strict=True)]
        occupations = [
            np.repeat([0.5 * self._weight, 0.0], [n, c.shape[1] - n])
            for c, n in zip(coefficients, self._filled, strict=True)
        ]
        unrestricted = point.density.ndim == 3
        field.mo_coeff = np.array(coefficients) if unrestricted else coefficients[0]
        field.mo_energy = np.array(energies) if unrestricted else energies[0]
        field.mo_occ = np.array(occupations) if unrestricted else occupations[0]
        field.e_tot = point.energy_hartree
