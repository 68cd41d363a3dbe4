"""Energies that another program computed, read from a table and checked as a whole."""

from __future__ import annotations

import csv
import hashlib
import io
import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from reexplore.energies.levels import Level
from reexplore.energies.terms import EnergyTerms
from reexplore.errors import InputError
from reexplore.inputs.given_files import read_given_text

#: The columns of a table that goes out to be filled in and comes back.
COLUMNS = ("file", "calculation", "name", "charge", "multiplicity", "total_hartree", "program", "version")
#: May be added; either all three for a row or none.
TERM_COLUMNS = ("dispersion_hartree", "solvent_electrostatic_hartree", "solvent_cds_hartree")
#: May be added: why a calculation has no energy.
FAILURE_COLUMN = "failure"

_NEEDED = ("calculation", "total_hartree", "program", "version")
_SHOWN_PROBLEMS = 5
#: A million rows have a hundred megabytes.
_LARGEST_FILE_BYTES = 100_000_000


@dataclass(frozen=True)
class ImportedEnergy:
    """One filled-in row: an energy in Hartree, or why there is none, with the program that says so.

    `row` counts as a spreadsheet does, the headings being row 1. `terms_hartree` are dispersion, electrostatic and
    non-electrostatic solvent energy, or None where the table does not split the total.
    """

    row: int
    calculation: str
    program: str
    total_hartree: float | None
    terms_hartree: tuple[float, float, float] | None
    failure: str

    def terms(self, level: Level, *, electrons: int, multiplicity: int) -> EnergyTerms:
        """Return the energy as a term of a label at the level the importer vouches for."""
        if self.total_hartree is None:
            raise ValueError(f"row {self.row} holds no energy")
        dispersion, electrostatic, cds = self.terms_hartree or (0.0, 0.0, 0.0)
        return EnergyTerms(
            level=level.name,
            level_version=level.version,
            total_hartree=self.total_hartree,
            dispersion_hartree=dispersion,
            solvent_electrostatic_hartree=electrostatic,
            solvent_cds_hartree=cds,
            cycles=0,
            basis_functions=0,
            electrons=electrons,
            multiplicity=multiplicity,
            program=self.program,
        )


def read_energies(path: Path) -> tuple[ImportedEnergy, ...]:
    """Return the filled-in rows of a table of energies (CSV); rows without energy and failure are left out.

    Raises `InputError` with the numbers of all rows that are wrong: a column is missing, a calculation stands twice,
    an energy is no negative number, program or version is missing, only some of the terms are given.
    """
    table = csv.DictReader(io.StringIO(read_given_text(path, "table of energies", largest_bytes=_LARGEST_FILE_BYTES)))
    try:
        missing = [name for name in _NEEDED if name not in (table.fieldnames or ())]
        if missing:
            raise InputError(f"{path}: no column {', '.join(missing)}; `reexplore campaign export` writes them all")
        rows = [(table.line_num, row) for row in table]
    except csv.Error as error:
        raise InputError(f"{path} is no table of comma-separated values: {error}") from None
    found: list[ImportedEnergy] = []
    problems: list[str] = []
    seen: dict[str, int] = {}
    for number, row in rows:
        cells = {name: (value or "").strip() for name, value in row.items() if isinstance(name, str)}
        if not cells["total_hartree"] and not cells.get(FAILURE_COLUMN):
            continue
        wrong = list(_problems(cells))
        if (first := seen.setdefault(cells["calculation"], number)) != number:
            wrong.append(f"calculation {cells['calculation']} stands in row {first} already")
        problems += [f"row {number}: {sentence}" for sentence in wrong]
        if not wrong:
            found.append(_energy(number, cells))
    refuse(path, problems)
    return tuple(found)


def refuse(path: Path, problems: list[str]) -> None:
    """Raise `InputError` with the first few of the problems of a table; return when there are none."""
    if problems:
        more = f"; and {len(problems) - _SHOWN_PROBLEMS} more" if len(problems) > _SHOWN_PROBLEMS else ""
        raise InputError(f"{path}: {'; '.join(problems[:_SHOWN_PROBLEMS])}{more}. Nothing was imported")


def provenance(path: Path, energy: ImportedEnergy) -> dict[str, Any]:
    """Return where an imported energy comes from: program, file, its hash, row and the time of the import."""
    return {
        "imported": {
            "program": energy.program,
            "file": str(path.resolve()),
            "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
            "row": energy.row,
            "date": datetime.now(UTC).isoformat(timespec="seconds"),
        }
    }


def _problems(cells: dict[str, str]) -> Iterator[str]:
    if not cells["calculation"]:
        yield "no calculation is named"
    for name in ("program", "version"):
        if not cells[name]:
            yield f"{name} is missing"
    if cells["total_hartree"] and cells.get(FAILURE_COLUMN):
        yield "there is an energy as well as a failure"
    given = [name for name in TERM_COLUMNS if cells.get(name)]
    if given and len(given) < len(TERM_COLUMNS):
        yield f"only {', '.join(given)} of {', '.join(TERM_COLUMNS)}"
    for name in ("total_hartree", *given):
        if cells[name] and _number(cells[name]) is None:
            yield f"{name} '{cells[name]}' is not a number"
    total = _number(cells["total_hartree"])
    if total is not None and total >= 0:
        yield f"total_hartree {total:g} is not negative: is it a total energy in Hartree?"


def _energy(row: int, cells: dict[str, str]) -> ImportedEnergy:
    terms = [number for name in TERM_COLUMNS if (number := _number(cells.get(name, ""))) is not None]
    return ImportedEnergy(
        row=row,
        calculation=cells["calculation"],
        program=f"{cells['program']} {cells['version']}",
        total_hartree=_number(cells["total_hartree"]),
        terms_hartree=(terms[0], terms[1], terms[2]) if terms else None,
        failure=cells.get(FAILURE_COLUMN, ""),
    )


def _number(text: str) -> float | None:
    """Return the finite number a cell holds, or None."""
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
