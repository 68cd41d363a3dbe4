"""A backtest's result: files in its folder, a table, and the sentence that a plan quotes."""

from __future__ import annotations

import json
import os
from pathlib import Path

from rich import box
from rich.table import Table

from reexplore.errors import InputError
from reexplore.tracking.backtest_record import BacktestRecord, Curve, CurvePoint
from reexplore.tracking.exports import to_json

RESULT = "backtest.json"
_SHOWN = ("recall_top5", "recall_top1", "regret", "coverage_90")
_HEADINGS = ("best 5 %", "best 1 %", "regret", "held of 90 %")
#: At these shares of the pool the table has a line, and at the end.
_SHARES = (0.05, 0.10)


def write_result(record: BacktestRecord, folder: Path) -> tuple[Path, ...]:
    """Write the result as JSON, CSV and plots; return the files."""
    from reexplore.tracking.plots import backtest_curves

    texts = {RESULT: to_json(record.to_dict()), "backtest.csv": record.to_csv()}
    for name, text in texts.items():
        partial = folder / f"{name}.{os.getpid()}.partial"
        partial.write_text(text, encoding="utf-8")
        partial.replace(folder / name)
    plots = ["by-labels.png"]
    backtest_curves(record).savefig(folder / plots[0])
    if any(point.core_hours is not None for curve in record.curves for point in curve.points):
        plots.append("by-core-hours.png")
        backtest_curves(record, against_cost=True).savefig(folder / plots[1])
    return tuple(folder / name for name in (*texts, *plots))


def read_result(folder: Path) -> BacktestRecord:
    """Read the result of a backtest from its folder; raise `InputError` where there is none."""
    try:
        return BacktestRecord.from_dict(json.loads((folder / RESULT).read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise InputError(f"{folder} holds no result of a backtest: `reexplore backtest` writes one") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{folder / RESULT} cannot be read: {error}") from None


def result_table(record: BacktestRecord) -> Table:
    """Return the result as a table for the terminal: each policy at some numbers of labels, and at the end."""
    shown = Table(
        title=f"{record.pool}: {record.objective}; {record.candidates:,} labels in {record.groups} groups,"
        f" {record.best['top5']} count as the best 5 %, {record.best['top1']} as the best 1 %",
        caption=f"mean over {record.curves[0].seeds} seeds with its 90 % confidence interval; regret in {record.unit}",
        title_justify="left",
        caption_justify="left",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
    )
    # Long names are folded: the numbers have to be seen whole.
    shown.add_column("policy", overflow="fold")
    for heading in ("labels", *_HEADINGS):
        shown.add_column(heading, justify="right", no_wrap=heading != "labels")
    counts = {record.curves[0].at(round(share * record.candidates)).labels for share in _SHARES} | {record.labels}
    for labels in sorted(counts):
        shown.add_section()
        for curve in record.curves:
            shown.add_row(*_cells(curve, curve.at(labels)))
    return shown


def ratio_lines(record: BacktestRecord) -> list[str]:
    """Return what labels of others were worth to each policy and surrogate, a sentence each."""
    with_others = {curve.name.partition(", with ")[0] for curve in record.curves if curve.learn_from}
    told = [
        f"{name}: {found} times as many labels with labels of others as without, to the same recall of the best 5 %"
        for name, found in record.shipped_labels_ratio.items()
    ]
    return told + [
        f"{name}: nothing was found after the first batch, so that labels of others cannot be judged"
        for name in sorted(with_others - record.shipped_labels_ratio.keys())
    ]


def plan_quotes(folder: Path | None, *, beside: Path, policy: str, share: float) -> list[str]:
    """Return what a backtest says of a policy once this share of the candidates is labelled, in sentences.

    `folder` is the one a person names; without it there may be a folder `backtest` beside the campaign file. Raises
    `InputError` where the folder that was named holds no result.
    """
    if folder is None:
        folder = beside.parent / "backtest"
        if not (folder / RESULT).is_file():
            return []
    record = read_result(folder)
    mine = [curve for curve in record.curves if curve.policy == policy]
    if not mine:
        tried = ", ".join(dict.fromkeys(curve.policy for curve in record.curves))
        return [f"the backtest in {folder} did not try the policy {policy}: it tried {tried}"]
    told = []
    for curve in mine:
        point = curve.at(round(share * record.candidates))
        found, times = point.measures["recall_top5"], point.measures["enrichment_top5"]
        told.append(
            f"backtest on {record.pool} ({record.objective}): {curve.name} found {found} of the best 5 % with"
            f" {point.labels} of {record.candidates:,} labels, {times.mean:.1f} times random"
        )
    return told


def _cells(curve: Curve, point: CurvePoint) -> list[str]:
    measures = [point.measures.get(name) for name in _SHOWN]
    return [curve.name, str(point.labels), *("" if each is None else str(each) for each in measures)]
