"""The table of anchors, shipped or a user's own: one line for each ligand and metal."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from pathlib import Path

from reexplore.chemistry.acids import read_pka
from reexplore.chemistry.ligand_input import DonorsMissingError, SingleLigand, plain_ligand
from reexplore.chemistry.metals import METALS
from reexplore.errors import InputError
from reexplore.inputs.given_files import read_given_text

#: IUPAC's critical tables as compiled in the data set LOGKPREDICT (Critical Materials Institute, MIT licence): means
#: over ionic strengths from 0 to 1 mol/l at 25 °C, from which single sources differ by 0.5. The pKa are those of A. E.
#: Martell and R. M. Smith, Critical Stability Constants, near an ionic strength of 0.1 mol/l, from memory: ±0.2.
SHIPPED = Path(__file__).with_name("anchors.csv")

COLUMNS = ("ligand", "smiles", "pka", "metal")
#: What was measured, a table has one of them: log10 of the first stability constant, or of a distribution ratio.
LOG_K1, LOG_D = MEASURED = ("log_k1", "log_d")
_LARGEST_BYTES = 5_000_000
#: Beyond it a number is no logarithm of a constant or a ratio.
_LARGEST_LOG = 100.0


@dataclass(frozen=True)
class Anchor:
    """A ligand as it binds with what was measured of it by metal, and its pKa, that of the last proton to leave first.

    That is log10 K1, or log10 of its distribution ratios: `log_d`. `source` is the file it is from.
    """

    name: str
    smiles: str
    pka: tuple[float, ...]
    log_k1: Mapping[str, float]
    log_d: Mapping[str, float] = field(default_factory=dict)
    source: str = "shipped"

    @cached_property
    def single(self) -> SingleLigand:
        """Return the ligand with its donors."""
        return plain_ligand(self.smiles)

    @property
    def charge(self) -> int:
        """Return the charge of the ligand as it binds."""
        return self.single.ligand.charge


def read_anchors(path: Path = SHIPPED) -> tuple[Anchor, ...]:
    """Return the anchors of a table; raise `InputError` with the line of what is wrong first."""
    where = f"the anchors {path}"
    lines = _lines(read_given_text(path, "anchors", largest_bytes=_LARGEST_BYTES), where)
    _, heading = next(lines, (where, []))
    measured = _measured(heading, where)
    source = "shipped" if path == SHIPPED else path.name
    found: dict[str, Anchor] = {}
    first: dict[str, dict[str, str]] = {}
    for here, cells in lines:
        if len(cells) != len(heading):
            raise InputError(f"{here} has {len(cells)} cells, its heading {len(heading)}: give one for each column")
        row = dict(zip(heading, cells, strict=True))
        name, metal = row["ligand"], row["metal"]
        if metal not in METALS:
            raise InputError(f"{here}: '{metal}' is no rare earth; they are {' '.join(METALS)}")
        if name not in found:
            found[name], first[name] = _anchor(row, source, here), row
        if any(row[column] != first[name][column] for column in ("smiles", "pka")):
            raise InputError(f"{here}: '{name}' has another SMILES or other pKa than in its first line")
        values = getattr(found[name], measured)
        if metal in values:
            raise InputError(f"{here}: '{name}' stands twice with {metal}: keep one value")
        values[metal] = _number(row[measured], here)
    if not found:
        raise InputError(f"{where} has no lines below its heading")
    return tuple(found.values())


@cache
def shipped_anchors() -> tuple[Anchor, ...]:
    """Return the anchors that come with the package, read once in a process."""
    return together([read_anchors()])


def together(tables: Sequence[Sequence[Anchor]]) -> tuple[Anchor, ...]:
    """Return the anchors of several tables: what an earlier one has of a ligand and metal, a later one does not repeat.

    Ligands are told apart by their identity. A name that is taken has its file beside it.
    """
    known: set[tuple[str, str, str]] = set()
    found: dict[str, Anchor] = {}
    for anchor in (anchor for table in tables for anchor in table):
        identity = anchor.single.ligand.identity
        new = {
            kind: {m: value for m, value in getattr(anchor, kind).items() if (identity, m, kind) not in known}
            for kind in MEASURED
        }
        known |= {(identity, metal, kind) for kind, values in new.items() for metal in values}
        name = anchor.name
        while name in found:
            name = f"{name} ({anchor.source})"
        if any(new.values()):
            found[name] = replace(anchor, name=name, log_k1=new[LOG_K1], log_d=new[LOG_D])
    return tuple(found.values())


def _lines(text: str, where: str) -> Iterator[tuple[str, list[str]]]:
    """Yield the cells of each line that is neither empty nor a remark, with where it stands."""
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip() and not line.startswith("#"):
            here = f"{where}, line {number}"
            try:
                yield here, next(csv.reader([line], strict=True))
            except csv.Error as error:
                raise InputError(f"{here}: this is not CSV ({error})") from None


def _measured(heading: Sequence[str], where: str) -> str:
    """Return the column of what was measured; raise `InputError` where a column is missing."""
    if missing := [column for column in COLUMNS if column not in heading]:
        named = f"{', '.join(COLUMNS)} and {LOG_K1}"
        raise InputError(f"{where} has no column '{missing[0]}': its first line names {named}")
    found = [column for column in MEASURED if column in heading]
    if len(found) != 1:
        wrong = "no column" if not found else "both columns"
        raise InputError(f"{where} has {wrong} '{LOG_K1}' {'or' if not found else 'and'} '{LOG_D}': give one of them")
    return found[0]


def _anchor(row: Mapping[str, str], source: str, here: str) -> Anchor:
    """Return a ligand without values yet; raise `InputError` for a name that cannot be shown, or what is no ligand."""
    name, smiles, pka = row["ligand"], row["smiles"], row["pka"]
    if not name.strip() or not name.isprintable():
        raise InputError(f"{here}: give the ligand a name")
    try:
        mol = plain_ligand(smiles).ligand.mol
        return Anchor(name, smiles, read_pka(pka, mol) if pka.strip() else (), {}, {}, source)
    except DonorsMissingError:
        raise InputError(f"{here}, '{name}': mark its donors with the atom maps 11, 12, …, as in C[O-:11]") from None
    except InputError as error:
        raise InputError(f"{here}, '{name}': {error}") from None


def _number(text: str, here: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    # Not a number is not below it either.
    if not abs(value) <= _LARGEST_LOG:
        raise InputError(f"{here}: '{text}' is not a number from -100 to 100, such as 3.2")
    return value
