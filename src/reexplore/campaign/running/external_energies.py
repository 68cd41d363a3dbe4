"""Energies computed by other programs: a campaign that waits for them, what goes out and what comes back.

A campaign's energies come all from one program, because its labels share the water, the ions and the ligands and
absolute energies of two programs differ by more than a label. Imported energies stand in this campaign's ledger
only: the store, which other campaigns read, holds what was computed here.
"""

from __future__ import annotations

import csv
import json
import re
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reexplore.campaign.declaration.setup import Setup
from reexplore.campaign.ledger.ledger import Ledger
from reexplore.energies.electrons import electron_count
from reexplore.energies.interchange.exporting import SUFFIXES, Program, export_label, multiplicity_of
from reexplore.energies.interchange.importing import (
    COLUMNS,
    FAILURE_COLUMN,
    TERM_COLUMNS,
    ImportedEnergy,
    provenance,
    read_energies,
    refuse,
)
from reexplore.energies.levels import Level
from reexplore.energies.terms import EnergyTerms
from reexplore.errors import Failure, FailureCode, InputError
from reexplore.execution.child import INPUTS
from reexplore.execution.kinds import KINDS
from reexplore.execution.store import Outcome, Store
from reexplore.execution.task import Task
from reexplore.structures.structure import Structure

INDEX = "index.csv"

#: The ledger's entry of a campaign whose energies are imported.
_META, _ELSEWHERE = "energies", "elsewhere"


class EnergiesAwaited(Exception):  # noqa: N818 - a pause, not an error
    """The campaign cannot go on before energies have been imported."""

    def __init__(self, count: int) -> None:
        super().__init__(
            f"{count} energies are awaited: `reexplore campaign export` writes their inputs,"
            " `reexplore campaign import` takes the results, then `reexplore campaign resume` goes on"
        )


@dataclass(frozen=True)
class Exported:
    """What an export wrote: the inputs of awaited energies, or of those computed here, to be checked elsewhere."""

    folder: Path
    inputs: int
    awaited: bool


@dataclass(frozen=True)
class Imported:
    """What an import entered, and how many energies the campaign still waits for."""

    program: str
    energies: int
    failures: int
    known: int
    awaited: int


@dataclass(frozen=True)
class _Energy:
    """One energy calculation as it stands outside: its key, its name for people, structure, multiplicity and level."""

    key: str
    name: str
    structure: Structure
    multiplicity: int
    level: Level

    @classmethod
    def of(cls, key: str, declared: dict[str, Any], setup: Setup) -> _Energy:
        inputs = declared["inputs"]
        structure = Structure.from_extxyz(inputs["extxyz"])
        organic = setup.organic_level
        level = organic if organic is not None and inputs["level"]["name"] == organic.name else setup.level
        multiplicity = multiplicity_of(structure, level, inputs.get("multiplicity"))
        return cls(key, declared["label"], structure, multiplicity, level)


def declare_elsewhere(setup: Setup, ledger: Ledger) -> None:
    """Let a campaign wait for imported energies from now on.

    Raises `InputError` when it has computed some itself, or at a level no other program has.
    """
    if is_elsewhere(ledger):
        return
    if not setup.level.is_density_functional:
        raise InputError(f"level '{setup.level.name}' is no density functional: its energies are not imported")
    if any(KINDS[c.kind].is_importable and c.state in ("done", "failed") for c in ledger.calculations()):
        raise InputError(
            "this campaign has computed energies itself, and energies of two programs cannot be combined: give it"
            " another name to begin with imported ones (its geometries are found in the store)"
        )
    ledger.set_meta(**{_META: _ELSEWHERE})


def is_elsewhere(ledger: Ledger) -> bool:
    """Return whether the campaign's energies are imported."""
    return ledger.meta(_META) == _ELSEWHERE


def program_of(ledger: Ledger) -> str | None:
    """Return the program whose energies a campaign has imported, None before the first import."""
    if not is_elsewhere(ledger):
        return None
    known = (ledger.outcome(c.key) for c in ledger.calculations() if KINDS[c.kind].is_importable)
    return next((str(o.provenance["imported"]["program"]) for o in known if o is not None), None)


def awaited_folder(setup: Setup) -> Path:
    """Return where the energies a campaign waits for are written down."""
    return setup.folder / "awaited"


def write_awaited(folder: Path, tasks: Sequence[Task]) -> None:
    """Write down what the campaign waits for, in place of what it waited for before."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for task in tasks:
        (folder / f"{task.key}.json").write_text(json.dumps({"label": task.title, "inputs": task.inputs}))


def export_energies(setup: Setup, ledger: Ledger, *, program: Program, folder: Path) -> Exported:
    """Write one input per energy into a folder, and an index that can be filled in and imported.

    A campaign that waits for energies has those written, any other the energies it has computed, with its own
    results in the index. Raises `InputError` when there are none, or when the folder holds an export.
    """
    if (folder / INDEX).exists():
        raise InputError(f"{folder / INDEX} exists: name another folder, an index may have been filled in")
    awaited = is_elsewhere(ledger)
    energies = list(_awaited(setup, ledger) if awaited else _computed(setup, ledger))
    if not energies:
        raise InputError(
            "no energy is awaited: `reexplore campaign resume` goes on"
            if awaited
            else "this campaign has computed no energies yet"
        )
    texts = {
        energy.key: export_label(
            energy.structure, level=energy.level, program=program, multiplicity=energy.multiplicity
        )
        for energy in energies
    }
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / INDEX).open("w", encoding="utf-8", newline="") as stream:
        table = csv.DictWriter(stream, [*COLUMNS, *TERM_COLUMNS, FAILURE_COLUMN])
        table.writeheader()
        for energy in energies:
            name = f"{re.sub(r'[^A-Za-z0-9+-]+', '_', energy.name).strip('_')}-{energy.key[:8]}{SUFFIXES[program]}"
            (folder / name).write_text(texts[energy.key], encoding="utf-8")
            table.writerow(_index_row(name, energy, ledger))
    return Exported(folder, len(energies), awaited)


def import_energies(setup: Setup, ledger: Ledger, path: Path) -> Imported:
    """Enter the energies of a table into the ledger, all or none; `importing.read_energies` says what it holds.

    A row that was imported before is passed over, so that one table may be filled in little by little. Raises
    `InputError` when the campaign computes its energies itself, when a calculation is unknown to it, has another
    result already, or when the energies come from two programs or versions.
    """
    if not is_elsewhere(ledger):
        raise InputError(
            "this campaign computes its energies itself: begin one with `reexplore campaign run --energies-elsewhere`"
        )
    awaited = {energy.key: energy for energy in _awaited(setup, ledger)}
    rows = read_energies(path)
    program = program_of(ledger) or (rows[0].program if rows else "")
    problems: list[str] = []
    new: list[ImportedEnergy] = []
    for row in rows:
        if row.program != program:
            problems.append(f"row {row.row}: {row.program}, but this campaign's energies are of {program}")
        elif row.calculation in awaited:
            new.append(row)
        elif (known := ledger.outcome(row.calculation)) is None or "imported" not in known.provenance:
            problems.append(f"row {row.row}: the campaign does not wait for calculation {row.calculation}")
        elif not _same(known, row):
            problems.append(f"row {row.row}: calculation {row.calculation} has another result already")
    refuse(path, problems)
    outcomes = {row.calculation: _outcome(awaited[row.calculation], row, path) for row in new}
    with ledger.transaction():
        for calculation, outcome in outcomes.items():
            ledger.finish(calculation, outcome, reused=False)
    failures = sum(row.total_hartree is None for row in new)
    return Imported(program, len(new) - failures, failures, len(rows) - len(new), len(awaited) - len(new))


def _awaited(setup: Setup, ledger: Ledger) -> Iterator[_Energy]:
    for path in sorted(awaited_folder(setup).glob("*.json")):
        if ledger.outcome(path.stem) is None:
            yield _Energy.of(path.stem, json.loads(path.read_text()), setup)


def _computed(setup: Setup, ledger: Ledger) -> Iterator[_Energy]:
    store = Store(setup.store)
    for calculation in ledger.calculations():
        if not KINDS[calculation.kind].is_importable or calculation.state != "done":
            continue
        inputs = store.file(calculation.key, INPUTS)
        if inputs is None:
            gone = store.folder(calculation.key) / INPUTS
            raise InputError(f"{gone} is gone: the store no longer holds the geometry of {calculation.title}")
        yield _Energy.of(calculation.key, json.loads(inputs), setup)


def _index_row(file: str, energy: _Energy, ledger: Ledger) -> dict[str, Any]:
    outcome = ledger.outcome(energy.key)
    result: dict[str, Any] = {}
    if outcome is not None and outcome.value is not None:
        terms = EnergyTerms.from_dict(outcome.value)
        result = {name: repr(getattr(terms, name)) for name in ("total_hartree", *TERM_COLUMNS)}
        result["program"] = terms.program
    return {
        "file": file,
        "calculation": energy.key,
        "name": energy.name,
        "charge": energy.structure.charge,
        "multiplicity": energy.multiplicity,
        **result,
    }


def _outcome(energy: _Energy, row: ImportedEnergy, path: Path) -> Outcome:
    known = provenance(path, row)
    if row.total_hartree is None:
        return Outcome(None, Failure(FailureCode.NOT_CONVERGED, "imported energy", row.failure, known), known)
    electrons = electron_count(energy.structure, energy.level)
    terms = row.terms(energy.level, electrons=electrons, multiplicity=energy.multiplicity)
    return Outcome(terms.to_dict(), None, known)


def _same(known: Outcome, row: ImportedEnergy) -> bool:
    if known.value is None:
        return row.total_hartree is None
    return bool(known.value["total_hartree"] == row.total_hartree)
