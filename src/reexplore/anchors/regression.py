"""A straight line of measured against computed values, and how far it may be trusted."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

#: Two numbers are fitted, and each point that is left out has to be told by more than two others.
_FEWEST = 4


@dataclass(frozen=True)
class Regression:
    """measured = `slope` × computed + `intercept`, by least squares.

    `error` is the root mean square of what points are off by, each from the line of the others, in units of what was
    measured.
    """

    slope: float
    intercept: float
    error: float


def regression(computed: Sequence[float], measured: Sequence[float]) -> Regression | None:
    """Return the line, None for fewer than four points or where one of them alone holds its slope."""
    if len(computed) < _FEWEST:
        return None
    x, y = np.asarray(computed, dtype=float), np.asarray(measured, dtype=float)
    spread = float(np.sum((x - x.mean()) ** 2))
    if spread <= 0:
        return None
    # What a point brings into its own value on the line: D. M. Allen, Technometrics 16, 125 (1974).
    leverage = 1 / len(x) + (x - x.mean()) ** 2 / spread
    if float(leverage.max()) > 1 - 1e-9:
        return None
    slope, intercept = (float(value) for value in np.polyfit(x, y, 1))
    left_out = (y - slope * x - intercept) / (1 - leverage)
    return Regression(slope, intercept, math.sqrt(float(np.mean(left_out**2))))
