"""Measured anchors as the review page shows them: measured against computed, with candidates on the computed axis."""

from __future__ import annotations

from dataclasses import dataclass

from reexplore.tracking.anchor_records import AnchorPanel, AnchorRow, Line, Marked
from reexplore.tracking.axes import BOTTOM, LEFT, RIGHT, TOP, Axis, Tick
from reexplore.tracking.goals_view import with_error

#: Steps in which the band beside a line is drawn.
_STEPS = 60


@dataclass(frozen=True)
class Spot:
    """An anchor in pixels, with its number in the table, or a candidate; `top` is where its calibrated constant is."""

    title: str
    number: int
    x: float
    y: float
    top: float | None = None


@dataclass(frozen=True)
class AnchorPlot:
    """Measured against computed: `equal`, `calibration` and `regression` are lines, `band` the calibration's error."""

    x_title: str
    y_title: str
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    anchors: tuple[Spot, ...]
    candidates: tuple[Spot, ...]
    equal: str
    calibration: str
    band: str
    regression: str


def anchor_plot(panel: AnchorPanel) -> AnchorPlot:
    """Return a panel as a drawing; energies become stronger to the right, so that agreement rises as constants do."""
    ends = (LEFT, RIGHT) if panel.is_constant else (RIGHT, LEFT)
    x = Axis.around([*(row.computed for row in panel.rows), *(one.computed for one in panel.candidates)], *ends)
    told = [one.calibrated.value for one in panel.candidates if one.calibrated is not None]
    y = Axis.around([*(row.measured for row in panel.rows), *told], BOTTOM, TOP)
    band = panel.calibration
    return AnchorPlot(
        x_title=f"computed {panel.computed}" + ("" if panel.is_constant else ", kcal/mol (stronger to the right)"),
        y_title=f"measured {panel.measured}",
        x_ticks=x.ticks,
        y_ticks=y.ticks,
        anchors=tuple(
            Spot(_of_anchor(row), number, x.at(row.computed), y.at(row.measured))
            for number, row in enumerate(panel.rows, start=1)
        ),
        candidates=tuple(
            Spot(
                _of_candidate(one),
                0,
                x.at(one.computed),
                BOTTOM,
                y.at(one.calibrated.value) if one.calibrated else None,
            )
            for one in panel.candidates
        ),
        equal=_path(Line(1.0, 0.0, 0.0), x, y) if panel.is_constant else "",
        calibration=_path(band, x, y),
        band="" if band is None else _band(band, x, y),
        regression=_path(panel.regression, x, y),
    )


def _path(line: Line | None, x: Axis, y: Axis) -> str:
    """Return the part of a line that is inside of the axes."""
    if line is None:
        return ""
    first, last = x.low, x.high
    if line.slope:
        low, high = sorted((end - line.intercept) / line.slope for end in (y.low, y.high))
        first, last = max(first, low), min(last, high)
    elif not y.low < line.intercept < y.high:
        return ""
    if first >= last:
        return ""
    ends = [(value, line.slope * value + line.intercept) for value in (first, last)]
    return "".join(f"{letter}{x.at(a)} {y.at(b)}" for letter, (a, b) in zip("ML", ends, strict=True))


def _band(line: Line, x: Axis, y: Axis) -> str:
    """Return the area within the error of a line, as far as it is inside of the axes."""
    values = [x.low + (x.high - x.low) * step / _STEPS for step in range(_STEPS + 1)]
    middle = [(x.at(value), line.slope * value + line.intercept) for value in values]
    upper = [f"{at} {y.at(height + line.error_log_units)}" for at, height in middle]
    lower = [f"{at} {y.at(height - line.error_log_units)}" for at, height in reversed(middle)]
    return f"M{'L'.join([*upper, *lower])}Z"


def _of_anchor(row: AnchorRow) -> str:
    told = f"{row.ligand}: measured {row.measured:.2f}, computed {row.computed:.1f}"
    told += "" if row.calibrated is None else f", calibrated on the others {row.calibrated:.1f}"
    return _signs(f"{told}; {row.coordination_number} donors, the aqua ion {row.aqua_waters}")


def _of_candidate(one: Marked) -> str:
    told = f"candidate {one.name}: computed {one.computed:.1f}"
    return _signs(told) if one.calibrated is None else f"{_signs(told)}, calibrated {with_error(one.calibrated)}"


def _signs(text: str) -> str:
    return text.replace(" -", " −")
