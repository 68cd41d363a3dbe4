"""The composition line as a surrogate: what a campaign does without a network, to measure what the network earns."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from reexplore.structures.screening.arrays import Complexes
from reexplore.surrogate.base import Ensemble, HoldOut, MemberReport
from reexplore.surrogate.baselines import RidgeFit, fit_ridge
from reexplore.surrogate.metal_neighbours import linear_part
from reexplore.surrogate.samples import Sample, composition, targets_kcal_mol


class Composition:
    """A ridge regression on element counts and on the charge of the ligands, one for each fold."""

    title: ClassVar[str] = "composition ridge"
    needs_geometries: ClassVar[bool] = False

    @staticmethod
    def settings(declared: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ARG004
        """Return nothing: its penalty follows from the labels."""
        return {}

    @staticmethod
    def train(
        samples: Sequence[Sample],
        out: HoldOut,
        settings: Mapping[str, Any],  # noqa: ARG004
        path: Path,
    ) -> MemberReport:
        """Fit the line on what the member is to see."""
        target, held_out = targets_kcal_mol(samples), out.is_held_out(samples)
        rows = [composition(sample) for sample in samples]
        inside = np.flatnonzero(~held_out)
        fit = fit_ridge([rows[i] for i in inside], target[inside])
        path.write_text(json.dumps(fit.to_dict()), encoding="utf-8")
        return MemberReport.of_fit(
            samples, out.member, held_out=held_out, target_kcal_mol=target, said_kcal_mol=fit.predict(rows)
        )

    @staticmethod
    def load(paths: Sequence[Path]) -> Ensemble:
        """Return the saved lines."""
        return _Lines([RidgeFit.from_dict(json.loads(path.read_text(encoding="utf-8"))) for path in paths])


class _Lines:
    def __init__(self, fits: Sequence[RidgeFit]) -> None:
        self._fits = fits

    def predict(self, complexes: Complexes) -> NDArray[np.float64]:
        return np.stack([linear_part(fit, complexes) for fit in self._fits], axis=-1)
