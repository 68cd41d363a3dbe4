"""A study as plain values: how well each model did on each strategy and split, with intervals, and every prediction."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from reexplore.tracking.backtest_record import Interval
from reexplore.tracking.exports import csv_of

#: What is measured, by the name it is tracked under, with how it is read; errors in kcal/mol.
MEASURES = {
    "mae": "MAE",
    "rmse": "RMSE",
    "r2": "r²",
    "spearman": "Spearman",
    "mae_within": "MAE in groups",
}


@dataclass(frozen=True)
class Predicted:
    """What a model said of one complex that it had not seen, in kcal/mol; `group` is the test group."""

    key: str
    metal: str
    ligand: str
    group: str
    part: str
    label_kcal_mol: float
    predicted_kcal_mol: float


@dataclass(frozen=True)
class StudyRow:
    """One model with one strategy on one split: `known` labels were learned (the mean over `parts`), `tested` asked."""

    model: str
    strategy: str
    split: str
    parts: tuple[str, ...]
    known: int
    tested: int
    ligands: int
    measures: Mapping[str, Interval]

    @property
    def name(self) -> str:
        """Return a name to read."""
        return f"{self.model}, {self.strategy}, {self.split}"


@dataclass(frozen=True)
class StudyRecord:
    """A study on one file: `notes` are what a reader has to know, what was left out among them."""

    key: str
    file: str
    column: str
    candidates: int
    ligands: int
    metals: int
    notes: tuple[str, ...]
    rows: tuple[StudyRow, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON-ready values."""
        return asdict(self)

    @property
    def panels(self) -> tuple[tuple[str, str], ...]:
        """Return every strategy with every split of it."""
        return tuple(dict.fromkeys((row.strategy, row.split) for row in self.rows))

    def to_csv(self) -> str:
        """Return the rows as CSV text, each measure with its interval."""
        rows = list(self._flat())
        return csv_of(rows, list(rows[0]))

    def _flat(self) -> Iterator[dict[str, Any]]:
        for row in self.rows:
            flat: dict[str, Any] = {"model": row.model, "strategy": row.strategy, "split": row.split}
            flat |= {"parts": len(row.parts), "known": row.known, "tested": row.tested, "ligands": row.ligands}
            for name in MEASURES:
                found = row.measures.get(name)
                flat |= {name: found.mean if found else None}
                flat |= {f"{name}_low": found.low if found else None, f"{name}_high": found.high if found else None}
            yield flat


def predictions_csv(predictions: Iterable[tuple[StudyRow, Sequence[Predicted]]]) -> str:
    """Return every prediction as CSV text."""
    rows = [
        {"model": row.model, "strategy": row.strategy, "split": row.split} | asdict(each)
        for row, some in predictions
        for each in some
    ]
    return csv_of(rows, list(rows[0]))
