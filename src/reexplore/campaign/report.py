"""What a campaign leaves for people: files in its folder, the MLflow mirror, and a table to print."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from rich import box
from rich.table import Table

from reexplore.campaign.bench import Bench
from reexplore.campaign.ledger import Ledger
from reexplore.campaign.record import campaign_record
from reexplore.campaign.setup import Setup
from reexplore.tracking.records import CampaignRecord, CandidateRow, TrackingError
from reexplore.tracking.review import PAGE_NAME, review_page

_PAGE_ROWS = 40
_CSV_COLUMNS = [
    "group",
    "rank",
    "name",
    "ligand",
    "smiles",
    "metal",
    "ligands",
    "waters",
    "charge",
    "status",
    "round",
    "role",
    "predicted_kcal_mol",
    "sigma_kcal_mol",
    "dft_kcal_mol",
    "warnings",
]


@dataclass(frozen=True)
class Report:
    """Writes the report of a campaign whenever a round is closed."""

    setup: Setup

    def round_closed(self, bench: Bench, number: int) -> None:
        """Say what the round came to, and bring files and mirror up to date."""
        record = campaign_record(bench.setup, bench.ledger)
        errors = record.rounds[number].mean_absolute_errors
        told = ", ".join(f"{model} {error:.1f}" for model, error in errors.items())
        bench.narrator.say(
            f"round {number} closed: {record.labels} labels; out-of-fold MAE in kcal/mol: {told or 'none yet'}"
        )
        write_files(record, self.setup.folder)
        self._mirror(bench, record)

    def campaign_ended(self, bench: Bench) -> None:
        """Bring files and mirror up to date once more."""
        record = campaign_record(bench.setup, bench.ledger)
        write_files(record, self.setup.folder)
        if bench.ledger.unsent_rounds():
            self._mirror(bench, record)

    def _mirror(self, bench: Bench, record: CampaignRecord) -> None:
        try:
            mirror(self.setup, bench.ledger, record)
        except TrackingError as error:
            # The ledger has everything: a tracker that is down must not stop chemistry.
            bench.narrator.say(f"MLflow was not reached ({error}); `reexplore campaign sync` sends it later")


def mirror(setup: Setup, ledger: Ledger, record: CampaignRecord) -> None:
    """Bring the MLflow mirror up to date; raise `TrackingError` when it cannot be reached."""
    from reexplore.tracking.mlflow import Tracker

    Tracker(setup.tracking).sync(record)
    ledger.mark_sent()


def write_files(record: CampaignRecord, folder: Path) -> None:
    """Write the page, the table and the labelled geometries into the campaign's folder."""
    report = folder / "report"
    report.mkdir(parents=True, exist_ok=True)
    _replace(report / PAGE_NAME, review_page(record, top=_PAGE_ROWS))
    with (report / "candidates.csv.partial").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(_CSV_COLUMNS)
        writer.writerows([_cell(row, column) for column in _CSV_COLUMNS] for row in record.rows)
    (report / "candidates.csv.partial").rename(report / "candidates.csv")
    labelled = [row for row in record.rows if row.dft_kcal_mol is not None]
    _replace(report / "labels.extxyz", "".join(_labelled_extxyz(row) for row in labelled))


def _replace(path: Path, text: str) -> None:
    partial = path.with_name(f"{path.name}.partial")
    partial.write_text(text, encoding="utf-8")
    partial.rename(path)


def _cell(row: CandidateRow, column: str) -> str:
    value = row.verdict if column == "status" else getattr(row, column)
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.3f}"
    return "; ".join(value) if isinstance(value, tuple) else str(value)


def _labelled_extxyz(row: CandidateRow) -> str:
    count, comment, *atoms = str(row.geometry_xyz).splitlines()
    facts = f'{comment} name="{row.name}" smiles="{row.smiles}" binding_energy_kcal_mol={row.dft_kcal_mol:.6f}'
    return "\n".join((count, facts, *atoms)) + "\n"


def candidate_table(record: CampaignRecord, *, top: int) -> Table:
    """Return the best candidates of each group as a table for the terminal."""
    table = Table(
        title=f"{record.name}: binding energies in kcal/mol, level {record.level}",
        title_justify="left",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
    )
    table.add_column("rank", justify="right", min_width=4)
    table.add_column("candidate", no_wrap=True)
    table.add_column("predicted", justify="right", no_wrap=True)
    table.add_column("label", justify="right", no_wrap=True)
    table.add_column("round", no_wrap=True)
    for group in dict.fromkeys(row.group for row in record.rows):
        table.add_section()
        table.add_row("", f"[bold]{group}[/bold]")
        for row in [row for row in record.rows if row.group == group and row.rank is not None][:top]:
            table.add_row(*_table_cells(row))
    return table


def _table_cells(row: CandidateRow) -> tuple[str, ...]:
    predicted = f"{row.predicted_kcal_mol:.1f} ± {row.sigma_kcal_mol:.1f}" if row.predicted_kcal_mol is not None else ""
    label = f"{row.dft_kcal_mol:.1f}" if row.dft_kcal_mol is not None else ""
    origin = f"{row.round}, {row.role}" if row.role else ""
    return str(row.rank), row.name + (" !" if row.warnings else ""), predicted, label, origin


def footnotes(record: CampaignRecord) -> list[str]:
    """Return the sentences that belong under the table: what ranks mean, and the warnings of the rows."""
    told = {warning for row in record.rows for warning in row.warnings}
    notes = ["more negative binds stronger; ranks hold within one group only; left out: " + ", ".join(record.omissions)]
    return notes + [f"! {warning}" for warning in sorted(told)]
