"""What a campaign leaves for people: files in its folder, the MLflow mirror, and a table to print."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich import box
from rich.table import Table

from reexplore.campaign.declaration.setup import Setup
from reexplore.campaign.ledger.ledger import Ledger
from reexplore.campaign.results.anchor_tables import anchor_notes
from reexplore.campaign.results.ligand_rows import ligands_csv
from reexplore.campaign.results.registered_model import registered_model
from reexplore.campaign.results.snapshot import campaign_record
from reexplore.campaign.running.context import CampaignContext
from reexplore.campaign.steps.funnel import told as told_of_funnel
from reexplore.tracking.decisions import PAST
from reexplore.tracking.exports import (
    CANDIDATE_COLUMNS,
    anchors_json,
    decision_table,
    objective_table,
    series_files,
    table,
)
from reexplore.tracking.exports import finalist_table as finalists
from reexplore.tracking.extended_xyz import with_facts
from reexplore.tracking.goals_view import Ranking, rankings, with_error
from reexplore.tracking.records import (
    CONTRACTION_NOTE,
    CampaignRecord,
    CandidateRow,
    ContractionRow,
    LigandRow,
    RoundRecord,
    SelectivityRow,
    TrackingError,
)
from reexplore.tracking.review_page import PAGE_NAME, review_page

_PAGE_ROWS = 40
#: Of a label with its error; the heading above it is wrapped.
_NUMBER_WIDTH = 11


def report_round(context: CampaignContext, number: int) -> CampaignRecord:
    """Say what a closed round came to, bring the files up to date, and return what they tell."""
    record = campaign_record(context.setup, context.ledger, pool=context.pool)
    errors = record.rounds[number].mean_absolute_errors
    told = ", ".join(f"{model} {error:.1f}" for model, error in errors.items())
    context.narrator.say(
        f"round {number} closed: {record.labels} labels; out-of-fold MAE in kcal/mol: {told or 'none yet'}"
        f"{_held(record.rounds[: number + 1])}"
    )
    if funnel := told_of_funnel(record.rounds[number].metrics):
        context.narrator.say(funnel)
    _write(context, record)
    return record


def _held(rounds: Sequence[RoundRecord]) -> str:
    """Return how many labels lay in the intervals that were predicted before them, over all rounds."""
    told = [r.metrics for r in rounds if r.metrics.get("prospective/n")]
    labels = round(sum(metrics["prospective/n"] for metrics in told))
    if not labels:
        return ""
    inside = round(sum(metrics["prospective/n"] * metrics["prospective/coverage_90"] for metrics in told))
    return f"; predicted before labelling: {inside} of {labels} inside their 90 % intervals"


def report_end(context: CampaignContext) -> None:
    """Bring files and mirror up to date once more: a resume may have found them behind."""
    record = campaign_record(context.setup, context.ledger, pool=context.pool)
    _write(context, record)
    send(context, record)


def _write(context: CampaignContext, record: CampaignRecord) -> None:
    write_files(record, context.setup.folder)
    write_ligands(context.setup)


def send(context: CampaignContext, record: CampaignRecord) -> None:
    """Bring the mirror up to date if it lacks a round; say so where it is not reached."""
    if not context.ledger.unsent_rounds():
        return
    try:
        mirror(context.setup, context.ledger, record)
    except TrackingError as error:
        # The ledger has everything: a tracker that is down must not stop chemistry.
        context.narrator.say(f"MLflow was not reached ({error}); `reexplore campaign sync` sends it later")


def mirror(setup: Setup, ledger: Ledger, record: CampaignRecord) -> None:
    """Bring the MLflow mirror up to date; raise `TrackingError` when it cannot be reached."""
    from reexplore.tracking.mlflow import Tracker

    try:
        Tracker(setup.tracking).sync(record, model=registered_model(setup, ledger))
    except TrackingError:
        raise
    except Exception as error:
        # Whatever is wrong with a mirror that can be rebuilt, it must not stop a campaign.
        raise TrackingError(f"MLflow failed with {type(error).__name__}: {error}") from error
    ledger.mark_sent()


def write_files(record: CampaignRecord, folder: Path) -> None:
    """Write the page, the table and the labelled geometries into the campaign's folder."""
    report = folder / "report"
    report.mkdir(parents=True, exist_ok=True)
    _replace(report / PAGE_NAME, review_page(record, top=_PAGE_ROWS))
    _replace(report / "candidates.csv", table(record.rows))
    for name, text in series_files(record).items():
        _replace(report / name, text)
    labelled = [row for row in record.rows if row.dft_kcal_mol is not None]
    _replace(report / "labels.extxyz", "".join(labelled_extxyz(row) for row in labelled))


def write_ligands(setup: Setup) -> None:
    """Write what became of each row of the campaign's ligand file, where it has one, into the campaign's folder."""
    if setup.ligands is not None:
        _replace(setup.folder / "report" / "ligands.csv", ligands_csv(setup.ligands))


def _replace(path: Path, text: str) -> None:
    # `report` may run beside the driver: each writes its own file, the last one stays.
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)


def labelled_extxyz(row: CandidateRow) -> str:
    """Return a labelled complex as extended XYZ with its energies and doubts."""
    facts: dict[str, str | float | list[str]] = {"name": row.name, "smiles": row.smiles}
    if row.dft_kcal_mol is not None:
        facts["binding_energy_kcal_mol"] = float(row.dft_kcal_mol)
    if row.exchange_kcal_mol is not None:
        facts["exchange_energy_kcal_mol"] = float(row.exchange_kcal_mol)
    if row.other_waters_kcal_mol:
        facts["other_waters_kcal_mol"] = _other_waters(row)
    if row.warnings:
        facts["warnings"] = list(row.warnings)
    return with_facts(str(row.geometry_xyz), facts)


def candidate_table(record: CampaignRecord, *, top: int) -> Table:
    """Return the best candidates of each group as a table for the terminal."""
    shown = Table(
        title=f"{record.name}: binding energies in kcal/mol, level {record.level}",
        title_justify="left",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
    )
    shown.add_column("rank", justify="right", min_width=4)
    # Long names are folded: the numbers have to be seen whole.
    shown.add_column("candidate", overflow="fold")
    shown.add_column("predicted", justify="right", no_wrap=True)
    shown.add_column("label", justify="right", no_wrap=True)
    shown.add_column("exchange", justify="right", no_wrap=True)
    if has_others := any(row.other_waters_kcal_mol for row in record.rows):
        shown.add_column("other m", no_wrap=True)
    if has_partition := any(row.log_p is not None for row in record.rows):
        shown.add_column("log P", justify="right", no_wrap=True)
    shown.add_column("round", justify="right", no_wrap=True)
    for group in dict.fromkeys(row.group for row in record.rows):
        shown.add_section()
        shown.add_row("", f"[bold]{group}[/bold]")
        for row in [row for row in record.rows if row.group == group and row.rank is not None][:top]:
            *cells, chosen_in = _table_cells(row)
            more = [_other_waters(row)] if has_others else []
            more += [_with_error(row.log_p, None)] if has_partition else []
            shown.add_row(*cells, *more, chosen_in)
    return shown


def _other_waters(row: CandidateRow) -> str:
    return ", ".join(f"{waters}: {above:+.1f}" for waters, above in row.other_waters_kcal_mol.items())


def objective_tables(record: CampaignRecord, *, top: int) -> list[Table]:
    """Return the ligands by the goals of the campaign, a table for the terminal for each ranking."""
    return [_objective_table(ranking, record, top=top) for ranking in rankings(record)]


def _worth_a_line(rows: Sequence[LigandRow], *, top: int) -> list[LigandRow]:
    """Return every labelled ligand, and so many of those that are ranked beside them."""
    return [
        *(row for row in rows if row.is_labelled),
        *[row for row in rows if row.rank is not None and not row.is_labelled][:top],
    ]


def _goal_notes(record: CampaignRecord) -> list[str]:
    """Return what each goal means, and how far the models are off in it."""
    notes = []
    for goal in record.goals:
        errors = record.goal_errors.get(f"{goal.title}, {goal.unit}", {})
        told = ", ".join(f"{model} {error:.1f}" for model, error in errors.items())
        held_out = f"; mean absolute error on held-out ligands: {told}" if told else ""
        notes.append(f"{goal.title}, {goal.unit}: {goal.direction} is wanted; {goal.meaning}{held_out}")
    return notes


def _objective_table(ranking: Ranking, record: CampaignRecord, *, top: int) -> Table:
    shown = Table(
        title=f"ligands by the objective: {ranking.name}",
        caption="\n".join(_goal_notes(record)),
        title_justify="left",
        caption_justify="left",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
    )
    shown.add_column("rank", justify="right", no_wrap=True)
    shown.add_column("ligand", overflow="fold")
    for goal in record.goals:
        shown.add_column(goal.title, justify="right", min_width=_NUMBER_WIDTH)
        shown.add_column("predicted", justify="right", no_wrap=True)
    with_constants = any(one for row in ranking.rows for one in row.log_k)
    if with_constants:
        shown.add_column("as a constant", overflow="fold")
    for row in _worth_a_line(ranking.rows, top=top):
        pairs = zip(row.labels, row.predicted, strict=True)
        numbers = [cell for label, predicted in pairs for cell in (with_error(label), with_error(predicted))]
        front = " *" if row.on_front and len(record.goals) > 1 else ""
        marks = (" !" if row.warnings else "") + front
        rank = "–" if row.rank is None else str(row.rank)
        constants = ["\n".join(str(one) for one in row.log_k if one)] if with_constants else []
        waters = ", ".join(f"{metal} {count}" for metal, count in row.waters_by_metal.items())
        shown.add_row(rank, row.ligand + marks + (f", waters: {waters}" if waters else ""), *numbers, *constants)
    return shown


def _table_cells(row: CandidateRow) -> tuple[str, ...]:
    predicted = f"{row.predicted_kcal_mol:.1f} ± {row.sigma_kcal_mol:.1f}" if row.predicted_kcal_mol is not None else ""
    label = _with_error(row.dft_kcal_mol, row.dft_error_kcal_mol)
    exchange = _with_error(row.exchange_kcal_mol, row.exchange_error_kcal_mol)
    # Why it was chosen stands in the files and on the page: eighty columns hold the numbers.
    chosen_in = "" if row.round is None else str(row.round)
    decided = f" ({PAST[row.decision.verdict]})" if row.decision else ""
    return str(row.rank), row.name + decided + (" !" if row.warnings else ""), predicted, label, exchange, chosen_in


def _with_error(energy: float | None, error: float | None) -> str:
    if energy is None:
        return ""
    return f"{energy:.1f}" + (f" ± {error:.1f}" if error is not None else "")


def report_record(record: CampaignRecord) -> dict[str, Any]:
    """Return what a campaign came to as JSON-ready values: the tables that the report is made of."""
    return {
        "name": record.name,
        "level": record.level,
        "fakes": record.banner,
        "learn_from": record.learn_from,
        "ended": record.ended,
        "candidates": [{column: getattr(row, column) for column in CANDIDATE_COLUMNS} for row in record.rows],
        "objective": list(objective_table(record)),
        "selectivity": [asdict(row) for row in record.selectivity],
        "contraction": [asdict(row) for row in record.contraction],
        "shortlists": [
            {"group": s.group, "quantity": s.quantity, "unit": s.unit, "spearman": s.spearman}
            for s in record.shortlists
        ],
        "finalists": list(finalists(record)),
        "anchors": anchors_json(record),
        "decisions": list(decision_table(record.decisions)),
    }


def selectivity_table(record: CampaignRecord) -> Table:
    """Return how each ligand tells its metals apart as a table for the terminal, one line a ligand."""
    shown = Table(
        title="selectivity: exchange energy less that of the ligand's first metal, kcal/mol; negative binds stronger",
        caption="\n".join((record.exchange_note, *record.why_exchange)),
        title_justify="left",
        caption_justify="left",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
    )
    shown.add_column("ligand", no_wrap=True)
    shown.add_column("first", no_wrap=True)
    shown.add_column("the others against it")
    for group in dict.fromkeys(line[0].group for line in record.selectivity_lines):
        shown.add_section()
        shown.add_row(f"[bold]{group}[/bold]")
        for line in record.selectivity_lines:
            if line[0].group == group:
                shown.add_row(*_selectivity_cells(line))
    return shown


def _selectivity_cells(line: tuple[SelectivityRow, ...]) -> tuple[str, ...]:
    others = ", ".join(
        f"{row.second_metal} {_with_error(row.selectivity_kcal_mol, row.error_kcal_mol)}" for row in line
    )
    return line[0].ligand + (" !" if line[0].warnings else ""), line[0].first_metal, others


def contraction_table(record: CampaignRecord) -> Table:
    """Return the contraction slope of each ligand series as a table for the terminal."""
    shown = Table(
        title="lanthanide contraction: Å of metal-donor distance per Å of Shannon radius",
        caption=CONTRACTION_NOTE,
        title_justify="left",
        caption_justify="left",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
    )
    shown.add_column("ligand", no_wrap=True)
    shown.add_column("all donors", justify="right", no_wrap=True)
    shown.add_column("by donor", no_wrap=True)
    shown.add_column("metals")
    for row in record.contraction:
        shown.add_row(*_contraction_cells(row))
    return shown


def _contraction_cells(row: ContractionRow) -> tuple[str, ...]:
    name = row.name + (" !" if row.warnings else "")
    donors = ", ".join(f"{donor} {slope:.2f}" for donor, slope in row.donor_slopes.items())
    return name, f"{row.slope:.2f} ± {row.slope_error:.2f}", donors, " ".join(row.metals)


def footnotes(record: CampaignRecord) -> list[str]:
    """Return the sentences that belong under the table: what ranks mean, and the warnings of the rows."""
    notes = ["more negative binds stronger; ranks hold within one group only; left out: " + ", ".join(record.omissions)]
    notes += [record.learn_from] if record.learn_from else []
    notes += [funnel] if record.rounds and (funnel := told_of_funnel(record.rounds[-1].metrics)) else []
    notes += [f"not ranked together: {reason}" for reason in record.why_groups]
    notes += dict.fromkeys(shortlist.note for shortlist in record.shortlists)
    if any(row.other_waters_kcal_mol for row in record.rows):
        notes.append("other m: how far the free energy of the complex with so many waters lies above, kcal/mol")
    if any(row.log_p is not None for row in record.rows):
        notes.append(
            "log P: log10 of the complex in the second solvent over that in water, at 25 °C, without ion pairs"
        )
    if not record.selectivity:
        # Otherwise they stand under the table of selectivities.
        notes += record.why_exchange
    return [*notes, *anchor_notes(record.anchors), *(f"! {warning}" for warning in record.doubts)]
