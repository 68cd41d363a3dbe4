"""A source: ligands from anywhere, as rows that are judged one by one. How one is added: docs/ligand-files.md."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, Self, runtime_checkable

from reexplore.errors import InputError

NAME, SMILES, DONORS, CHARGE, START, PKA = "name", "smiles", "donors", "charge", "start_from", "pka"
_REQUIRED = (NAME, SMILES)
#: A heading longer than this is none, and would fill the screen.
LONGEST_SHOWN = 60


@dataclass(frozen=True)
class Row:
    """One ligand of a source: the line where it begins, and the text of every column.

    `fault` says what is wrong with the line itself, and is empty when nothing is.
    """

    line: int
    texts: Mapping[str, str]
    fault: str = ""

    def __getitem__(self, column: str) -> str:
        """Return the text of a column, empty where there is no such column."""
        return self.texts.get(column, "")

    @property
    def name(self) -> str:
        """Return the ligand's name as it stands."""
        return self[NAME]


@dataclass(frozen=True)
class LigandTable:
    """The columns of a source in their order, and its rows.

    `title` is its name in messages, such as `the ligand file mine.csv`. Files that a row names lie in `folder`.
    """

    title: str
    folder: Path
    columns: tuple[str, ...]
    rows: tuple[Row, ...]

    def __post_init__(self) -> None:
        for number, column in enumerate(self.columns, start=1):
            if not column:
                raise InputError(f"{self.title}: column {number} has no name: give it one in the first line")
            if self.columns.count(column) > 1:
                raise InputError(f"{self.title}: two columns are called '{column[:LONGEST_SHOWN]}': rename one of them")
        for needed in _REQUIRED:
            if needed not in self.columns:
                there = ", ".join(self.columns)
                shown = there if len(there) <= 4 * LONGEST_SHOWN else f"{there[: 4 * LONGEST_SHOWN]}…"
                raise InputError(f"{self.title} has no column '{needed}': its first line names {shown}")
        if not self.rows:
            raise InputError(f"{self.title} has no rows below its heading: write one ligand a line")
        first: dict[str, int] = {}
        for row in self.rows:
            if row.name and row.name in first:
                shown = row.name[:LONGEST_SHOWN]
                raise InputError(
                    f"{self.title}: lines {first[row.name]} and {row.line} have the same name {shown!r}: rename one"
                )
            first[row.name] = row.line

    @classmethod
    def of(cls, rows: Iterable[Mapping[str, Any]], *, title: str, folder: Path) -> LigandTable:
        """Return a table of rows made by a program: mappings from columns to values, None for an empty cell."""
        texts = [{str(k): "" if v is None else str(v).strip() for k, v in row.items()} for row in rows]
        columns = tuple(dict.fromkeys(column for row in texts for column in row)) or _REQUIRED
        return cls(title, folder, columns, tuple(Row(number, row) for number, row in enumerate(texts, start=1)))


@runtime_checkable
class Source(Protocol):
    """Where the ligands of a campaign come from; the same campaign gives the same rows whenever it is read."""

    @classmethod
    def read(cls, said: Any, *, beside: Path) -> Self:
        """Return the source that a campaign file says, which lies in the folder `beside`.

        Raises `ValueError` with what is wrong and what to give.
        """

    def table(self) -> LigandTable:
        """Return its rows; raise `InputError` when they cannot be had."""
