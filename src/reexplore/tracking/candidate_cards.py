"""What the page knows of each candidate, as JSON-ready values; what is of the ligand stands once for all its metals."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from typing import Any

from reexplore.tracking.decisions import PAST
from reexplore.tracking.doublets import MagnetRecord
from reexplore.tracking.reasons import Chosen, Reasons, Sibling
from reexplore.tracking.records import CandidateRow

_SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


def cards(rows: Iterable[CandidateRow]) -> dict[str, dict[str, Any]]:
    """Return what the page knows: `candidates` by key, and of their ligands what all metals share, by number."""
    candidates: dict[str, Any] = {}
    numbers: dict[Any, int] = {}
    ligands: dict[str, Any] = {}
    for row in rows:
        said = _of_ligand(row.reasons)
        number = numbers.setdefault((row.smiles, row.ligands, row.waters, row.co_ligands, repr(said)), len(numbers))
        ligands[str(number)] = said
        candidates[row.key] = _card(row) | _why(row.reasons) | {"of_ligand": number}
    return {"candidates": candidates, "ligands": ligands}


def formula(name: str) -> str:
    """Set the counts of a formula low: `(H2O)6` becomes `(H₂O)₆`."""
    return re.sub(r"(?<=[)H])\d+", lambda count: count[0].translate(_SUBSCRIPTS), name)


def finite(value: float | None) -> float | None:
    """Return a number, None for one that is not finite."""
    return value if value is not None and math.isfinite(value) else None


def _of_ligand(reasons: Reasons) -> dict[str, Any]:
    return {
        "relatives": [
            [each.ligand, each.smiles, _short(each.similarity), {m: _short(v) for m, v in each.labels_kcal_mol.items()}]
            for each in reasons.relatives
        ],
        "metals": [_sibling(each) for each in reasons.metals],
        "metals_scale": reasons.metals_scale,
        "origin": reasons.origin,
        "sa_score": _short(reasons.sa_score),
        "limits": [[each.name, _short(each.value), each.at_least, each.at_most, each.unit] for each in reasons.limits],
    }


def _why(reasons: Reasons) -> dict[str, Any]:
    return {
        "chosen": reasons.chosen and _chosen(reasons.chosen),
        "members": [_short(one) for one in reasons.members_kcal_mol],
        "rank_before": reasons.rank_before,
        "substituents": [_sibling(each) for each in reasons.substituents],
    }


def _chosen(chosen: Chosen) -> dict[str, Any]:
    return {
        "place": chosen.place,
        "among": chosen.among,
        "policy": chosen.policy,
        "acquisition": chosen.acquisition,
        "predicted": _short(chosen.predicted_kcal_mol),
        "sigma": _short(chosen.sigma_kcal_mol),
        "reference": _short(chosen.reference_kcal_mol),
        "reference_is_label": chosen.reference_is_label,
        "uncertainty_share": _short(chosen.uncertainty_share),
        "by": chosen.by,
    }


def _sibling(each: Sibling) -> list[Any]:
    return [each.key, each.name, _short(each.value_kcal_mol), each.is_label, _short(each.sigma_kcal_mol)]


def _short(value: float | None) -> float | None:
    """Return a number as the page shows it: two hundred candidates have thousands of them."""
    return None if (known := finite(value)) is None else round(known, 2)


def _magnet(magnet: MagnetRecord) -> dict[str, Any]:
    return {
        "doublets": [[_short(each.energy_cm), [round(g, 4) for g in each.g]] for each in magnet.doublets],
        "axis": magnet.axis,
        "tilt": _short(magnet.tilt_degrees),
    }


def _card(row: CandidateRow) -> dict[str, Any]:
    terms = {name: energy for name, energy in (row.terms_hartree or {}).items() if math.isfinite(energy)}
    failure = row.failure and row.failure.to_dict()
    if failure:
        # Evidence may hold anything JSON-ready; shown as text, it may also hold what JSON lacks.
        failure["evidence"] = {k: v if isinstance(v, str | int) else f"{v}" for k, v in failure["evidence"].items()}
    return {
        "name": formula(row.name),
        "group": formula(row.group),
        "rank": row.rank,
        "status": row.status,
        "round": row.round,
        "role": row.role,
        "ligand": row.ligand,
        "smiles": row.smiles,
        "metal": row.metal,
        "ligands": row.ligands,
        "waters": row.waters,
        "co_ligands": row.co_ligands,
        "charge": row.charge,
        "predicted": finite(row.predicted_kcal_mol),
        "sigma": finite(row.sigma_kcal_mol),
        "dft": finite(row.dft_kcal_mol),
        "dft_error": finite(row.dft_error_kcal_mol),
        "exchange": finite(row.exchange_kcal_mol),
        "exchange_error": finite(row.exchange_error_kcal_mol),
        "other_waters": row.other_waters_kcal_mol,
        "constant": row.constant,
        "log_k": row.computed_log_k,
        "calibrated": row.calibrated_log_k,
        "calibrated_error": row.calibrated_log_k_error,
        "transfers": [
            [part, finite(energy), finite(log_p)]
            for part, energy, log_p in (
                ("complex", row.transfer_kcal_mol, row.log_p),
                ("ligand", row.ligand_transfer_kcal_mol, row.ligand_log_p),
            )
            if energy is not None
        ],
        "magnet": row.magnet and _magnet(row.magnet),
        "warnings": row.warnings,
        "failure": failure,
        "terms": terms,
        "xyz": row.geometry_xyz,
        "contacts": row.contacts,
        "key": row.key,
        "decisions": [
            {"said": said.said, "via": said.via, "family": "" if said.candidate else said.subject}
            for said in reversed(row.decisions)
        ],
        "decided": row.decision and PAST[row.decision.verdict],
    }
