"""XYZ text as programs and people write it, in the form that ASE reads: one molecule, or one sentence with its line."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from rdkit import Chem

from reexplore.errors import InputError
from reexplore.inputs.given_files import read_given

#: A molecule of ten thousand atoms has less; it is looked at before memory is taken.
_LARGEST_FILE_BYTES = 5_000_000
_MOST_ATOMS = 10_000
_ISOTOPES = {"D": "H", "T": "H"}
_LABEL = re.compile(r"([A-Za-z]{1,3})[0-9][A-Za-z0-9_'*]*|([A-Za-z]{1,3})")
_LONGEST_NUMBER = 60
#: Fortran writes its double precision with a D, and the largest exponents with no letter at all.
_FORTRAN = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+))(?:[dD]([+-]?\d+)|([+-]\d{3}))")


@dataclass(frozen=True)
class XyzText:
    """An XYZ file's second line, and its text with elements and numbers as ASE reads them."""

    comment: str
    text: str


def read_xyz(path: Path) -> XyzText:
    """Return the text of an XYZ or extended XYZ file.

    Read are byte order marks, empty lines before the first, atomic numbers and labels in place of elements (8, O1),
    isotopes (D), Fortran's exponents, and comments in Latin-1. Raises `InputError` with the line and what is expected.
    """
    lines = _lines(path)
    first = next((k for k, line in enumerate(lines) if line.strip()), None)
    if first is None:
        raise InputError(f"{path} is empty")
    count = _count(path, lines, first)
    atoms = lines[first + 2 : first + 2 + count]
    written = [_atom(path, first + 3 + k, line) for k, line in enumerate(atoms)]
    _require_one(path, lines, first, count)
    comment = lines[first + 1]
    is_extended = "Properties=" in comment or "Lattice=" in comment
    return XyzText(comment, "\n".join((str(count), comment if is_extended else "", *written)) + "\n")


def _lines(path: Path) -> list[str]:
    data = read_given(path, "structure file", largest_bytes=_LARGEST_FILE_BYTES)
    if b"\0" in data:
        raise InputError(f"{path} is no text: it holds zero bytes")
    try:
        return data.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        # Only a comment can hold such letters, and any eight bits are Latin-1.
        return data.decode("latin-1").splitlines()


def _count(path: Path, lines: list[str], first: int) -> int:
    text = lines[first].strip()
    if not re.fullmatch(r"\d{1,9}", text):
        raise InputError(f"{path} is no XYZ file: line {first + 1} should be the number of atoms, not '{_short(text)}'")
    count = int(text)
    left = len(lines) - first - 2
    if count > _MOST_ATOMS:
        raise InputError(f"{path} names {count} atoms in line {first + 1}, more than {_MOST_ATOMS}")
    if count < 1:
        raise InputError(f"{path} holds no atoms: line {first + 1} says so")
    if count > left:
        raise InputError(f"{path} names {count} atoms in line {first + 1}, but {max(left, 0)} lines follow its comment")
    return count


def _atom(path: Path, number: int, line: str) -> str:
    symbol, *numbers = line.split() or [""]
    element = _element(symbol)
    if element is None:
        raise InputError(
            f"{path} is no XYZ file: line {number} should be an element and three numbers, not '{_short(line.strip())}'"
        )
    written = [_number(text) for text in numbers]
    for text in written[:3]:
        try:
            float(text)
        except ValueError:
            raise InputError(f"{path} is no XYZ file: '{_short(text)}' in line {number} is no number") from None
    if len(written) < 3:
        raise InputError(f"{path} is no XYZ file: line {number} has {len(written)} numbers where three are expected")
    return " ".join((element, *written))


def _number(text: str) -> str:
    """Return a number as everybody writes it: Fortran writes 1.5D-03 and 1.5-103."""
    # Looking for an exponent in a number of thousands of digits takes minutes.
    found = _FORTRAN.fullmatch(text) if len(text) <= _LONGEST_NUMBER else None
    return f"{found[1]}E{found[2] or found[3]}" if found else text


def _element(symbol: str) -> str | None:
    """Return the element of a symbol, an atomic number or a label; None when it is none."""
    table = Chem.GetPeriodicTable()
    if symbol.isascii() and symbol.isdigit():
        number = int(symbol) if len(symbol) < 4 else 0
        return str(table.GetElementSymbol(number)) if 1 <= number <= 118 else None
    label = _LABEL.fullmatch(symbol)
    letters = (label[1] or label[2]) if label else ""
    if letters.upper() in _ISOTOPES:
        return _ISOTOPES[letters.upper()]
    known = {table.GetElementSymbol(n) for n in range(1, 119)}
    return letters.capitalize() if letters.capitalize() in known else None


def _require_one(path: Path, lines: list[str], first: int, count: int) -> None:
    """Raise `InputError` when something follows the molecule: another one, or lines that belong to nothing."""
    frames, at = 1, first + 2 + count
    while at < len(lines) and re.fullmatch(r"\s*\d{1,9}\s*", lines[at]):
        frames, at = frames + 1, at + 2 + int(lines[at])
    if frames > 1:
        raise InputError(f"{path} holds {frames} structures; keep one")
    rest = next((k for k in range(at, len(lines)) if lines[k].strip()), None)
    if rest is not None:
        raise InputError(
            f"{path} names {count} atoms, but line {rest + 1} follows them: '{_short(lines[rest].strip())}'"
        )


def _short(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:40]}…"
