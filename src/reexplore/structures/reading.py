"""Structures from files of any origin: XYZ and extended XYZ, one molecule each."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from reexplore.chemistry.metals import METALS
from reexplore.errors import InputError
from reexplore.structures.structure import Structure
from reexplore.structures.xyz_text import read_xyz

if TYPE_CHECKING:
    from ase import Atoms

#: GFN2-xTB has parameters up to radon.
_HEAVIEST = 86
#: Two atoms nearer than this are one atom written twice, Å.
_COINCIDENT_ANGSTROM = 0.4
_FARTHEST_ANGSTROM = 1e4
#: A charge in a comment: `charge=1`, `charge: 2+`, `charge 1-`.
_CHARGE = re.compile(r"\bcharge\b(\s*[=:]\s*|\s+)[\"']?([^\s\"',;]*)", re.IGNORECASE)
_SIGN_FIRST, _SIGN_LAST = re.compile(r"([+-]?)(\d{1,3})(?:\.0*)?"), re.compile(r"(\d{1,3})([+-])")
_LARGEST_CHARGE = 99


def read_structure(path: Path, *, charge: int | None = None, unnamed: int | None = None) -> Structure:
    """Read one molecule from an XYZ or extended XYZ file; its comment may name the charge (`charge=1`).

    `unnamed` is the charge of a file that names none. Raises `InputError` when the file cannot be read,
    holds more than one molecule or a crystal, or when the charge is missing or contradicts `charge`.
    """
    from ase.io import read

    found = read_xyz(path)
    try:
        atoms = read(io.StringIO(found.text), format="extxyz")
    except Exception as error:  # ASE raises whatever its parser stumbles over
        reason = str(error).removeprefix("ase.io.extxyz: ").split("\n")[0]
        raise InputError(f"{path} is no XYZ file: {reason or repr(error)}") from None
    return _checked(atoms, str(path), _settled(path, found.comment, charge, unnamed))


def structure_of_atoms(atoms: Atoms, *, charge: int | None = None) -> Structure:
    """Return ASE atoms as a structure, checked like a file; `charge` is `atoms.info['charge']` unless it is given."""
    told = atoms.info.get("charge", charge)
    if told is None:
        raise InputError("the atoms name no charge: give `charge`, or set atoms.info['charge']")
    if isinstance(told, bool) or int(told) != told or abs(told) > _LARGEST_CHARGE:
        raise InputError(f"the charge {told!r} of the atoms is no whole number up to {_LARGEST_CHARGE}")
    if charge is not None and charge != told:
        raise InputError(f"the atoms name the charge {int(told):+d}, but {charge:+d} is given")
    if len(atoms) == 0:
        raise InputError("there are no atoms")
    return _checked(atoms, "the molecule", int(told))


def _checked(atoms: Atoms, what: str, charge: int) -> Structure:
    if not np.isfinite(atoms.positions).all() or np.abs(atoms.positions).max() > _FARTHEST_ANGSTROM:
        raise InputError(f"{what} holds positions that are no numbers, or further out than {_FARTHEST_ANGSTROM:g} Å")
    if atoms.pbc.any():
        raise InputError(f"{what} holds a crystal (pbc); cut a molecule out of it")
    structure = Structure(tuple(atoms.symbols), atoms.positions, charge)
    _require_apart(what, structure)
    return structure


def require_closed_shell(structure: Structure) -> None:
    """Raise `InputError` when GFN2-xTB cannot compute a structure without unpaired electrons.

    The 4f electrons of a lanthanide are in GFN2-xTB's core, which leaves it three valence electrons
    whatever its place in the series.
    """
    from ase.data import atomic_numbers

    numbers = [atomic_numbers[symbol] for symbol in structure.symbols]
    if max(numbers) > _HEAVIEST:
        heaviest = structure.symbols[int(np.argmax(numbers))]
        raise InputError(f"GFN2-xTB has no parameters for {heaviest}: it ends at radon")
    lanthanides = {metal.atomic_number for metal in METALS.values() if metal.atomic_number >= 57}
    electrons = sum(3 if number in lanthanides else number for number in numbers) - structure.charge
    if electrons % 2:
        raise InputError(
            f"with the charge {structure.charge:+d} an electron is left unpaired, but ligands and trivalent rare earths"
            f" are closed shell here: is it {structure.charge - 1:+d} or {structure.charge + 1:+d}?"
        )


def _settled(path: Path, comment: str, charge: int | None, unnamed: int | None) -> int:
    found = sorted({value for match in _CHARGE.finditer(comment) if (value := _charge(path, match)) is not None})
    if len(found) > 1:
        raise InputError(f"{path} names the charges {' and '.join(f'{value:+d}' for value in found)}: keep one")
    if found and charge is not None and found[0] != charge:
        raise InputError(f"{path} names the charge {found[0]:+d}, but it should be {charge:+d}")
    named = found[0] if found else charge if charge is not None else unnamed
    if named is None:
        raise InputError(f"{path} names no charge: give it with --charge, or write charge=… into its second line")
    if abs(named) > _LARGEST_CHARGE:
        raise InputError(f"{path}: a charge of {named:+d} is no molecule's")
    return named


def _charge(path: Path, match: re.Match[str]) -> int | None:
    """Return the charge that a comment names in one place, its sign before or behind; None where it names none."""
    separator, text = match[1].strip(), match[2].replace("\N{MINUS SIGN}", "-").rstrip(".")
    if first := _SIGN_FIRST.fullmatch(text):
        return int(f"{first[1]}{first[2]}")
    if last := _SIGN_LAST.fullmatch(text):
        return int(f"{last[2]}{last[1]}")
    if separator or re.match(r"[+-]?\d", text):
        shown = text if len(text) <= 20 else f"{text[:20]}…"
        raise InputError(
            f"{path}: the charge '{shown}' in its second line cannot be read: write charge=-1 or charge=+2"
        )
    return None


def _require_apart(path: str, structure: Structure) -> None:
    from scipy.spatial.distance import pdist, squareform

    if len(structure) < 2:
        return
    distances = squareform(pdist(structure.positions_angstrom)) + np.diag([np.inf] * len(structure))
    first, second = sorted(np.unravel_index(int(distances.argmin()), distances.shape))
    if distances[first, second] < _COINCIDENT_ANGSTROM:
        pair = f"{structure.symbols[first]}{first} and {structure.symbols[second]}{second}"
        raise InputError(
            f"{path} has two atoms nearer than {_COINCIDENT_ANGSTROM} Å to each other: {pair},"
            f" {distances[first, second]:.2f} Å (atoms are counted from 0)"
        )
