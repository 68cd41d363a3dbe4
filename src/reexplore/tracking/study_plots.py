"""Parity plots of a study: what each model said of complexes it had not seen, against their labels."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from reexplore.tracking.plots import COLOURS, STYLE
from reexplore.tracking.study_record import Predicted, StudyRecord, StudyRow

#: Two columns of a journal are seven inches wide; 300 dots an inch is what journals ask for.
_WIDTH_INCHES, _DPI, _ACROSS = 7.0, 300, 3
#: How far axes go beyond the labels for predictions, and beyond both, in widths of the labels.
_BEYOND, _MARGIN = 0.25, 0.05


def parity_plots(record: StudyRecord, predictions: Iterable[tuple[StudyRow, Sequence[Predicted]]]) -> dict[str, Figure]:
    """Return a figure for each strategy and split by the name of its file, with a panel for each model.

    All panels have the same axes, in kcal/mol; the line is where prediction and label agree.
    """
    listed = list(predictions)
    return {
        f"parity-{re.sub(r'[^a-z]+', '-', strategy)}-{split}.png": _figure(
            [(row, some) for row, some in listed if (row.strategy, row.split) == (strategy, split)]
        )
        for strategy, split in record.panels
    }


def _figure(rows: Sequence[tuple[StudyRow, Sequence[Predicted]]]) -> Figure:
    down = math.ceil(len(rows) / _ACROSS)
    with rc_context(STYLE | {"font.size": 8, "axes.titlesize": 9}):
        figure = Figure(figsize=(_WIDTH_INCHES, 2.5 * down + 0.4), dpi=_DPI, layout="constrained")
        FigureCanvasAgg(figure)
        grid = figure.subplots(down, _ACROSS, squeeze=False, sharex=True, sharey=True)
        low, high = _ends([each for _, some in rows for each in some])
        metals = sorted({each.metal for _, some in rows for each in some})
        for axes, (row, some) in zip(grid.flat, rows, strict=False):
            _panel(axes, row, some, metals)
            axes.plot((low, high), (low, high), color="#9aa6b0", lw=0.8, zorder=1)
            if outside := sum(not low <= each.predicted_kcal_mol <= high for each in some):
                axes.text(0.96, 0.04, f"{outside} outside", transform=axes.transAxes, ha="right", fontsize=7)
            axes.set_xlim(low, high)
            axes.set_ylim(low, high)
            axes.set_aspect("equal")
        for axes in grid.flat[len(rows) :]:
            axes.set_visible(False)
        figure.supxlabel("label, kcal/mol", fontsize=9)
        figure.supylabel("predicted, kcal/mol", fontsize=9)
        if 1 < len(metals) <= len(COLOURS):
            figure.legend(*grid[0, 0].get_legend_handles_labels(), loc="outside upper right", ncols=len(metals))
        return figure


def _ends(some: Sequence[Predicted]) -> tuple[float, float]:
    """Return the ends of the axes: all labels, and predictions as far as they are not absurd."""
    labels, said = [each.label_kcal_mol for each in some], [each.predicted_kcal_mol for each in some]
    size = max(labels) - min(labels) or 1.0
    low = max(min(*labels, *said), min(labels) - _BEYOND * size)
    high = min(max(*labels, *said), max(labels) + _BEYOND * size)
    return low - _MARGIN * size, high + _MARGIN * size


def _panel(axes: Axes, row: StudyRow, some: Sequence[Predicted], metals: Sequence[str]) -> None:
    # Beyond seven colours nobody tells metals apart.
    by_metal = 1 < len(metals) <= len(COLOURS)
    for metal, colour in zip(metals if by_metal else ("",), COLOURS, strict=False):
        mine = [each for each in some if each.metal == metal or not by_metal]
        points = np.array([(each.label_kcal_mol, each.predicted_kcal_mol) for each in mine]).reshape(-1, 2)
        axes.scatter(points[:, 0], points[:, 1], s=6, color=colour, alpha=0.7, lw=0, label=metal, zorder=2)
    axes.set_title(row.model)
    told = [f"MAE {row.measures['mae'].mean:.2f}"]
    told += [f"r² {row.measures['r2'].mean:.3f}"] if "r2" in row.measures else []
    axes.text(0.04, 0.96, "\n".join(told), transform=axes.transAxes, va="top", fontsize=7)
