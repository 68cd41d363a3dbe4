"""What labels say of a molecule without one: a Gaussian process on donor class, structure and what is near the donor.

A label is the mean of its donor class and the rest. Both are learned together: the covariance is a sum of *same class*,
of the Tanimoto similarity of whole molecules (Morgan fingerprints: D. Rogers, M. Hahn, J. Chem. Inf. Model. 2010, 50,
742) and of those of the donor's surroundings (the same from the donor alone, and its atom pairs: R. E. Carhart, D. H.
Smith, R. Venkataraghavan, J. Chem. Inf. Comput. Sci. 1985, 25, 64). How much each counts is what the labels make most
likely.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Self

import numpy as np
from numpy.typing import NDArray
from rdkit.Chem.rdFingerprintGenerator import GetAtomPairGenerator, GetMorganGenerator
from scipy.linalg import cho_factor, cho_solve
from scipy.optimize import minimize

from reexplore.errors import InputError
from reexplore.proposals.filters import OneDonor

Array = NDArray[np.float64]

_BITS = 1024
_WHOLE = GetMorganGenerator(radius=2, fpSize=_BITS)
_DONOR = GetMorganGenerator(radius=6, fpSize=_BITS)
_PAIRS = GetAtomPairGenerator(fpSize=_BITS)
_MOST_COUNTED = 4
#: Shares of the variance that the search begins with: class, three similarities, noise.
_START = np.log([1.0, 0.3, 0.3, 0.3, 0.05])
#: The shares are learned from so many labels at most, evenly taken: their cost grows with the cube.
_LEARNED_FROM = 400
_BOUNDS = [(-7.0, 3.0)] * 4 + [(-9.0, 1.0)]


@lru_cache(maxsize=65536)
def _counted(found: OneDonor) -> tuple[NDArray[np.uint8], ...]:
    mol, donor = found.ligand.mol, list(found.ligand.donors)
    counts = (
        _WHOLE.GetCountFingerprintAsNumPy(mol),
        _DONOR.GetCountFingerprintAsNumPy(mol, fromAtoms=donor),
        _PAIRS.GetCountFingerprintAsNumPy(mol, fromAtoms=donor),
    )
    return tuple(np.minimum(each, _MOST_COUNTED).astype(np.uint8) for each in counts)


def _tables(ligands: Sequence[OneDonor]) -> tuple[NDArray[np.float32], ...]:
    """Return the three counted fingerprints of some ligands, each of shape (ligands, bits)."""
    rows = [_counted(each) for each in ligands]
    return tuple(np.array([row[k] for row in rows], dtype=np.float32).reshape(len(rows), _BITS) for k in range(3))


def _tanimoto(first: NDArray[np.float32], second: NDArray[np.float32]) -> Array:
    both = first @ second.T
    return np.asarray(both / ((first**2).sum(1)[:, None] + (second**2).sum(1) - both), dtype=np.float64)


def _terms(first: Sequence[OneDonor], second: Sequence[OneDonor]) -> list[Array]:
    """Return each term of the covariance between ligands, shape (first, second)."""
    same = np.array([[a.donor_class.name == b.donor_class.name for b in second] for a in first], dtype=np.float64)
    tables = zip(_tables(first), _tables(second), strict=True)
    return [same.reshape(len(first), len(second)), *(_tanimoto(one, other) for one, other in tables)]


@dataclass(frozen=True, eq=False)
class MoleculeProcess:
    """A fitted process; `shares` are the variances of its terms and of the noise, in those of the labels."""

    ligands: tuple[OneDonor, ...]
    mean: float
    deviation: float
    shares: Array
    weights: Array
    factor: tuple[Array, bool]

    @classmethod
    def fit(cls, ligands: Sequence[OneDonor], values: Array) -> Self:
        """Return the process of labels in any unit; raise `InputError` for fewer than two."""
        if len(ligands) < 2 or len(ligands) != len(values):
            raise InputError("a Gaussian process learns from two labels at least, one for each ligand")
        mean, deviation = float(values.mean()), float(values.std()) or 1.0
        y = (values - mean) / deviation
        terms = _terms(ligands, ligands)
        some = np.unique(np.linspace(0, len(y) - 1, min(len(y), _LEARNED_FROM)).astype(int))
        known = ([term[np.ix_(some, some)] for term in terms], y[some])
        found = minimize(_unlikely, _START, args=known, jac=True, method="L-BFGS-B", bounds=_BOUNDS)
        shares = np.exp(found.x)
        factor = cho_factor(_covariance(shares, terms), lower=True)
        return cls(tuple(ligands), mean, deviation, shares, cho_solve(factor, y), factor)

    def expected(self, ligands: Sequence[OneDonor]) -> tuple[Array, Array]:
        """Return what is expected of ligands and its standard deviation without noise, in the unit of the labels."""
        if not ligands:
            return np.zeros(0), np.zeros(0)
        across = np.tensordot(self.shares[:-1], np.array(_terms(ligands, self.ligands)), axes=1)
        left = self.shares[:-1].sum() - (across * cho_solve(self.factor, across.T).T).sum(axis=1)
        deviation = self.deviation * np.sqrt(np.maximum(left, 0.0))
        return self.mean + self.deviation * (across @ self.weights), np.asarray(deviation)


def _covariance(shares: Array, terms: Sequence[Array]) -> Array:
    whole = sum((share * term for share, term in zip(shares[:-1], terms, strict=True)), np.zeros_like(terms[0]))
    whole[np.diag_indices_from(whole)] += shares[-1]
    return np.asarray(whole)


def _unlikely(logarithms: Array, terms: Sequence[Array], y: Array) -> tuple[float, Array]:
    """Return minus the logarithm of the marginal likelihood, and its gradient."""
    shares = np.exp(logarithms)
    factor = cho_factor(_covariance(shares, terms), lower=True)
    inverse = cho_solve(factor, np.eye(len(y)))
    weights = inverse @ y
    value = 0.5 * y @ weights + np.log(np.diag(factor[0])).sum()
    against = np.outer(weights, weights) - inverse
    slopes = [-0.5 * share * (against * term).sum() for share, term in zip(shares[:-1], terms, strict=True)]
    slopes.append(-0.5 * shares[-1] * np.trace(against))
    return float(value), np.array(slopes)
