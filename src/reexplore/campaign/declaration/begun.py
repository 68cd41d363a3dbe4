"""What a campaign that has begun was declared with, whatever version began it, and what a file may still change."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path
from typing import Any

from reexplore.campaign.ledger.ledger import Ledger
from reexplore.config import CampaignFile, with_surface
from reexplore.errors import NotBegunError
from reexplore.structures.xtb.surfaces import SURFACE_OF_ENGINE

#: Keys that may change between a run and its resume: they decide where and how long, never what is chosen and learned.
CHANGEABLE = (
    "description",
    "anchors",
    "execution",
    "tracking",
    "budget.labels",
    "budget.batch",
    "budget.core_hours",
    "budget.gpu_hours",
    "budget.stop",
    "theory.relax",
    "theory.finalists",
    "theory.confirm",
    "space.limit",
)

#: What campaigns did before there was a choice of it.
_BEFORE = {
    "other_conformers": 2,
    "levels": [],
    "surfaces": [],
    "checks": 1,
    "placement_order": 1,
    "force_field": 1,
    "core_potentials": 1,
    "reference": "anion",
    "conditional": None,
    "organic": None,
}


def declaration(ledger_path: Path) -> dict[str, Any] | None:
    """Return the declaration of the campaign whose ledger this is, None when it has not begun."""
    if not ledger_path.is_file():
        return None
    try:
        with closing(Ledger(ledger_path, read_only=True)) as ledger:
            known = ledger.meta("campaign")
    except NotBegunError:
        # A first start was killed at once.
        return None
    return written_out(json.loads(known)) if known is not None else None


def written_out(declared: dict[str, Any]) -> dict[str, Any]:
    """Return a declaration with what its program did without being asked, in today's words."""
    space = declared["space"]
    coordinations = [written_coordination(entry) for entry in space["coordinations"]]
    scaffolds = [s if isinstance(s, str) else {"donors": {}} | s for s in space["scaffolds"]]
    theory: dict[str, Any] = _BEFORE | with_surface(declared["theory"])
    if theory["conditional"] is not None:
        theory["conditional"] = {"pka": "given"} | theory["conditional"]
    return (
        {"steering": "rounds", "constraints": [], "objective": []}
        | declared
        | {"space": space | {"scaffolds": scaffolds, "coordinations": coordinations}, "theory": theory}
        | {"surrogate": {"model": "allegro", "gfn2_labels": 0} | declared["surrogate"]}
    )


def written_coordination(entry: dict[str, Any]) -> dict[str, Any]:
    """Return a coordination without what follows from the rest of it: the number beside waters, and no co-ligands."""
    follows = {"coordination_number"} if entry.get("waters") is not None else set[str]()
    follows |= set[str]() if entry.get("co_ligands") else {"co_ligands"}
    return {key: value for key, value in entry.items() if key not in follows}


def as_begun(data: dict[str, Any], declared: dict[str, Any]) -> dict[str, Any]:
    """Return a file's data with what it leaves open taken from the declaration of its campaign that has begun.

    A default may differ between versions and machines; what a campaign computes may not.
    """
    theory = data.get("theory")
    if isinstance(theory, dict) and str(theory.get("relaxation")) in SURFACE_OF_ENGINE and "surface" not in theory:
        data = data | {"theory": with_surface(theory)}
    # The policy of a declaration is written out; the file names one.
    known = {key: value for key, value in declared.items() if key in CampaignFile.model_fields and key != "policy"}
    # The ligand file of a declaration is a hash.
    known |= {"space": {key: value for key, value in declared["space"].items() if key != "ligands"}}
    return _filled(data, known, "")


def _filled(data: dict[str, Any], declared: dict[str, Any], prefix: str) -> dict[str, Any]:
    filled = dict(data)
    for key, value in declared.items():
        if _is_changeable(prefix + key):
            continue
        if key not in data:
            filled[key] = value
        elif isinstance(value, dict) and isinstance(data[key], dict):
            filled[key] = _filled(data[key], value, f"{prefix}{key}.")
    return filled


def _is_changeable(key: str) -> bool:
    return any(key == free or key.startswith(f"{free}.") for free in CHANGEABLE)


def difference(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    """Return the lines `key: old -> new` for every changed key that must not change on resume."""
    flat_old, flat_new = _flatten(old), _flatten(new)
    return [
        f"{key}: {flat_old.get(key, 'absent')!r} -> {flat_new.get(key, 'absent')!r}"
        for key in sorted(flat_old.keys() | flat_new.keys())
        if flat_old.get(key) != flat_new.get(key) and not _is_changeable(key)
    ]


def _flatten(data: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in data.items():
        if isinstance(value, dict):
            flat |= _flatten(value, f"{prefix}{key}.")
        else:
            flat[f"{prefix}{key}"] = value
    return flat
