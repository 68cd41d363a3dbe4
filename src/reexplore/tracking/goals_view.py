"""The ligands of a campaign by its goals, as the review page shows them: a table and, for two goals, their front."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from reexplore.tracking.records import CampaignRecord, Estimated, GoalRecord, LigandRow

# The drawing is 400 × 330 pixels, its axes run over these of them.
_LEFT, _RIGHT, _TOP, _BOTTOM = 60, 390, 10, 280
#: Predictions of a ranking that are drawn and listed beside everything that was tried.
_PREDICTIONS = 12


@dataclass(frozen=True)
class Point:
    """One ligand of the plot in pixels; the bars are one standard deviation of a prediction, no length for a label."""

    title: str
    kind: str
    x: float
    y: float
    across: tuple[float, float]
    up: tuple[float, float]


@dataclass(frozen=True)
class Tick:
    """A place on an axis, with its number."""

    at: float
    text: str


@dataclass(frozen=True)
class FrontPlot:
    """Two goals against each other: `steps` is the line along the front of what is labelled."""

    x_title: str
    y_title: str
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    points: tuple[Point, ...]
    steps: str


@dataclass(frozen=True)
class Ranking:
    """The ligands that may be compared with each other."""

    name: str
    rows: tuple[LigandRow, ...]
    hidden: int
    plot: FrontPlot | None


def rankings(record: CampaignRecord) -> tuple[Ranking, ...]:
    """Return the rankings of a campaign with an objective; without one there is none."""
    found = []
    for name in dict.fromkeys(row.group for row in record.by_goals):
        mine = [row for row in record.by_goals if row.group == name]
        tried = [row for row in mine if row.status != "predicted"]
        rest = [row for row in mine if row.status == "predicted"]
        shown = [row for row in mine if row in tried or row in rest[:_PREDICTIONS]]
        # Labels first: they are known.
        shown.sort(key=lambda row: (not row.is_labelled, not row.on_front))
        plot = front_plot(shown, record.goals) if len(record.goals) == 2 else None
        found.append(Ranking(name, tuple(shown), len(mine) - len(shown), plot))
    return tuple(found)


def front_plot(rows: Sequence[LigandRow], goals: Sequence[GoalRecord]) -> FrontPlot | None:
    """Return two goals drawn against each other, None when nothing has both."""
    seen = [(row, *pair) for row in rows if (pair := _pair(row)) is not None]
    if not seen:
        return None
    x_axis, y_axis = (
        _Axis.around([one[goal] for _, *one in seen], *ends)
        for goal, ends in ((0, (_LEFT, _RIGHT)), (1, (_BOTTOM, _TOP)))
    )
    points = tuple(
        Point(
            _title(row, goals),
            "front" if row.on_front else "labelled" if row.is_labelled else "predicted",
            x_axis.at(x.value),
            y_axis.at(y.value),
            (x_axis.at(x.value - _bar(row, x)), x_axis.at(x.value + _bar(row, x))),
            (y_axis.at(y.value - _bar(row, y)), y_axis.at(y.value + _bar(row, y))),
        )
        for row, x, y in seen
    )
    front = sorted((p.x, p.y) for p in points if p.kind == "front")
    return FrontPlot(
        _words(goals[0]),
        _words(goals[1]),
        x_axis.ticks,
        y_axis.ticks,
        points,
        "".join(f"{'L' if number else 'M'}{x} {y}" for number, (x, y) in enumerate(front)),
    )


def _pair(row: LigandRow) -> tuple[Estimated, Estimated] | None:
    x, y = row.labels if row.is_labelled else row.predicted
    return None if x is None or y is None else (x, y)


def _bar(row: LigandRow, one: Estimated) -> float:
    return 0.0 if row.is_labelled or one.error is None else one.error


def _words(goal: GoalRecord) -> str:
    return f"{goal.title}, {goal.unit} ({goal.direction} wanted)"


def _title(row: LigandRow, goals: Sequence[GoalRecord]) -> str:
    known = row.labels if row.is_labelled else row.predicted
    told = (f"{goal.title} {with_error(one)}" for goal, one in zip(goals, known, strict=True))
    return f"{row.ligand}, {'label' if row.is_labelled else 'predicted'}: {', '.join(told)}"


def with_error(one: Estimated | None) -> str:
    """Return a number as it is read, with its error where it has one."""
    if one is None:
        return "–"
    error = "" if one.error is None else f" ± {one.error:.1f}"
    return f"{one.value:.1f}{error}".replace("-", "−")


@dataclass(frozen=True)
class _Axis:
    low: float
    high: float
    first: int
    last: int

    @classmethod
    def around(cls, ones: Iterable[Estimated], first: int, last: int) -> _Axis:
        values = [one.value for one in ones]
        margin = 0.12 * (max(values) - min(values)) or 1.0
        return cls(min(values) - margin, max(values) + margin, first, last)

    def at(self, value: float) -> float:
        inside = min(max(value, self.low), self.high)
        return round(self.first + (inside - self.low) / (self.high - self.low) * (self.last - self.first), 1)

    @property
    def ticks(self) -> tuple[Tick, ...]:
        return tuple(Tick(self.at(t), f"{t:g}".replace("-", "−")) for t in round_numbers(self.low, self.high))


def round_numbers(low: float, high: float) -> list[float]:
    """Return about five round numbers between two."""
    rough = (high - low) / 5
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough)
    return [step * k for k in range(math.ceil(low / step), math.floor(high / step) + 1)]
