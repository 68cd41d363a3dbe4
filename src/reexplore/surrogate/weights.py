"""How much each model counts in a stack: non-negative weights, fitted on predictions of labels unseen."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

#: How hard the sum is held at one, in units of the predictions.
_HELD = 1e3
#: So many labels count as much as the opinion that all models are alike.
_OPINION = 2.0


def stack_weights(predicted: Array, target_kcal_mol: Array) -> Array:
    """Return weights that sum to one, shape (models,): with them predictions (n, models) come nearest to the labels.

    L. Breiman, Machine Learning 1996, 24, 49. Equal weights are added as a few labels' worth of opinion, in the size
    of the best model's error: few labels tell models apart by chance.
    """
    from scipy.optimize import nnls

    models = predicted.shape[1]
    errors = predicted - target_kcal_mol[:, None]
    # With the sum at one the error of the stack is the sum of the errors.
    size = float(np.sqrt((errors**2).mean(axis=0).min()))
    held = _HELD * max(float(np.abs(errors).max()), 1e-12)
    rows = np.concatenate([errors, np.sqrt(_OPINION) * size * np.eye(models), np.full((1, models), held)])
    wanted = np.zeros(len(rows))
    wanted[-1] = held
    found, _ = nnls(rows, wanted)
    return np.asarray(found / found.sum())
