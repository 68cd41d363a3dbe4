"""What `reexplore stability` prints: constants as computed and calibrated, and how well metals are told apart."""

from __future__ import annotations

from dataclasses import asdict
from itertools import combinations
from typing import Any

from rich import box
from rich.markup import escape
from rich.table import Table

from reexplore.workbench.stability_request import Answer, Constant

Json = dict[str, Any]


def stability_json(found: Answer) -> Json:
    """Return an answer as JSON-ready values."""
    question = found.question
    return {
        "smiles": question.single.smiles,
        "donors": list(question.single.donor_names),
        "charge": question.single.ligand.charge,
        "level": question.level.name,
        "reference": question.reference,
        "pka": list(question.pka),
        "computed_pka": [asdict(pka) for pka in found.computed_pka],
        "ph": question.ph,
        "constants": [_constant_json(constant) for constant in found.constants],
        "log_separation_factor": {
            f"{second.metal}/{first.metal}": second.log_k1 - first.log_k1
            for first, second in combinations(found.constants, 2)
        },
        "caution": found.caution,
    }


def _constant_json(constant: Constant) -> Json:
    best, fit = constant.bound.best, constant.calibration
    return {
        "metal": constant.metal,
        "coordination_number": best.coordination_number,
        "aqua_waters": best.aqua_waters,
        "electronic_kcal_mol": best.electronic_kcal_mol,
        "free_kcal_mol": best.free_kcal_mol,
        "other_free_kcal_mol": {str(o.coordination_number): o.free_kcal_mol for o in constant.bound.others},
        "failures": [failure.to_dict() for failure in constant.bound.failures],
        "log_k1": constant.log_k1,
        "calibrated_log_k1": constant.calibrated_log_k1,
        "calibration_error_log_units": None if fit is None else fit.error_log_units,
        "log_k1_at_ph": constant.at_ph,
    }


def stability_lines(found: Answer) -> list[str | Table]:
    """Return what to print about an answer, in its order."""
    question = found.question
    counted = {"anion": "as it binds", "acid": "as its acid, with its pKa"}[question.reference]
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    table.add_column("metal")
    for heading in ("number", "ΔE kcal/mol", "ΔG kcal/mol", "log K1", "calibrated", "±"):
        table.add_column(heading, justify="right")
    if question.ph is not None:
        table.add_column(f"at pH {question.ph:g}", justify="right")
    for constant in found.constants:
        best, fit = constant.bound.best, constant.calibration
        cells = [
            f"{best.coordination_number}",
            f"{best.electronic_kcal_mol:.1f}",
            f"{best.free_kcal_mol:.1f}",
            f"{constant.log_k1:.1f}",
            "" if fit is None else f"[bold]{constant.calibrated_log_k1:.1f}[/]",
            "" if fit is None else f"{fit.error_log_units:.1f}",
        ]
        table.add_row(constant.metal, *cells, *([] if constant.at_ph is None else [f"{constant.at_ph:.1f}"]))
    lines: list[str | Table] = [
        f"[bold]{escape(question.single.smiles)}[/], donors {' '.join(question.single.donor_names)}, charge"
        f" {question.single.ligand.charge:+d}; level {question.level.name}; the free ligand counted {counted}",
        table,
    ]
    if found.computed_pka:
        lines.append(f"[yellow]note:[/] its pKa are computed: {', '.join(map(str, found.computed_pka))}")
    fits = dict.fromkeys(str(c.calibration) for c in found.constants if c.calibration is not None)
    lines += [f"calibration: {fit}" for fit in fits]
    if not fits:
        lines.append("no calibration: too few anchors of this charge were computed at this level, so no error is known")
    for first, second in combinations(found.constants, 2):
        factor = second.log_k1 - first.log_k1
        lines.append(f"log separation factor {second.metal} over {first.metal}: {factor:+.1f}")
    if found.caution:
        lines.append(f"[yellow]note:[/] {escape(found.caution)}")
    return lines
