"""An additive Gaussian process over the parts of complexes, and joint draws of what it leaves open.

Because the covariance is a sum over parts, so is every function drawn from it: mean, draws and error bars of a million
complexes are sums over tables of a few hundred parts. C. E. Rasmussen, C. K. I. Williams, Gaussian Processes for
Machine Learning, MIT Press 2006, chapters 2 and 5; draws are prior draws put right at the data (J. T. Wilson et al.,
J. Mach. Learn. Res. 2021, 22, 105).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from reexplore.surrogate.kernels import TERMS, Around, Kernel, Part, normals

Array = NDArray[np.float64]
T = TypeVar("T")

#: What another model says of parts in surroundings, shape (around, parts), kcal/mol; of a complex it is their sum.
Leaning = Callable[[Sequence[Part], Sequence[Around]], Array]

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
    """A process given its weights: those of `TERMS`, then the noise, in units of the labels' variance.

    It may lean on what another model says: complexes are then also alike by that, times a weight before the noise's.
    """

    def __init__(self, known: Labelled, target_kcal_mol: Array, weights: Array, leaning: Leaning | None = None) -> None:
        self._seen = _Seen(known)
        self.weights = weights
        self._shift, self._scale = _standard(target_kcal_mol)
        self._leaning = None if leaning is None else _Leant(leaning, self._seen)
        grams = _grams(self._seen, self._leaning)
        covariance = sum((w * gram for w, gram in zip(weights, grams, strict=False)), np.float64(0))
        self._factor = np.linalg.cholesky(covariance + (weights[-1] + _JITTER) * np.eye(len(known)))
        self._explained = _solve(self._factor, (target_kcal_mol - self._shift) / self._scale)

    @classmethod
    def fit(cls, known: Labelled, target_kcal_mol: Array, leaning: Leaning | None = None) -> AdditiveProcess:
        """Return the process whose weights make the labels most likely, under a wide prior.

        Labels that are all equal are returned as they are. Raises `ValueError` without any.
        """
        if not len(known):
            raise ValueError("there is no label to learn from")
        from scipy.optimize import minimize

        shift, scale = _standard(target_kcal_mol)
        seen = _Seen(known)
        grams = _grams(seen, None if leaning is None else _Leant(leaning, seen))
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
        return cls(known, target_kcal_mol, np.exp(found.x), leaning)

    def expected(self, asked: Labelled) -> tuple[Array, Array]:
        """Return what is expected of some complexes and how uncertain that is, in kcal/mol, both of shape (n,)."""
        seen, other = self._seen, _Seen(asked)
        found, itself = np.zeros((len(asked), len(seen.holds))), np.zeros(len(asked))
        for weight, (of_part, of_around) in zip(self.weights, TERMS, strict=False):
            outside = of_around.gram(other.around, seen.around)[np.ix_(other.where, seen.where)]
            found += weight * outside * (other.holds @ of_part.gram(other.parts, seen.parts) @ seen.holds.T)
            own = np.einsum("np,pq,nq->n", other.holds, of_part.gram(other.parts, other.parts), other.holds)
            itself += weight * np.diagonal(of_around.gram(other.around, other.around))[other.where] * own
        if self._leaning is not None:
            there = self._leaning.of(other)
            found += self.weights[-2] * np.outer(there, self._leaning.at_data)
            itself += self.weights[-2] * there**2
        explained = (np.linalg.solve(self._factor, found.T) ** 2).sum(axis=0)
        spread = np.sqrt(np.maximum(itself - explained, 0.0))
        return np.asarray(self._shift + self._scale * (found @ self._explained)), self._scale * spread

    def means(self, parts: Sequence[Part], around: Sequence[Around]) -> Array:
        """Return what is expected of parts in surroundings, shape (around, parts), kcal/mol."""
        return self._mean(self._cross(parts, around), parts)

    def tables(self, parts: Sequence[Part], around: Sequence[Around], *, draws: int, name: str) -> Tables:
        """Return what the process says of parts in surroundings; draws of equal `name` are the same functions."""
        seen, scale = self._seen, self._scale
        covariance = np.zeros((len(around), len(parts), len(parts)))
        prior = np.zeros((len(around), len(parts), draws))
        at_data = np.zeros((len(seen.holds), draws))
        cross = self._cross(parts, around)
        for weight, (of_part, of_around) in zip(self.weights, TERMS, strict=False):
            itself = np.diagonal(of_around.gram(around, around))
            covariance += weight * itself[:, None, None] * of_part.gram(parts, parts)[None]
            drawn = _drawn(of_part, of_around, [*parts, *seen.parts], [*around, *seen.around], draws=draws, name=name)
            prior += np.sqrt(weight) * drawn[: len(around), : len(parts)]
            there = drawn[len(around) :, len(parts) :][seen.where]
            at_data += np.sqrt(weight) * np.einsum("np,npd->nd", seen.holds, there)
        if self._leaning is not None:
            there, chance = self._leaning.tables(parts, around), normals(f"{name} leaning", draws)
            covariance += self.weights[-2] * there[:, :, None] * there[:, None]
            prior += np.sqrt(self.weights[-2]) * there[..., None] * chance
            at_data += np.sqrt(self.weights[-2]) * np.outer(self._leaning.at_data, chance)
        noise = np.sqrt(self.weights[-1]) * normals(f"{name} noise", len(seen.holds) * draws).reshape(
            len(seen.holds), draws
        )
        whitened = np.linalg.solve(self._factor, cross.reshape(-1, len(seen.holds)).T)
        whitened = whitened.T.reshape(len(around), len(parts), -1)
        covariance -= whitened @ whitened.transpose(0, 2, 1)
        prior -= cross @ _solve(self._factor, at_data + noise)
        return Tables(self._mean(cross, parts), scale**2 * covariance, scale * prior)

    def _cross(self, parts: Sequence[Part], around: Sequence[Around]) -> Array:
        """Return how the value of each part in each of the surroundings goes with each label."""
        seen = self._seen
        cross = np.zeros((len(around), len(parts), len(seen.holds)))
        for weight, (of_part, of_around) in zip(self.weights, TERMS, strict=False):
            outside = of_around.gram(around, seen.around)[:, seen.where]
            cross += weight * outside[:, None] * (of_part.gram(parts, seen.parts) @ seen.holds.T)[None]
        if self._leaning is not None:
            cross += self.weights[-2] * self._leaning.tables(parts, around)[..., None] * self._leaning.at_data
        return cross

    def _mean(self, cross: Array, parts: Sequence[Part]) -> Array:
        # The labels' mean belongs to the scaffold.
        base = np.array([part.site is None for part in parts])
        return np.asarray(self._scale * (cross @ self._explained) + self._shift * base)


class _Leant:
    """What another model says, in units of its spread over the labelled complexes and with their mean as zero."""

    def __init__(self, leaning: Leaning, seen: _Seen) -> None:
        self._leaning, self._shift, self._scale = leaning, 0.0, 1.0
        at_data = self.of(seen)
        self._shift, self._scale = _standard(at_data)
        self.at_data = (at_data - self._shift) / self._scale

    def tables(self, parts: Sequence[Part], around: Sequence[Around]) -> Array:
        """Return it of parts in surroundings, shape (around, parts)."""
        base = np.array([part.site is None for part in parts])
        return (self._leaning(parts, around) - self._shift * base) / self._scale

    def of(self, seen: _Seen) -> Array:
        """Return it of complexes, shape (n,)."""
        return np.asarray((self.tables(seen.parts, seen.around)[seen.where] * seen.holds).sum(axis=1))


def _standard(target: Array) -> tuple[float, float]:
    spread = float(target.std())
    return float(target.mean()), spread if spread > 0 else 1.0


def _grams(seen: _Seen, leaning: _Leant | None) -> list[Array]:
    found = []
    for of_part, of_around in TERMS:
        outside = of_around.gram(seen.around, seen.around)[np.ix_(seen.where, seen.where)]
        found.append(outside * (seen.holds @ of_part.gram(seen.parts, seen.parts) @ seen.holds.T))
    return found if leaning is None else [*found, np.outer(leaning.at_data, leaning.at_data)]


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
