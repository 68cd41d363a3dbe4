"""Where to go downhill: the limited-memory BFGS direction with a preconditioner."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def descent_direction(
    gradient: Array, curvature: Array, history: list[tuple[Array, Array]], *, longest: float
) -> Array:
    """Return the limited-memory BFGS direction, or the preconditioned gradient's where that leads uphill.

    `curvature` estimates the second derivative along every coordinate, `history` holds the steps so far with the change
    of the gradient in each. No component is longer than `longest`. J. Nocedal and S. Wright, Numerical Optimization,
    2006, algorithm 7.4.
    """
    rest, factors = gradient.copy(), []
    for change, bend in reversed(history):
        factors.append((change @ rest) / (change @ bend))
        rest -= factors[-1] * bend
    rest /= curvature
    for (change, bend), factor in zip(history, reversed(factors), strict=True):
        rest += (factor - (bend @ rest) / (change @ bend)) * change
    direction = -rest if rest @ gradient > 0 else -gradient / curvature
    return np.asarray(direction * min(1.0, longest / float(np.abs(direction).max())))
