"""A file of ligands as it stands: CSV, one row a ligand, with the number of each line."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from reexplore.errors import InputError
from reexplore.inputs.given_files import read_given_text
from reexplore.sources.base import CHARGE, DONORS, NAME, PKA, SMILES, START, LigandTable, Row

#: A hundred thousand ligands with a dozen columns have about this many.
LARGEST_FILE_BYTES = 20_000_000
KIND = "ligand file"

#: What other programs separate columns by.
_OTHER_SEPARATORS = {";": "semicolons", "\t": "tabs"}
_LONGEST_PATH = 1_000


@dataclass(frozen=True)
class LigandFile:
    """The CSV file that a campaign names."""

    path: Path

    @classmethod
    def read(cls, said: Any, *, beside: Path) -> Self:
        """Return the file by its path, beside the campaign file or where the command is given."""
        if not isinstance(said, str) or not said.isprintable() or not 0 < len(said) <= _LONGEST_PATH:
            raise ValueError("give the path of a CSV file, such as my_ligands.csv")
        near, here = beside / said, Path(said)
        return cls((near if near.is_file() or not here.is_file() else here).resolve())

    def table(self) -> LigandTable:
        """Return its rows; raise `InputError` when it is no such file, with what to mend."""
        text = read_given_text(self.path, KIND, largest_bytes=LARGEST_FILE_BYTES)
        if "\0" in text:
            raise InputError(f"the {KIND} {self.path} is no text: save it as CSV, with commas and in UTF-8")
        lines = _lines(text, self.path)
        _, heading = next(lines, (0, []))
        columns = _columns(heading, self.path)
        rows = tuple(_row(line, cells, columns) for line, cells in lines)
        return LigandTable(f"the {KIND} {self.path}", self.path.parent, columns, rows)


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
    known = (NAME, SMILES, DONORS, CHARGE, START, PKA)
    columns = [cell.lower() if cell.lower() in known else cell for cell in heading]
    for mark, words in _OTHER_SEPARATORS.items():
        if len(columns) == 1 and mark in columns[0]:
            raise InputError(f"{where}: its columns are separated by {words}: save it with commas")
    return tuple(columns)


def _row(line: int, cells: Sequence[str], columns: Sequence[str]) -> Row:
    texts = dict(zip(columns, cells, strict=False))
    if len(cells) == len(columns):
        return Row(line, texts)
    fault = f"{len(cells)} values in {len(columns)} columns: quote a text that has commas"
    return Row(line, {column: texts.get(column, "") for column in columns}, fault)
