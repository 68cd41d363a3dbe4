"""What a network learns: the part of a label that a line of the composition leaves, in units of its spread."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from reexplore.surrogate.baselines import RidgeFit, fit_ridge

Array = NDArray[np.float64]

#: Residuals of the line smaller than this (kcal/mol) are not blown up to unit variance.
_SMALLEST_SCALE_KCAL_MOL = 1.0


@dataclass(frozen=True)
class Residual:
    """The line, and what turns a network's output into what it adds to the line."""

    prior: RidgeFit
    offset_kcal_mol: float
    scale_kcal_mol: float

    @classmethod
    def of(cls, rows: Sequence[Mapping[str, float]], target_kcal_mol: Array, inside: NDArray[np.int_]) -> Self:
        """Return the line fitted to the labels `inside`, and the mean and the spread of what it leaves of them."""
        prior = fit_ridge([rows[i] for i in inside], target_kcal_mol[inside])
        left = (target_kcal_mol - prior.predict(rows))[inside]
        return cls(prior, float(left.mean()), max(float(left.std()), _SMALLEST_SCALE_KCAL_MOL))

    def learned(self, rows: Sequence[Mapping[str, float]], target_kcal_mol: Array) -> Array:
        """Return what a network is to say, shape (rows,), of about unit variance."""
        return np.asarray((target_kcal_mol - self.prior.predict(rows) - self.offset_kcal_mol) / self.scale_kcal_mol)

    def added_kcal_mol(self, said: Array) -> Array:
        """Return what a network's output, of any shape, adds to the line."""
        return self.offset_kcal_mol + self.scale_kcal_mol * said

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain values, as they stand in member files."""
        return {
            "prior": self.prior.to_dict(),
            "offset_kcal_mol": self.offset_kcal_mol,
            "scale_kcal_mol": self.scale_kcal_mol,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Read it from a member file."""
        return cls(RidgeFit.from_dict(data["prior"]), data["offset_kcal_mol"], data["scale_kcal_mol"])
