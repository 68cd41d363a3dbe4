"""What became of each row of a ligand file: a table to print, JSON, and a file of the report."""

from __future__ import annotations

import csv
import io
from typing import Any

from rich import box
from rich.markup import escape
from rich.table import Table

from reexplore.campaign.declaration.setup import Setup
from reexplore.sources.base import SMILES, START
from reexplore.sources.ligand_list import LigandList, Verdict
from reexplore.tracking.exports import spreadsheet_cell

#: What the report's file has beside the columns of the ligand file.
_COLUMNS = ("line", "status", "reason", "donors", "donors from")


def ligand_table(ligands: LigandList) -> Table:
    """Return every row with its donors, or with the reason why it is refused, as a table for the terminal."""
    named = ligands.table.title
    title = f"{named[0].upper()}{named[1:]}: {ligands.count()}"
    shown = Table(title=escape(title), title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    shown.add_column("line", justify="right", no_wrap=True)
    shown.add_column("name")
    shown.add_column("donors")
    shown.add_column("charge", justify="right", no_wrap=True)
    shown.add_column("verdict")
    for verdict in ligands.verdicts:
        charge = "" if verdict.single is None else f"{verdict.single.ligand.charge:d}"
        told = verdict.origin if verdict.is_accepted else verdict.status
        told += f", starts from {verdict.row[START]}" if verdict.start is not None else ""
        told += f": {verdict.reason}" if verdict.reason else ""
        doubt = " !" if verdict.single is not None and verdict.single.ligand.warnings else ""
        name = verdict.name or "(no name)"
        shown.add_row(str(verdict.row.line), escape(name + doubt), verdict.donors, charge, escape(told))
    return shown


def valid_record(setup: Setup) -> dict[str, Any]:
    """Return what a campaign file searches as JSON-ready values, each row of its ligand file among them."""
    space = setup.space
    record = {"campaign": setup.file.name, "arithmetic": space.arithmetic(), "candidates": space.size}
    rows = [_record(verdict) for verdict in setup.ligands.verdicts] if setup.ligands is not None else []
    return record | {"notes": [*setup.fakes, *setup.warnings], "ligands": rows}


def ligands_csv(ligands: LigandList) -> str:
    """Return the rows of a ligand file with all their columns, and what became of each, as CSV text."""
    own = [column for column in ligands.table.columns if column not in _COLUMNS]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*own, *_COLUMNS])
    for verdict in ligands.verdicts:
        told = (str(verdict.row.line), verdict.status, verdict.reason, verdict.donors, verdict.origin)
        writer.writerow([spreadsheet_cell(cell) for cell in (*(verdict.row[column] for column in own), *told)])
    return text.getvalue()


def _record(verdict: Verdict) -> dict[str, Any]:
    ligand = verdict.single.ligand if verdict.single is not None else None
    return {
        "line": verdict.row.line,
        "name": verdict.row.name,
        "ligand": verdict.name,
        "smiles": verdict.row[SMILES],
        "status": verdict.status,
        "reason": verdict.reason,
        "donors": verdict.donors.split(),
        "donors_from": verdict.origin,
        "start_from": verdict.row[START] if verdict.start is not None else None,
        "charge": ligand.charge if ligand is not None else None,
        "doubts": list(ligand.warnings) if ligand is not None else [],
    }
