"""The simple models that Allegro has to beat, and the linear prior it starts from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reexplore.surrogate.samples import (
    Sample,
    compositions,
    factors,
    feature_columns,
    feature_matrix,
    targets_kcal_mol,
)

#: Ridge penalties on standardised columns, from hardly any to nearly a constant; leave-one-out chooses.
_PENALTIES = tuple(float(x) for x in np.logspace(-2, 3, 11))

#: Leave-one-out needs something to compare; with fewer labels the mean is all that can be said.
_SLOPES_FROM = 3


@dataclass(frozen=True)
class RidgeFit:
    """A linear model in kcal/mol over named columns; a name it has not seen counts nothing."""

    columns: tuple[str, ...]
    coefficients: tuple[float, ...]
    intercept: float

    def predict(self, rows: Sequence[Mapping[str, float]]) -> NDArray[np.float64]:
        """Return the prediction of each row in kcal/mol, shape (rows,)."""
        return feature_matrix(rows, self.columns) @ np.array(self.coefficients) + self.intercept

    def to_dict(self) -> dict[str, Any]:
        """Return the fit as plain values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> RidgeFit:
        """Rebuild a fit from `to_dict`."""
        return cls(tuple(data["columns"]), tuple(data["coefficients"]), data["intercept"])


def fit_ridge(rows: Sequence[Mapping[str, float]], target_kcal_mol: NDArray[np.float64]) -> RidgeFit:
    """Fit a ridge regression on standardised columns; leave-one-out errors choose its penalty.

    A column that does not vary gets no weight. With fewer than three rows the fit is their mean.
    """
    columns = feature_columns(rows)
    if len(rows) < _SLOPES_FROM:
        return RidgeFit(columns, (0.0,) * len(columns), float(np.mean(target_kcal_mol)))
    from sklearn.linear_model import RidgeCV
    from sklearn.preprocessing import StandardScaler

    scaler = StandardScaler()
    ridge = RidgeCV(alphas=_PENALTIES).fit(scaler.fit_transform(feature_matrix(rows, columns)), target_kcal_mol)
    slopes = ridge.coef_ / scaler.scale_
    return RidgeFit(columns, tuple(map(float, slopes)), float(ridge.intercept_ - slopes @ scaler.mean_))


def out_of_fold(samples: Sequence[Sample], *, fold_of: NDArray[np.int_]) -> dict[str, NDArray[np.float64]]:
    """Return what each baseline says of each sample when trained without the sample's fold.

    The baselines are `mean` (of the training part), `composition` (ridge on element counts) and
    `one-hot` (ridge on the factors). Predictions are in kcal/mol, shape (samples,), and every one is
    filled; pass the folds the ensemble was trained on (`dataset.folds`).
    """
    target = targets_kcal_mol(samples)
    rows: dict[str, list[Mapping[str, float]]] = {
        "composition": compositions(samples),
        "one-hot": [factors(sample) for sample in samples],
    }
    predictions = {name: np.empty(len(samples)) for name in ("mean", *rows)}
    for fold in np.unique(fold_of):
        inside, outside = np.flatnonzero(fold_of != fold), np.flatnonzero(fold_of == fold)
        predictions["mean"][outside] = target[inside].mean()
        for name, table in rows.items():
            fit = fit_ridge([table[i] for i in inside], target[inside])
            predictions[name][outside] = fit.predict([table[i] for i in outside])
    return predictions
