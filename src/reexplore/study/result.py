"""A study's result: files in its folder, and tables for the terminal."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from rich import box
from rich.table import Table

from reexplore.study.run import Studied
from reexplore.tracking.exports import to_json
from reexplore.tracking.study_record import MEASURES, StudyRecord, StudyRow, predictions_csv

#: Whose interval the table shows; study.csv has all.
_WITH_INTERVAL = ("mae", "mae_within")


def write_result(studied: Studied, folder: Path) -> tuple[Path, ...]:
    """Write the result as JSON, CSV and parity plots; return the files."""
    from reexplore.tracking.study_plots import parity_plots

    record = studied.record
    texts = {"study.json": to_json(record.to_dict()), "study.csv": record.to_csv()}
    texts |= {"predictions.csv": predictions_csv(studied.predictions)}
    for name, text in texts.items():
        partial = folder / f"{name}.{os.getpid()}.partial"
        partial.write_text(text, encoding="utf-8")
        partial.replace(folder / name)
    plots = parity_plots(record, studied.predictions)
    for name, figure in plots.items():
        figure.savefig(folder / name)
    return tuple(folder / name for name in (*texts, *plots))


def result_tables(record: StudyRecord) -> Iterator[Table]:
    """Yield a table for each strategy and split; errors in kcal/mol, intervals where there is room for them."""
    for strategy, split in record.panels:
        rows = [row for row in record.rows if (row.strategy, row.split) == (strategy, split)]
        first = rows[0]
        shown = Table(
            title=f"{strategy}, {split}: {first.known:,} learned, {first.tested:,} of {first.ligands} ligands tested"
            f" ({', '.join(first.parts)})",
            title_justify="left",
            box=box.SIMPLE_HEAD,
            pad_edge=False,
        )
        shown.add_column("model", overflow="fold")
        for heading in MEASURES.values():
            shown.add_column(heading, justify="right", no_wrap=True)
        for row in rows:
            shown.add_row(row.model, *(_cell(row, name) for name in MEASURES))
        yield shown


def _cell(row: StudyRow, name: str) -> str:
    found = row.measures.get(name)
    if found is None:
        return ""
    if name in _WITH_INTERVAL:
        return str(found)
    return f"{found.mean:.2f}" if name == "rmse" else f"{found.mean:.3f}"
