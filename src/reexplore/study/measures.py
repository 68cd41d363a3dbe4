"""How far predictions are off: errors, what is explained, the order, and intervals by drawing whole ligands again."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from reexplore.surrogate.calibration import RANKED_FROM
from reexplore.tracking.backtest_record import Interval
from reexplore.tracking.study_record import MEASURES, Predicted

Array = NDArray[np.float64]

#: Draws of the bootstrap, and what lies outside of the interval at each end.
_DRAWS, _OUTSIDE = 500, 5.0
#: Of fewer ligands no interval is told.
_LIGANDS_FROM = 5


def measured(predictions: Sequence[Predicted]) -> dict[str, Interval]:
    """Return every measure that is defined, with its 90 % interval where there are ligands enough.

    `r2` is one less the share of the labels' variance that is left; `mae_within` the mean absolute error after the
    mean error of each test group is taken off, groups of one left out. Ligands are drawn again with all their
    complexes (B. Efron, Ann. Statist. 1979, 7, 1): complexes of one ligand err together.
    """
    label = np.array([each.label_kcal_mol for each in predictions])
    error = np.array([each.predicted_kcal_mol for each in predictions]) - label
    within = _within(error, [f"{each.part} {each.group}" for each in predictions])
    ligands, of_ligand = np.unique([each.ligand for each in predictions], return_inverse=True)
    found = _values(label, error, within)
    if len(ligands) < _LIGANDS_FROM:
        return {name: Interval(value, None, None) for name, value in found.items()}
    rows_of = [np.flatnonzero(of_ligand == number) for number in range(len(ligands))]
    random, drawn = np.random.default_rng(0), dict[str, list[float]]()
    for _ in range(_DRAWS):
        rows = np.concatenate([rows_of[i] for i in random.integers(len(ligands), size=len(ligands))])
        for name, value in _values(label[rows], error[rows], within[rows]).items():
            drawn.setdefault(name, []).append(value)
    return {
        name: Interval(value, *map(float, np.percentile(drawn[name], [_OUTSIDE, 100 - _OUTSIDE])))
        for name, value in found.items()
    }


def _values(label: Array, error: Array, within: Array) -> dict[str, float]:
    found = {"mae": float(np.abs(error).mean()), "rmse": float(np.sqrt(np.mean(error**2)))}
    if np.ptp(label) > 0:
        found["r2"] = 1 - float(np.sum(error**2) / np.sum((label - label.mean()) ** 2))
        if len(label) >= RANKED_FROM and np.ptp(label + error) > 0:
            found["spearman"] = _spearman(label, label + error)
    if np.isfinite(within).any():
        found["mae_within"] = float(np.nanmean(np.abs(within)))
    return {name: found[name] for name in MEASURES if name in found}


def _spearman(one: Array, other: Array) -> float:
    # SciPy's own computes a p-value as well, which costs more than all the rest.
    from scipy.stats import rankdata

    return float(np.corrcoef(rankdata(one), rankdata(other))[0, 1])


def _within(error: Array, groups: Sequence[str]) -> Array:
    """Return errors less the mean error of their group; of a group of one there is no number."""
    _, of_group, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    means = np.bincount(of_group, error) / sizes
    return np.where(sizes[of_group] > 1, error - means[of_group], np.nan)
