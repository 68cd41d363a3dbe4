"""The ligands that a prediction is asked for: one as it was typed, or the rows of a file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from reexplore.errors import InputError
from reexplore.sources.base import DONORS, NAME, SMILES
from reexplore.sources.ligand_file import LigandFile
from reexplore.sources.ligand_list import donor_numbers_of
from reexplore.workbench.request import donor_numbers

_FILE = ".csv"


@dataclass(frozen=True)
class Asked:
    """One ligand as it was given: its SMILES, a name if it has one, and its donors if they are told by number.

    `fault` is what is wrong with it already, such as a broken line of its file.
    """

    smiles: str
    name: str = ""
    donors: tuple[int, ...] | None = None
    fault: str = ""


def asked_ligands(said: str, *, donors: str | None = None) -> list[Asked]:
    """Return the ligand of a SMILES, or those of a CSV file with the columns name, smiles and, if it has it, donors.

    Raises `InputError` for a file that cannot be read, and for donors that are no numbers or named beside a file.
    """
    if not said.lower().endswith(_FILE):
        numbers = donor_numbers(donors)
        return [Asked(said, donors=None if numbers is None else tuple(numbers))]
    if donors is not None:
        raise InputError(f"--donors counts in one SMILES: in {said} the column '{DONORS}' has those of each ligand")
    if not Path(said).is_file():
        raise InputError(f"there is no file {said}")
    table = LigandFile.read(said, beside=Path()).table()
    found = []
    for row in table.rows:
        fault, counted = row.fault, list[int]()
        try:
            counted = donor_numbers_of(row[DONORS])
        except InputError as error:
            fault = fault or str(error)
        found.append(Asked(row[SMILES], row[NAME], tuple(counted) or None, fault and f"line {row.line}: {fault}"))
    return found
