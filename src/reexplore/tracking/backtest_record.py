"""A backtest as plain values: what policies and surrogates found, mean and interval over seeds."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

#: What is measured after every batch, by the name it is tracked under, with how it is read.
MEASURES = {
    "recall_top1": "of the best 1 % found",
    "recall_top5": "of the best 5 % found",
    "enrichment_top5": "best 5 % found, times random",
    "regret": "best label above the best there is",
    "coverage_90": "90 % intervals that held, all batches so far",
    "batch_coverage_90": "90 % intervals that held, this batch",
    "batch_mae": "error of this batch before labelling",
}


@dataclass(frozen=True)
class Interval:
    """A mean with its 90 % confidence interval, None where there is none.

    Of a backtest over seeds (Student's t; a single one has none), of a study over ligands that are drawn again.
    """

    mean: float
    low: float | None
    high: float | None

    def __str__(self) -> str:
        """Return it as it is read in a table: with the longer half of the interval."""
        if self.low is None or self.high is None:
            return f"{self.mean:.2f}"
        return f"{self.mean:.2f} ± {max(self.mean - self.low, self.high - self.mean):.2f}"


@dataclass(frozen=True)
class CurvePoint:
    """Where the trials of one policy and surrogate stand after so many labels; `core_hours` is their mean."""

    labels: int
    core_hours: float | None
    measures: Mapping[str, Interval]


@dataclass(frozen=True)
class Curve:
    """One policy with one surrogate; `surrogate` is empty where the policy asks no model.

    `learn_from` names the pool whose labels it learned from as well.
    """

    policy: str
    surrogate: str
    seeds: int
    points: tuple[CurvePoint, ...]
    learn_from: str = ""

    @property
    def name(self) -> str:
        """Return a name to read."""
        name = f"{self.policy}, {self.surrogate}" if self.surrogate else self.policy
        return f"{name}, with {self.learn_from}" if self.learn_from else name

    def at(self, labels: int) -> CurvePoint:
        """Return the point nearest to so many labels."""
        return min(self.points, key=lambda point: abs(point.labels - labels))


@dataclass(frozen=True)
class BacktestRecord:
    """A backtest on one pool: `candidates` labels are known, `best` counts the best 1 and 5 % over all groups.

    `shipped_labels_ratio` has, by the name of a curve, how many labels its trials needed with labels of others over how
    many without, to the same recall of the best 5 %.
    """

    key: str
    pool: str
    objective: str
    unit: str
    candidates: int
    groups: int
    best: Mapping[str, int]
    start: int
    batch: int
    labels: int
    notes: tuple[str, ...]
    curves: tuple[Curve, ...]
    shipped_labels_ratio: Mapping[str, Interval] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON-ready values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> BacktestRecord:
        """Read it from `to_dict`."""
        curves = tuple(
            Curve(c["policy"], c["surrogate"], c["seeds"], tuple(map(_point, c["points"])), c.get("learn_from", ""))
            for c in data["curves"]
        )
        ratios = {name: Interval(**found) for name, found in data.get("shipped_labels_ratio", {}).items()}
        return cls(**{**data, "notes": tuple(data["notes"]), "curves": curves, "shipped_labels_ratio": ratios})

    def rows(self) -> Iterator[dict[str, Any]]:
        """Yield every point of every curve as a row of a table, each measure with its interval."""
        for curve in self.curves:
            for point in curve.points:
                row: dict[str, Any] = {"policy": curve.policy, "surrogate": curve.surrogate}
                row |= {"learn_from": curve.learn_from, "seeds": curve.seeds}
                row |= {"labels": point.labels, "core_hours": point.core_hours}
                for name in MEASURES:
                    found = point.measures.get(name)
                    row |= {name: found.mean if found else None}
                    row |= {f"{name}_low": found.low if found else None, f"{name}_high": found.high if found else None}
                yield row

    def to_csv(self) -> str:
        """Return the points as CSV text."""
        rows, text = list(self.rows()), io.StringIO()
        writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        return text.getvalue()


def _point(data: Mapping[str, Any]) -> CurvePoint:
    measures = {name: Interval(**found) for name, found in data["measures"].items()}
    return CurvePoint(data["labels"], data["core_hours"], measures)
