"""What the mirror of a campaign holds, as plain text and numbers, whoever keeps it."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, fields
from typing import Any

from reexplore.tracking.decisions import DecisionRow
from reexplore.tracking.extended_xyz import with_facts
from reexplore.tracking.records import (
    CONTRACTION_NOTE,
    CampaignRecord,
    CandidateRow,
    ContractionRow,
    RoundRecord,
    SelectivityRow,
)

#: Raised when what is sent changes: every round is then sent again.
_VERSION = 3


def curves(record: CampaignRecord) -> list[tuple[str, float, int, int]]:
    """Return every curve of a campaign as points (name, value, epoch ms, round)."""
    finished = {r.number: r for r in record.rounds if r.finished_at_ms is not None}
    points = [
        (name, value, r.finished_at_ms or 0, number)
        for number, r in finished.items()
        for name, value in (r.metrics | r.costs | {"labels": float(r.labels)}).items()
    ]
    for group, curve in record.best_by_round().items():
        points += [(f"best_kcal_mol/{group}", energy, finished[n].finished_at_ms or 0, n) for n, energy in curve]
        errors = {row.dft_kcal_mol: row.dft_error_kcal_mol for row in record.rows if row.group == group}
        points += [
            (f"best_error_kcal_mol/{group}", error, finished[n].finished_at_ms or 0, n)
            for n, energy in curve
            if (error := errors[energy]) is not None
        ]
    points += [
        (name, value, r.finished_at_ms or 0, number)
        for number, r in finished.items()
        for name, value in _controls(record, number).items()
    ]
    for number, goal in enumerate(record.goals):
        for group, curve in record.best_ligands_by_round(number).items():
            name = f"best/{goal.title} {goal.unit}/{group}"
            points += [(name, value, finished[n].finished_at_ms or 0, n) for n, value in curve]
    return points


def _controls(record: CampaignRecord, number: int) -> dict[str, float]:
    """Return how many candidates drawn by chance were labelled, and the share that surpasses all that models chose.

    A share that stays above zero says that the models miss what is strong. Nothing before there is a control beside a
    choice of the models in its group.
    """
    known = [r for r in record.rows if r.dft_kcal_mol is not None and r.round is not None and r.round <= number]
    best: dict[str, float] = {}
    for row in known:
        if row.role == "acquisition" and row.dft_kcal_mol is not None:
            best[row.group] = min(best.get(row.group, math.inf), row.dft_kcal_mol)
    controls = [row for row in known if row.role == "control" and row.group in best]
    if not controls:
        return {}
    surpassing = sum(row.dft_kcal_mol is not None and row.dft_kcal_mol < best[row.group] for row in controls)
    return {"controls/n": float(len(controls)), "controls/surpass the chosen": surpassing / len(controls)}


def allowed_name(name: str) -> str:
    """Return the name with the characters MLflow refuses, such as brackets, left out."""
    return re.sub(r"\s+", " ", re.sub(r"[^\w./ -]", " ", name)).strip(" /")


def provenance(record: CampaignRecord) -> dict[str, str]:
    """Return the files that say how everything was made: name → text."""
    return {"campaign.yaml": record.config_yaml, "environment.json": to_json(record.environment)}


def file_states(round_: RoundRecord) -> dict[str, tuple[int, int] | None]:
    """Return size and time of each file, which tell whether it has to be sent again."""
    found = {name: path.stat() if path.exists() else None for name, path in round_.files.items()}
    return {name: (stat.st_size, stat.st_mtime_ns) if stat else None for name, stat in found.items()}


def digest(*parts: Any) -> str:
    """Return a hash that changes whenever something has to be sent again."""
    return hashlib.sha256(to_json([_VERSION, *parts]).encode()).hexdigest()[:16]


def to_json(value: Any) -> str:
    """Return strict JSON; numbers that are not finite become null."""
    return json.dumps(_finite(value), indent=1, default=str, allow_nan=False)


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _finite(inner) for key, inner in value.items()}
    return [_finite(inner) for inner in value] if isinstance(value, list | tuple) else value


#: What the table of candidates has, in the order of its columns.
CANDIDATE_COLUMNS = (
    "rank",
    "name",
    "group",
    "ligand",
    "smiles",
    "metal",
    "ligands",
    "waters",
    "co_ligands",
    "charge",
    "verdict",
    "reason",
    "predicted_kcal_mol",
    "sigma_kcal_mol",
    "dft_kcal_mol",
    "dft_error_kcal_mol",
    "exchange_kcal_mol",
    "exchange_error_kcal_mol",
    "other_waters_kcal_mol",
    "constant",
    "computed_log_k",
    "calibrated_log_k",
    "calibrated_log_k_error",
    "transfer_kcal_mol",
    "log_p",
    "ligand_transfer_kcal_mol",
    "ligand_log_p",
    "round",
    "role",
    "review",
    "warnings",
    "key",
)


def table(rows: tuple[CandidateRow, ...]) -> str:
    """Return candidates as CSV text."""
    return _csv(rows, CANDIDATE_COLUMNS)


def labels_table(rows: tuple[CandidateRow, ...]) -> str:
    """Return labels as CSV text, with what their errors are and how they were chosen."""
    return _csv(rows, (*_LABEL_COLUMNS, "round", "role", "key"))


_LABEL_COLUMNS = ("name", "smiles", "metal", "group", "dft_kcal_mol", "dft_error_kcal_mol", "exchange_kcal_mol")


def series_files(record: CampaignRecord) -> dict[str, str]:
    """Return the tables of ligands, their series, contraction and selectivity, finalists, anchors and decisions."""
    series = contraction_files(record) | selectivity_files(record)
    made = objective_files(record) | proposed_files(record)
    return made | series | finalist_files(record) | anchor_files(record) | decision_files(record)


def proposed_files(record: CampaignRecord) -> dict[str, str]:
    """Return the ligands that were proposed as a file: name → text, none where none was."""
    columns = ("name", "smiles", "proposer", "round", "parents")
    return {"proposed.csv": _csv(record.proposed, columns)} if record.proposed else {}


def objective_files(record: CampaignRecord) -> dict[str, str]:
    """Return the ligands by the goals of the campaign as a file: name → text, none without an objective."""
    if not record.goals:
        return {}
    rows = list(objective_table(record))
    return {"objective.csv": csv_of(rows, list(rows[0]) if rows else [])}


def objective_table(record: CampaignRecord) -> Iterator[dict[str, Any]]:
    """Yield the ligands by the goals, columns named by property and unit."""
    constants = {number for row in record.by_goals for number, one in enumerate(row.log_k) if one is not None}
    for row in record.by_goals:
        facts = {name: getattr(row, name) for name in ("rank", "on_front", "group", "ligand", "smiles")}
        facts |= {name: getattr(row, name) for name in ("ligand_charge", "ligands", "waters", "waters_by_metal")}
        facts |= {name: getattr(row, name) for name in ("co_ligands", "status", "reason")}
        for number, (goal, label, predicted) in enumerate(zip(record.goals, row.labels, row.predicted, strict=True)):
            unit = goal.unit.replace("/", "_")
            for what, one in (("", label), ("_predicted", predicted)):
                facts[f"{goal.short}{what}_{unit}"] = one.value if one else None
                facts[f"{goal.short}{what}_error_{unit}"] = one.error if one else None
            if number in constants:
                log_k = row.log_k[number]
                calibrated = log_k.calibrated if log_k else None
                facts[f"{goal.short}_constant"] = log_k.name if log_k else None
                facts[f"{goal.short}_computed_log_k"] = log_k.computed if log_k else None
                facts[f"{goal.short}_calibrated_log_k"] = calibrated.value if calibrated else None
                facts[f"{goal.short}_calibrated_log_k_error"] = calibrated.error if calibrated else None
        yield facts | {"round": row.round, "role": row.role, "warnings": row.warnings, "key": row.key}


def anchor_table(record: CampaignRecord) -> Iterator[dict[str, Any]]:
    """Yield the measured anchors, panel by panel, columns named by what they hold."""
    for panel in record.anchors.panels:
        told = {"panel": panel.title, "charge": panel.charge, "measured_quantity": panel.measured}
        told |= {"computed_quantity": panel.computed, "unit": panel.unit}
        for row in panel.rows:
            yield told | asdict(row)


def anchors_json(record: CampaignRecord) -> dict[str, Any]:
    """Return the measured anchors as JSON-ready values, with how well each panel agrees and the candidates on it."""
    panels = [asdict(panel) | {"verdict": panel.verdict} for panel in record.anchors.panels]
    return {"notes": list(record.anchors.notes), "panels": panels}


def anchor_files(record: CampaignRecord) -> dict[str, str]:
    """Return the measured anchors as files: name → text, none where nothing was computed of one."""
    rows = list(anchor_table(record))
    if not rows:
        return {}
    return {"anchors.csv": csv_of(rows, list(rows[0])), "anchors.json": to_json(anchors_json(record))}


def decision_table(rows: Iterable[DecisionRow]) -> Iterator[dict[str, Any]]:
    """Yield what people decided, the first decision first."""
    for row in rows:
        said = row.decision
        yield {
            "number": row.number,
            "verdict": said.verdict,
            "name": row.name,
            "comment": said.comment,
            "by": said.by,
            "when": said.when,
            "via": said.via,
            "replaced_by": row.replaced_by,
            "key": said.candidate,
            "family": dict(said.family),
        }


def decision_files(record: CampaignRecord) -> dict[str, str]:
    """Return what people decided as a file: name → text, none where nobody decided anything."""
    rows = list(decision_table(record.decisions))
    return {"decisions.csv": csv_of(rows, list(rows[0]))} if rows else {}


def contraction_files(record: CampaignRecord) -> dict[str, str]:
    """Return the contraction of every ligand series as files: name → text, none without a series."""
    if not record.contraction:
        return {}
    columns = [field.name for field in fields(ContractionRow)]
    return {
        "contraction.csv": _csv(record.contraction, columns),
        "contraction.json": to_json({"note": CONTRACTION_NOTE, "series": [asdict(row) for row in record.contraction]}),
    }


def selectivity_files(record: CampaignRecord) -> dict[str, str]:
    """Return the selectivity of every ligand between each two metals as files: name → text, none without a pair."""
    if not record.selectivity:
        return {}
    columns = [field.name for field in fields(SelectivityRow)]
    notes = [record.exchange_note, *record.why_exchange]
    return {
        "selectivity.csv": _csv(record.selectivity, columns),
        "selectivity.json": to_json({"notes": notes, "pairs": [asdict(row) for row in record.selectivity]}),
    }


def finalist_table(record: CampaignRecord) -> Iterator[dict[str, Any]]:
    """Yield the finalists of every shortlist with their values before and after they were labelled again."""
    for shortlist in record.shortlists:
        told = {"quantity": shortlist.quantity, "unit": shortlist.unit, "group": shortlist.group}
        for row in shortlist.rows:
            facts: dict[str, Any] = told | {"name": row.name, "smiles": row.smiles}
            facts |= {"rank_before": row.rank_before, "rank_after": row.rank_after}
            for when, one in (("before", row.before), ("after", row.after)):
                facts[when] = one.value if one else None
                facts[f"{when}_error"] = one.error if one else None
            for name in ("gradients", "gradient_max_hartree_bohr", "gained_kcal_mol", "reason", "warnings", "key"):
                facts[name] = getattr(row, name)
            yield facts


def finalist_files(record: CampaignRecord) -> dict[str, str]:
    """Return the finalists as files: name → text, none where none was labelled again."""
    if not record.shortlists:
        return {}
    rows = list(finalist_table(record))
    complexes = {each.key: each for s in record.shortlists for row in s.rows for each in row.complexes}
    shapes = [
        with_facts(each.geometry_xyz, {"name": each.name, "gained_kcal_mol": float(each.gained_kcal_mol or 0.0)})
        for each in complexes.values()
        if each.geometry_xyz is not None
    ]
    summaries = [
        {"group": s.group, "quantity": s.quantity, "unit": s.unit, "spearman": s.spearman, "verdict": s.verdict}
        for s in record.shortlists
    ]
    return {
        "finalists.csv": csv_of(rows, list(rows[0])),
        "finalists.json": to_json({"note": record.shortlists[0].note, "shortlists": summaries, "finalists": rows}),
        "finalists.extxyz": "".join(shapes),
    }


def _csv(rows: Sequence[Any], columns: Sequence[str]) -> str:
    return csv_of([{column: getattr(row, column) for column in columns} for row in rows], columns)


def csv_of(rows: Sequence[dict[str, Any]], columns: Sequence[str]) -> str:
    """Return rows as CSV text, these columns of them."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([spreadsheet_cell(row[column]) for column in columns] for row in rows)
    return text.getvalue()


def spreadsheet_cell(value: Any) -> Any:
    """Return a value as a cell of CSV that no spreadsheet computes."""
    if isinstance(value, dict):
        value = tuple(f"{name} {inner}" for name, inner in value.items())
    text = "; ".join(map(str, value)) if isinstance(value, tuple) else value
    # Spreadsheets compute what begins so; numbers are no texts and stay as they are.
    return f"'{text}" if isinstance(text, str) and text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def guide(record: CampaignRecord) -> str:
    """Return the note MLflow shows on top of the run, in Markdown."""
    lines = [
        f"**{record.banner}**\n" if record.banner else "",
        f"{record.labels} labels among {record.candidates:,} candidates, {len(record.rounds)} rounds.",
        f"Level of theory: {record.level}.",
        "",
        "- **Artifacts › top_candidates.html**: the candidates, with structures in 2D and 3D",
        "- **Model metrics**: errors and best labels, one point a round",
        "- each round is a nested run with its batch, parity plot and model files",
        "- so is each candidate that is labelled or among the top, with its numbers, structure and picture",
        "- to decide about a candidate set the tag `review` of its run to promote, reject, hold or clear, and"
        " `review_comment` to why: the next choice heeds it",
        "",
        "More negative binds stronger; ranks hold within one group only.",
        *(f"- {reason}" for reason in record.why_groups),
        *(f"- finalists by {s.quantity}, {s.group}: {s.verdict}" for s in record.shortlists),
        f"Left out: {'; '.join(record.omissions)}.",
        *([f"{record.learn_from}."] if record.learn_from else []),
        *(f"\n⚠ {warning}" for warning in (*record.warnings, *record.doubts)),
    ]
    return "\n".join(lines).strip()
