"""A file of ligands as it stands: CSV, one row a ligand, with the number of each line."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from reexplore.errors import InputError
from reexplore.inputs.given_files import read_given_text

#: A hundred thousand ligands with a dozen columns have about this many.
LARGEST_FILE_BYTES = 20_000_000
KIND = "ligand file"

NAME, SMILES, DONORS, CHARGE, START = "name", "smiles", "donors", "charge", "start_from"
_REQUIRED = (NAME, SMILES)
#: What other programs separate columns by.
_OTHER_SEPARATORS = {";": "semicolons", "\t": "tabs"}
#: A heading longer than this is none, and would fill the screen.
_LONGEST_SHOWN = 60


@dataclass(frozen=True)
class Row:
    """One ligand of a file: the line where it begins, and the text of every column.

    `fault` says what is wrong with the line itself, and is empty when nothing is.
    """

    line: int
    texts: Mapping[str, str]
    fault: str = ""

    def __getitem__(self, column: str) -> str:
        """Return the text of a column, empty where the file has no such column."""
        return self.texts.get(column, "")

    @property
    def name(self) -> str:
        """Return the ligand's name as it stands."""
        return self[NAME]


@dataclass(frozen=True)
class LigandTable:
    """The columns of a ligand file in their order, and its rows."""

    path: Path
    columns: tuple[str, ...]
    rows: tuple[Row, ...]


def read_ligand_table(path: Path) -> LigandTable:
    """Return the rows of a ligand file; raise `InputError` when it is no such file, with what to mend."""
    text = read_given_text(path, KIND, largest_bytes=LARGEST_FILE_BYTES)
    if "\0" in text:
        raise InputError(f"the {KIND} {path} is no text: save it as CSV, with commas and in UTF-8")
    lines = _lines(text, path)
    _, heading = next(lines, (0, []))
    columns = _columns(heading, path)
    rows = tuple(_row(line, cells, columns) for line, cells in lines)
    if not rows:
        raise InputError(f"the {KIND} {path} has no rows below its heading: write one ligand a line")
    _require_names_once(rows, path)
    return LigandTable(path, columns, rows)


def _lines(text: str, path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield each line that is not empty with its number; a quoted text may run over several."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            raise InputError(f"the {KIND} {path}, line {line}: this is not CSV ({error})") from None
        if cells is None:
            return
        if any(cell.strip() for cell in cells):
            yield line, [cell.strip() for cell in cells]


def _columns(heading: Sequence[str], path: Path) -> tuple[str, ...]:
    where = f"the {KIND} {path}"
    if not heading:
        raise InputError(f"{where} is empty: its first line names the columns, such as name,smiles")
    if not all(cell.isprintable() for cell in heading):
        other = "tabs" if any("\t" in cell for cell in heading) else ""
        remedy = f"its columns are separated by {other}" if other else "its heading has letters that cannot be printed"
        raise InputError(f"{where}: {remedy}: save it with commas and in UTF-8")
    # Spreadsheets like capitals.
    columns = [cell.lower() if cell.lower() in (NAME, SMILES, DONORS, CHARGE, START) else cell for cell in heading]
    for mark, words in _OTHER_SEPARATORS.items():
        if len(columns) == 1 and mark in columns[0]:
            raise InputError(f"{where}: its columns are separated by {words}: save it with commas")
    for number, column in enumerate(columns, start=1):
        if not column:
            raise InputError(f"{where}: column {number} has no name: give it one in the first line")
        if columns.count(column) > 1:
            raise InputError(f"{where}: two columns are called '{column[:_LONGEST_SHOWN]}': rename one of them")
    for needed in _REQUIRED:
        if needed not in columns:
            there = ", ".join(columns)
            shown = there if len(there) <= 4 * _LONGEST_SHOWN else f"{there[: 4 * _LONGEST_SHOWN]}…"
            raise InputError(f"{where} has no column '{needed}': its first line names {shown}")
    return tuple(columns)


def _row(line: int, cells: Sequence[str], columns: Sequence[str]) -> Row:
    texts = dict(zip(columns, cells, strict=False))
    if len(cells) == len(columns):
        return Row(line, texts)
    fault = f"{len(cells)} values in {len(columns)} columns: quote a text that has commas"
    return Row(line, {column: texts.get(column, "") for column in columns}, fault)


def _require_names_once(rows: Sequence[Row], path: Path) -> None:
    first: dict[str, int] = {}
    for row in rows:
        if row.name and row.name in first:
            shown = row.name[:_LONGEST_SHOWN]
            raise InputError(
                f"the {KIND} {path}: lines {first[row.name]} and {row.line} have the same name {shown!r}: rename one"
            )
        first[row.name] = row.line
