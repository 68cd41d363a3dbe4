"""An additive Gaussian process over the parts of complexes, and joint draws of what it leaves open.

Because the covariance is a sum over parts, so is every function drawn from it: mean, draws and error bars of a million
complexes are sums over tables of a few hundred parts. C. E. Rasmussen, C. K. I. Williams, Gaussian Processes for
Machine Learning, MIT Press 2006, chapters 2 and 5; draws are prior draws put right at the data (J. T. Wilson et al.,
J. Mach. Learn. Res. 2021, 22, 105).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from reexplore.surrogate.kernels import TERMS, Around, Kernel, Part, normals

Array = NDArray[np.float64]
T = TypeVar("T")

#: The prior of every weight (logarithm, in variances of the labels) and of the noise: what few labels say is believed
#: by degrees.
_PRIOR_MEAN, _PRIOR_NOISE, _PRIOR_WIDTH = np.log(0.1), np.log(0.05), 2.5
_BOUNDS, _NOISE_BOUNDS = (-14.0, 5.0), (-9.0, 2.0)
_STEPS = 80
_JITTER = 1e-8


@dataclass(frozen=True)
class Labelled:
    """Complexes as parts (of one ligand each) in surroundings."""

    parts: tuple[tuple[Part, ...], ...]
    around: tuple[Around, ...]

    def __len__(self) -> int:
        return len(self.parts)


class _Seen:
    """Complexes written as numbers into lists of distinct parts and surroundings."""

    def __init__(self, known: Labelled) -> None:
        self.parts = sorted({part for parts in known.parts for part in parts}, key=_order)
        self.around = sorted(set(known.around), key=repr)
        number = {part: i for i, part in enumerate(self.parts)}
        #: How often each part is in each complex, shape (n, parts).
        self.holds = np.zeros((len(known), len(self.parts)))
        for row, parts in enumerate(known.parts):
            for part in parts:
                self.holds[row, number[part]] += 1
        self.where = np.array([self.around.index(each) for each in known.around], dtype=np.intp)


def _order(part: Part) -> tuple[str, int, str]:
    return part.scaffold, -1 if part.site is None else part.site, part.substituent


@dataclass(frozen=True)
class Tables:
    """What the process says of parts in surroundings; a complex is the sum over its parts.

    `mean` has shape (A, P), `covariance` (A, P, P), `draws` (A, P, D); kcal/mol. Draws have no mean.
    """

    mean: Array
    covariance: Array
    draws: Array


class AdditiveProcess:
    """A process given its weights: those of `TERMS`, then the noise, in units of the labels' variance."""

    def __init__(self, known: Labelled, target_kcal_mol: Array, weights: Array) -> None:
        self._seen = _Seen(known)
        self.weights = weights
        self._shift, self._scale = _standard(target_kcal_mol)
        covariance = sum((w * gram for w, gram in zip(weights, _grams(self._seen), strict=False)), np.float64(0))
        self._factor = np.linalg.cholesky(covariance + (weights[-1] + _JITTER) * np.eye(len(known)))
        self._explained = _solve(self._factor, (target_kcal_mol - self._shift) / self._scale)

    @classmethod
    def fit(cls, known: Labelled, target_kcal_mol: Array) -> AdditiveProcess:
        """Return the process whose weights make the labels most likely, under a wide prior.

        Labels that are all equal are returned as they are. Raises `ValueError` without any.
        """
        if not len(known):
            raise ValueError("there is no label to learn from")
        from scipy.optimize import minimize

        shift, scale = _standard(target_kcal_mol)
        grams = _grams(_Seen(known))
        centre = np.append(np.full(len(grams), _PRIOR_MEAN), _PRIOR_NOISE)
        found = minimize(
            _unlikelihood,
            centre,
            args=(np.array(grams), (target_kcal_mol - shift) / scale, centre),
            jac=True,
            method="L-BFGS-B",
            bounds=[_BOUNDS] * len(grams) + [_NOISE_BOUNDS],
            options={"maxiter": _STEPS},
        )
        return cls(known, target_kcal_mol, np.exp(found.x))

    def expected(self, asked: Labelled) -> tuple[Array, Array]:
        """Return what is expected of some complexes and how uncertain that is, in kcal/mol, both of shape (n,)."""
        seen, other = self._seen, _Seen(asked)
        found, itself = np.zeros((len(asked), len(seen.holds))), np.zeros(len(asked))
        for weight, (of_part, of_around) in zip(self.weights, TERMS, strict=False):
            outside = of_around.gram(other.around, seen.around)[np.ix_(other.where, seen.where)]
            found += weight * outside * (other.holds @ of_part.gram(other.parts, seen.parts) @ seen.holds.T)
            own = np.einsum("np,pq,nq->n", other.holds, of_part.gram(other.parts, other.parts), other.holds)
            itself += weight * np.diagonal(of_around.gram(other.around, other.around))[other.where] * own
        explained = (np.linalg.solve(self._factor, found.T) ** 2).sum(axis=0)
        spread = np.sqrt(np.maximum(itself - explained, 0.0))
        return np.asarray(self._shift + self._scale * (found @ self._explained)), self._scale * spread

    def tables(self, parts: Sequence[Part], around: Sequence[Around], *, draws: int, name: str) -> Tables:
        """Return what the process says of parts in surroundings; draws of equal `name` are the same functions."""
        seen, scale = self._seen, self._scale
        mean = np.zeros((len(around), len(parts)))
        covariance = np.zeros((len(around), len(parts), len(parts)))
        prior = np.zeros((len(around), len(parts), draws))
        at_data = np.zeros((len(seen.holds), draws))
        # How the value of each part in each of the surroundings goes with each label.
        cross = np.zeros((len(around), len(parts), len(seen.holds)))
        for weight, (of_part, of_around) in zip(self.weights, TERMS, strict=False):
            outside = of_around.gram(around, seen.around)[:, seen.where]
            cross += weight * outside[:, None] * (of_part.gram(parts, seen.parts) @ seen.holds.T)[None]
            itself = np.diagonal(of_around.gram(around, around))
            covariance += weight * itself[:, None, None] * of_part.gram(parts, parts)[None]
            drawn = _drawn(of_part, of_around, [*parts, *seen.parts], [*around, *seen.around], draws=draws, name=name)
            prior += np.sqrt(weight) * drawn[: len(around), : len(parts)]
            there = drawn[len(around) :, len(parts) :][seen.where]
            at_data += np.sqrt(weight) * np.einsum("np,npd->nd", seen.holds, there)
        noise = np.sqrt(self.weights[-1]) * normals(f"{name} noise", len(seen.holds) * draws).reshape(
            len(seen.holds), draws
        )
        mean += cross @ self._explained
        whitened = np.linalg.solve(self._factor, cross.reshape(-1, len(seen.holds)).T)
        whitened = whitened.T.reshape(len(around), len(parts), -1)
        covariance -= whitened @ whitened.transpose(0, 2, 1)
        prior -= cross @ _solve(self._factor, at_data + noise)
        # The labels' mean belongs to the scaffold.
        base = np.array([part.site is None for part in parts])
        return Tables(scale * mean + self._shift * base, scale**2 * covariance, scale * prior)


def _standard(target: Array) -> tuple[float, float]:
    spread = float(target.std())
    return float(target.mean()), spread if spread > 0 else 1.0


def _grams(seen: _Seen) -> list[Array]:
    found = []
    for of_part, of_around in TERMS:
        outside = of_around.gram(seen.around, seen.around)[np.ix_(seen.where, seen.where)]
        found.append(outside * (seen.holds @ of_part.gram(seen.parts, seen.parts) @ seen.holds.T))
    return found


def _unlikelihood(logs: Array, grams: Array, target: Array, centre: Array) -> tuple[float, Array]:
    """Return the negative logarithm of likelihood and prior, and its gradient."""
    weights = np.exp(logs)
    n = len(target)
    covariance = np.tensordot(weights[:-1], grams, axes=1) + (weights[-1] + _JITTER) * np.eye(n)
    factor = np.linalg.cholesky(covariance)
    inverse = _solve(factor, np.eye(n))
    explained = inverse @ target
    slope = inverse - np.outer(explained, explained)
    gradient = 0.5 * weights * np.append(np.tensordot(grams, slope, axes=2), np.trace(slope))
    value = 0.5 * target @ explained + np.log(np.diag(factor)).sum()
    off = (logs - centre) / _PRIOR_WIDTH
    return float(value + 0.5 * off @ off), np.asarray(gradient + off / _PRIOR_WIDTH)


def _drawn(
    of_part: Kernel[Part], of_around: Kernel[Around], parts: list[Part], around: list[Around], *, draws: int, name: str
) -> Array:
    """Return functions drawn from one term, shape (around, parts, draws)."""
    drawn = np.zeros((len(around), len(parts), draws))
    inside = _by_key(of_part, parts)
    for outer_key, outer in _by_key(of_around, around).items():
        a = np.array([of_around.features(around[row]) for row in outer])
        for inner_key, inner in inside.items():
            p = np.array([of_part.features(parts[row]) for row in inner])
            size = (a.shape[1], p.shape[1], draws)
            told = normals(f"{name}|{of_part.name}|{of_around.name}|{outer_key}|{inner_key}", int(np.prod(size)))
            drawn[np.ix_(outer, inner)] = np.einsum("af,pg,fgd->apd", a, p, told.reshape(size), optimize=True)
    return drawn


def _by_key(kernel: Kernel[T], things: Sequence[T]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for row, thing in enumerate(things):
        key = kernel.key(thing)
        if key is not None:
            found.setdefault(key, []).append(row)
    return found


def _solve(factor: Array, right: Array) -> Array:
    from scipy.linalg import cho_solve

    return np.asarray(cho_solve((factor, True), right))
