"""Gradient boosting over a one-hot line, kept as plain numbers: nothing in the store is ever unpickled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reexplore.surrogate.choices import Choices, gathered
from reexplore.surrogate.lines import Complex, Line

Array = NDArray[np.float64]

_DEPTH, _TREES, _RATE = 3, 100, 0.1
#: Rows and columns that each tree is shown.
_ROWS, _COLUMNS = 0.7, 0.3
#: Fewer labels than this are left to the line.
_TREES_FROM = 8


@dataclass(frozen=True)
class Boosting:
    """A ridge line on choices, and trees on descriptors that learn what it leaves, in kcal/mol.

    Trees are complete: `features` and `thresholds` have shape (trees, 7), level by level, `leaves` (trees, 8).
    """

    line: Line
    features: NDArray[np.intp]
    thresholds: Array
    leaves: Array

    @classmethod
    def fit(cls, known: Sequence[Complex], target_kcal_mol: Array, *, seed: int) -> Boosting:
        """Fit line and trees to labelled complexes."""
        line = Line.fitted("choices", known, target_kcal_mol)
        left = target_kcal_mol - line.expected(known)
        nothing = np.zeros((0, 2**_DEPTH - 1))
        if len(known) < _TREES_FROM or not left.any():
            return cls(line, nothing.astype(np.intp), nothing, np.zeros((0, 2**_DEPTH)))
        from sklearn.ensemble import GradientBoostingRegressor

        of_group = [(rows, _table(some)) for rows, some in gathered(known)]
        rows = np.empty((len(known), of_group[0][1].shape[1]), dtype=np.float32)
        for places, table in of_group:
            rows[places] = table
        fitted = GradientBoostingRegressor(
            n_estimators=_TREES,
            max_depth=_DEPTH,
            learning_rate=_RATE,
            subsample=_ROWS,
            max_features=_COLUMNS,
            init="zero",
            random_state=seed,
        ).fit(rows, left)
        trees = [_complete(each[0].tree_) for each in fitted.estimators_]
        features, thresholds, leaves = (np.array(part) for part in zip(*trees, strict=True))
        return cls(line, features, thresholds, _RATE * leaves)

    def predict(self, asked: Choices) -> Array:
        """Return the prediction of every complex in kcal/mol, shape (L, M)."""
        linear = self.line.predict(asked)
        if not len(self.leaves):
            return linear
        table = np.asfortranarray(_table(asked).astype(np.float32))
        found = np.zeros(len(table))
        for features, thresholds, leaves in zip(self.features, self.thresholds, self.leaves, strict=True):
            right = [table[:, feature] > limit for feature, limit in zip(features, thresholds, strict=True)]
            second = np.where(right[0], right[2], right[1])
            third = np.where(right[0], np.where(second, right[6], right[5]), np.where(second, right[4], right[3]))
            found += leaves[4 * right[0] + 2 * second + third]
        return linear + found.reshape(linear.shape)

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON-ready values."""
        return {
            "line": self.line.to_dict(),
            "features": self.features.tolist(),
            "thresholds": self.thresholds.tolist(),
            "leaves": self.leaves.tolist(),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Boosting:
        """Rebuild it from `to_dict`."""
        nodes, leaves = 2**_DEPTH - 1, 2**_DEPTH
        return cls(
            Line.from_dict(data["line"]),
            np.array(data["features"], dtype=np.intp).reshape(-1, nodes),
            np.array(data["thresholds"], dtype=np.float64).reshape(-1, nodes),
            np.array(data["leaves"], dtype=np.float64).reshape(-1, leaves),
        )


def _table(asked: Choices) -> Array:
    """Return the columns of every complex, all surroundings of a ligand before the next."""
    ligands, outside = asked.columns(), asked.surroundings()
    return np.concatenate([np.repeat(ligands, len(outside), axis=0), np.tile(outside, (len(ligands), 1))], axis=1)


def _complete(tree: Any) -> tuple[list[int], list[float], list[float]]:
    """Return a tree of scikit-learn as a complete one: where it ends early both sides say the same."""
    level, features, thresholds = [0], list[int](), list[float]()
    for _ in range(_DEPTH):
        below = []
        for node in level:
            ended = tree.children_left[node] < 0
            features.append(0 if ended else int(tree.feature[node]))
            thresholds.append(np.inf if ended else float(tree.threshold[node]))
            below += [node, node] if ended else [tree.children_left[node], tree.children_right[node]]
        level = below
    # JSON knows no infinity; no descriptor is as large.
    return features, [min(limit, 1e30) for limit in thresholds], [float(tree.value[node][0, 0]) for node in level]
