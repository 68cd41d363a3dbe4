"""The newest ensemble of a campaign as a folder that predicts without the campaign: weights and JSON, no pickle."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from reexplore.campaign.declaration.setup import Setup
from reexplore.campaign.ledger.ledger import Ledger
from reexplore.campaign.results.versions import environment
from reexplore.campaign.steps.screening import Screening, recall_screening
from reexplore.execution.kinds import MEMBER_FILE
from reexplore.execution.store import Store
from reexplore.surrogate.known import SURROGATES
from reexplore.tracking.model_records import ModelRecord

#: The module that reads the folder; it stands above this package.
LOADER = "reexplore.workbench.registered_model"
#: What the folder holds beside the weights of its members.
DESCRIPTION, SCREENING, STORE = "model.json", "screening.json", "store"
#: Raised when the folder is written in another way.
_FORMAT = 1
_EXAMPLES = 2
_RUNS_WITH = ("reexplore", "torch", "nequip", "nequip-allegro", "scikit-learn", "rdkit", "numpy", "ase")


def registered_model(setup: Setup, ledger: Ledger) -> ModelRecord | None:
    """Return the newest ensemble; None before the first, and where its files are gone: a resume makes them again.

    Of a campaign of magnets there is none: what is registered says energies in kcal/mol.
    """
    newest = next((r for r in reversed(ledger.rounds()) if r.model), None)
    screening, store = recall_screening(setup, ledger), Store(setup.store)
    if newest is None or newest.model is None or screening is None or setup.goals.learns_gap:
        return None
    model = newest.model
    if not all(store.holds(member, MEMBER_FILE) for member in model.members):
        return None
    kind, version = SURROGATES.find(setup.file.surrogate.model)
    description: dict[str, Any] = {
        "format": _FORMAT,
        "campaign": setup.file.name,
        "round": newest.number,
        "surrogate": setup.file.surrogate.model,
        "surrogate_version": version,
        "members": list(model.members),
        "calibration": asdict(model.calibration),
        "level": setup.level.name,
        "quantity": "transfer_free_energy" if setup.goals.learns_transfer else "binding_energy",
        "metals": [metal.symbol for metal in setup.space.metals],
        "fakes": list(setup.fakes),
    }
    said = json.dumps(description, sort_keys=True)
    text = screening.to_text()

    def write(folder: Path) -> None:
        (folder / DESCRIPTION).write_text(json.dumps(description, indent=1), encoding="utf-8")
        (folder / SCREENING).write_text(text, encoding="utf-8")
        mine = Store(folder / STORE)
        for part in screening.parts:
            mine.put_text(store.get_text(part.digest))
        for excluded in screening.excluded:
            mine.put_text(store.get_text(excluded.digest))
        for member in model.members:
            mine.folder(member).mkdir(parents=True)
            shutil.copyfile(store.folder(member) / MEMBER_FILE, mine.folder(member) / MEMBER_FILE)

    fakes = f" {'; '.join(setup.fakes)}." if setup.fakes else ""
    return ModelRecord(
        name=f"reexplore-{setup.file.name}",
        round=newest.number,
        digest=hashlib.sha256((said + text).encode()).hexdigest()[:16],
        summary=f"{kind.title}, {len(model.members)} members, of campaign {setup.file.name} after round"
        f" {newest.number}: {description['quantity'].replace('_', ' ')} in kcal/mol at level"
        f" {setup.level.name}.{fakes}",
        loader=LOADER,
        write=write,
        example=tuple(_examples(screening)),
        # A build for one kind of machine, such as +cpu, is the same version.
        requirements=tuple(
            f"{name}=={version.partition('+')[0]}"
            for name, version in environment(_RUNS_WITH).items()
            if version != "not installed"
        ),
    )


def _examples(screening: Screening) -> Iterator[tuple[str, str]]:
    family = next(iter(screening.seen)).family
    metal = family.metals[0].symbol
    yield from ((ligand.as_scaffold, metal) for ligand in family.members[:_EXAMPLES])
