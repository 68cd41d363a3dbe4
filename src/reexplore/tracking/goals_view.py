"""The ligands of a campaign by its goals, as the review page shows them: a table and, for two goals, their front."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reexplore.tracking.axes import BOTTOM, LEFT, RIGHT, TOP, Axis, Tick
from reexplore.tracking.estimates import Estimated
from reexplore.tracking.records import CampaignRecord, GoalRecord, LigandRow

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
        Axis.around([one[goal].value for _, *one in seen], *ends)
        for goal, ends in ((0, (LEFT, RIGHT)), (1, (BOTTOM, TOP)))
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
