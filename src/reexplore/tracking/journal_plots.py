"""The figures of a written report, as a journal takes them: one column wide, 600 dots an inch, no title."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from reexplore.tracking.plots import COLOURS
from reexplore.tracking.records import ENSEMBLE, CampaignRecord, GoalRecord, LigandRow, ParityPoint

#: A column of most journals of the field, and its type.
_WIDTH_INCHES = 3.3
_STYLE: dict[str, object] = {
    "font.size": 8,
    "font.family": "sans-serif",
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "lines.linewidth": 1.2,
    "lines.markersize": 4,
    "legend.frameon": False,
    "legend.fontsize": 7,
    "xtick.direction": "out",
    "ytick.direction": "out",
}
#: Fewer labels make no curve of coverage: each is a step of its own.
_FEWEST_FOR_COVERAGE = 5


@dataclass(frozen=True)
class ReportFigure:
    """A figure by the `name` of its file, with its caption, as PNG for the page and SVG for the typesetter."""

    name: str
    caption: str
    png: bytes
    svg: str


def journal_figures(record: CampaignRecord) -> list[ReportFigure]:
    """Return the figures that a campaign has data for."""
    return list(_figures(record))


def _figures(record: CampaignRecord) -> Iterator[ReportFigure]:
    points = [p for r in record.rounds for p in r.parity if p.before_labelling]
    if points:
        yield _figure(
            "parity",
            f"Predictions made before labelling against the labels, {len(points)} candidates; bars are one standard"
            " deviation. A mean absolute error over all of them stands in the figure.",
            lambda axes: _parity(axes, points),
            tall=True,
        )
    if len(points) >= _FEWEST_FOR_COVERAGE:
        yield _figure(
            "calibration",
            f"Share of {len(points)} labels inside the central interval that was predicted before labelling, against"
            " the share that it should hold. Most were chosen by the models and are no fair sample.",
            lambda axes: _calibration(axes, points),
            tall=True,
        )
    if any(r.mean_absolute_errors for r in record.rounds):
        yield _figure(
            "learning",
            "Mean absolute error on labels not trained on, the ensemble beside its baselines.",
            lambda axes: _learning(axes, record),
        )
    if record.best_by_round():
        yield _figure(
            "best", "Strongest label after each round, by group.", lambda axes: _best(axes, record), tall=True
        )
    if len(record.goals) == 2 and any(row.is_labelled for row in record.by_goals):
        yield _figure(
            "front",
            "Ligands by both goals: filled, labelled; hollow, predicted with one standard deviation; the line joins the"
            " Pareto front of what is labelled.",
            lambda axes: _front(axes, record.by_goals, record.goals),
        )


def _figure(name: str, caption: str, draw: Callable[[Axes], None], *, tall: bool = False) -> ReportFigure:
    with rc_context(_STYLE):  # type: ignore[arg-type]  # matplotlib's own names
        figure = Figure(figsize=(_WIDTH_INCHES, _WIDTH_INCHES * (1.0 if tall else 0.75)), layout="constrained")
        FigureCanvasAgg(figure)
        draw(figure.subplots())
        png, svg = io.BytesIO(), io.StringIO()
        figure.savefig(png, format="png", dpi=600, pil_kwargs={"optimize": True})
        # Without a date the same campaign gives the same file.
        figure.savefig(svg, format="svg", metadata={"Date": None})
    return ReportFigure(name, caption, png.getvalue(), svg.getvalue())


def _parity(axes: Axes, points: Sequence[ParityPoint]) -> None:
    observed = np.array([p.observed_kcal_mol for p in points])
    predicted = np.array([p.predicted_kcal_mol for p in points])
    sigma = [p.sigma_kcal_mol for p in points]
    axes.errorbar(observed, predicted, yerr=sigma, fmt="o", color=COLOURS[5], elinewidth=0.7, capsize=0)
    low = min(axes.get_xlim()[0], axes.get_ylim()[0])
    high = max(axes.get_xlim()[1], axes.get_ylim()[1])
    axes.plot((low, high), (low, high), color="0.5", lw=0.8, dashes=(4, 3), zorder=0)
    axes.set(xlim=(low, high), ylim=(low, high), xlabel="label / kcal mol⁻¹", ylabel="predicted / kcal mol⁻¹")
    axes.set_aspect("equal")
    error = float(np.abs(predicted - observed).mean())
    axes.text(0.97, 0.04, f"MAE {error:.1f} kcal mol⁻¹\nn = {len(points)}", transform=axes.transAxes, ha="right")


def _calibration(axes: Axes, points: Sequence[ParityPoint]) -> None:
    share = observed_coverage(points)
    axes.plot((0, 1), (0, 1), color="0.5", lw=0.8, dashes=(4, 3))
    axes.plot(*share, color=COLOURS[5], drawstyle="steps-post")
    axes.set(xlim=(0, 1), ylim=(0, 1.01), xlabel="predicted share", ylabel="observed share")
    axes.set_aspect("equal")


def observed_coverage(points: Sequence[ParityPoint]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return shares of a normal distribution's central interval, and the share of labels that lie inside of each.

    V. Kuleshov, N. Fenner, S. Ermon, ICML 2018, PMLR 80, 2796.
    """
    normal = NormalDist()
    held = [
        2 * normal.cdf(abs(p.observed_kcal_mol - p.predicted_kcal_mol) / p.sigma_kcal_mol) - 1
        for p in points
        if p.sigma_kcal_mol > 0
    ]
    levels = np.linspace(0, 1, 101)
    return levels, np.array([np.mean([each <= level for each in held]) for level in levels])


def _learning(axes: Axes, record: CampaignRecord) -> None:
    models = dict.fromkeys(name for r in record.rounds for name in r.mean_absolute_errors)
    for number, name in enumerate(models):
        points = [(r.labels, r.mean_absolute_errors[name]) for r in record.rounds if name in r.mean_absolute_errors]
        look = {"color": COLOURS[5], "lw": 1.8} if name == ENSEMBLE else {"color": COLOURS[number % 5], "ls": "--"}
        axes.plot(*zip(*points, strict=True), marker="o", label=name, **look)
    axes.set_ylim(bottom=0)
    axes.set(xlabel="labels", ylabel="MAE / kcal mol⁻¹")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.legend()


def _best(axes: Axes, record: CampaignRecord) -> None:
    for number, (group, curve) in enumerate(list(record.best_by_round().items())[: len(COLOURS)]):
        axes.step(*zip(*curve, strict=True), where="post", marker="o", color=COLOURS[number], label=group)
    axes.set(xlabel="round", ylabel="strongest label / kcal mol⁻¹")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    if axes.figure is not None:
        axes.figure.legend(loc="outside lower center")


def _front(axes: Axes, rows: Sequence[LigandRow], goals: Sequence[GoalRecord]) -> None:
    for labelled in (False, True):
        mine = [row for row in rows if row.is_labelled is labelled]
        pairs = [one for row in mine if all(one := (row.labels if labelled else row.predicted))]
        if not pairs:
            continue
        x, y = ([getattr(pair[k], "value", np.nan) for pair in pairs] for k in (0, 1))
        errors = ([getattr(pair[k], "error", 0) or 0 for pair in pairs] for k in (0, 1))
        x_error, y_error = errors
        look = {"color": COLOURS[5]} if labelled else {"color": "0.6", "mfc": "white"}
        axes.errorbar(x, y, xerr=x_error, yerr=y_error, fmt="o", elinewidth=0.6, **look)  # type: ignore[arg-type]
    front = sorted((a.value, b.value) for row in rows if row.on_front for a, b in [row.labels[:2]] if a and b)
    if front:
        axes.plot(*zip(*front, strict=True), color=COLOURS[3], lw=1)
    axes.set(
        xlabel=f"{goals[0].title}, {goals[0].unit} ({goals[0].direction} wanted)",
        ylabel=f"{goals[1].title}, {goals[1].unit} ({goals[1].direction} wanted)",
    )
