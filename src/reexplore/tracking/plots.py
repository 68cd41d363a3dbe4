"""Figures of a campaign, parity of one round, errors and best label over rounds; and the curves of a backtest."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import cycle
from typing import Any

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from reexplore.tracking.backtest_record import MEASURES, BacktestRecord
from reexplore.tracking.records import ENSEMBLE, CampaignRecord, RoundRecord

_INK, _SOFT, _ACCENT = "#1d2730", "#55626e", "#0f6674"
# Okabe and Ito's colours, which most colour-blind readers can tell apart, without their yellow.
COLOURS = ("#E69F00", "#56B4E9", "#009E73", "#D55E00", "#CC79A7", "#0072B2", "#7f7f7f")
#: How every figure looks.
STYLE: dict[Any, Any] = {
    "font.size": 10,
    "axes.edgecolor": "#9aa6b0",
    "axes.labelcolor": _INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 12,
    "axes.titleweight": "bold",
    "text.color": _INK,
    "xtick.color": _SOFT,
    "ytick.color": _SOFT,
    "axes.grid": True,
    "grid.color": "#eceff1",
    "axes.axisbelow": True,
    "legend.frameon": False,
}


def parity_plot(round_: RoundRecord) -> Figure:
    """Draw what was predicted against the labels of one round.

    Filled points were predicted before their label was bought and test the model; hollow ones were
    fitted. The caption holds the mean absolute errors of the ensemble and of every baseline.
    """
    with _axes(f"Round {round_.number}: predictions against labels", size=(5.2, 5.6)) as (figure, axes):
        kinds: tuple[tuple[bool, dict[str, Any]], ...] = (
            (True, {"color": _ACCENT, "mfc": _ACCENT, "label": "predicted before labelling"}),
            (False, {"color": "#9aa6b0", "mfc": "white", "label": "fitted"}),
        )
        for before, look in kinds:
            points = [p for p in round_.parity if p.before_labelling is before]
            if points:
                axes.errorbar(
                    [p.observed_kcal_mol for p in points],
                    [p.predicted_kcal_mol for p in points],
                    yerr=[p.sigma_kcal_mol for p in points],
                    fmt="o",
                    ms=5.5,
                    elinewidth=1.2,
                    zorder=3 if before else 2,
                    **look,
                )
        if round_.parity:
            low, high = _square(axes)
            axes.plot((low, high), (low, high), color="#9aa6b0", lw=1, dashes=(4, 4), zorder=1)
            axes.legend(loc="upper left", fontsize=9)
        else:
            _say(axes, "this round has no labels with a prediction")
        axes.set_xlabel("label, kcal/mol")
        axes.set_ylabel("predicted ± σ, kcal/mol")
        errors = {k: v for k, v in round_.mean_absolute_errors.items() if math.isfinite(v)}
        if errors:
            lines = ["mean absolute error, kcal/mol"] + [f"{name} {value:.2f}" for name, value in errors.items()]
            axes.text(
                0.98,
                0.02,
                "\n".join(lines),
                transform=axes.transAxes,
                ha="right",
                va="bottom",
                fontsize=9,
                color=_SOFT,
            )
        return figure


def learning_curve(rounds: Sequence[RoundRecord]) -> Figure:
    """Draw the mean absolute error of the ensemble and of each baseline against the labels in hand."""
    with _axes("Error on labels not trained on", size=(6.4, 4.2)) as (figure, axes):
        models = dict.fromkeys(name for r in rounds for name in r.mean_absolute_errors)
        colours = iter(COLOURS * (len(models) // len(COLOURS) + 1))
        for name in sorted(models, key=lambda name: (name != ENSEMBLE, name)):
            points = [(r.labels, r.mean_absolute_errors[name]) for r in rounds if name in r.mean_absolute_errors]
            ours = name == ENSEMBLE
            axes.plot(
                *zip(*points, strict=True),
                marker="o",
                ms=5 if ours else 4,
                lw=2.4 if ours else 1.4,
                color=_ACCENT if ours else next(colours),
                zorder=3 if ours else 2,
                label=name,
            )
        if models:
            axes.set_ylim(bottom=0)
            axes.legend(fontsize=9)
        else:
            _say(axes, "no model has been tested yet")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.set_xlabel("labels")
        axes.set_ylabel("mean absolute error, kcal/mol")
        return figure


def best_per_group(record: CampaignRecord, *, groups: int = 7) -> Figure:
    """Draw the strongest label known after each round, for the `groups` with the most labels."""
    with _axes("Strongest label so far", size=(6.4, 4.2)) as (figure, axes):
        labels = [row.group for row in record.rows if row.dft_kcal_mol is not None]
        curves = record.best_by_round()
        shown = sorted(curves, key=lambda name: (-labels.count(name), name))[:groups]
        for colour, name in zip(COLOURS * (groups // len(COLOURS) + 1), shown, strict=False):
            numbers, energies = zip(*curves[name], strict=True)
            axes.step(numbers, energies, where="post", marker="o", ms=4, lw=1.6, color=colour, label=name)
        if shown:
            axes.legend(fontsize=8, loc="upper left", bbox_to_anchor=(0, -0.16), ncols=2)
        else:
            _say(axes, "nothing has been labelled yet")
        if len(shown) < len(curves):
            axes.set_title(
                f"{len(shown)} of {len(curves)} groups",
                loc="right",
                fontsize=9,
                color=_SOFT,
                fontweight="normal",
            )
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.set_xlabel("round")
        axes.set_ylabel("binding energy, kcal/mol")
        return figure


#: The measures of a backtest that are drawn.
_PANELS = ("recall_top5", "recall_top1", "regret", "coverage_90")


def backtest_curves(record: BacktestRecord, *, against_cost: bool = False) -> Figure:
    """Draw what policies found against the labels they bought, or against core-hours, mean and interval over seeds."""
    with rc_context(STYLE):
        figure = Figure(figsize=(9.6, 7.4), dpi=150, layout="constrained")
        FigureCanvasAgg(figure)
        figure.suptitle(
            f"{record.objective}, {record.candidates:,} labels in {record.groups} groups", x=0.01, ha="left"
        )
        for axes, measure in zip(figure.subplots(2, 2).flat, _PANELS, strict=True):
            for colour, curve in zip(cycle(COLOURS), record.curves, strict=False):
                points = [p for p in curve.points if measure in p.measures]
                if against_cost:
                    points = [p for p in points if p.core_hours is not None]
                if not points:
                    continue
                x = [p.core_hours if against_cost else p.labels for p in points]
                is_random = not curve.surrogate
                look: dict[str, Any] = {"color": _SOFT if is_random else colour, "lw": 1.4 if is_random else 2.0}
                found = [p.measures[measure] for p in points]
                axes.plot(x, [each.mean for each in found], label=curve.name, **look)
                bands = [(each.low, each.high) for each in found if each.low is not None and each.high is not None]
                if len(bands) == len(found):
                    axes.fill_between(x, *zip(*bands, strict=True), color=look["color"], alpha=0.15, lw=0)
            if measure == "coverage_90":
                axes.axhline(0.9, color="#9aa6b0", lw=1, dashes=(4, 4))
            if measure != "regret":
                axes.set_ylim(0, 1.02)
            else:
                axes.set_ylim(bottom=0)
            in_unit = f", {record.unit}" if measure == "regret" else ""
            axes.set_title(MEASURES[measure] + in_unit, fontsize=10)
            axes.set_xlabel("core-hours" if against_cost else "labels")
            axes.xaxis.set_major_locator(MaxNLocator(integer=not against_cost))
        if figure.axes[0].lines:
            figure.axes[0].legend(fontsize=9)
        else:
            _say(figure.axes[0], "the pool does not tell all costs")
        return figure


@contextmanager
def _axes(title: str, *, size: tuple[float, float]) -> Iterator[tuple[Figure, Axes]]:
    # A figure of its own canvas, without pyplot: no global state and no display.
    with rc_context(STYLE):
        figure = Figure(figsize=size, dpi=150, layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.subplots()
        axes.set_title(title, pad=10)
        yield figure, axes


def _square(axes: Axes) -> tuple[float, float]:
    (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
    low, high = min(left, bottom), max(right, top)
    axes.set_xlim(low, high)
    axes.set_ylim(low, high)
    axes.set_aspect("equal")
    return low, high


def _say(axes: Axes, text: str) -> None:
    axes.text(0.5, 0.5, text, transform=axes.transAxes, ha="center", va="center", color=_SOFT)
    axes.set_xticks([])
    axes.set_yticks([])
