"""The table of anchors, shipped or a user's own: one line for each ligand and metal."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from reexplore.chemistry.acids import read_pka
from reexplore.chemistry.ligand_input import SingleLigand, plain_ligand
from reexplore.chemistry.metals import METALS
from reexplore.errors import InputError
from reexplore.inputs.given_files import read_given_text

#: IUPAC's critical tables as compiled in the data set LOGKPREDICT (Critical Materials Institute, MIT licence): means
#: over ionic strengths from 0 to 1 mol/l at 25 °C, from which single sources differ by 0.5. The pKa are those of A. E.
#: Martell and R. M. Smith, Critical Stability Constants, near an ionic strength of 0.1 mol/l, from memory: ±0.2.
SHIPPED = Path(__file__).with_name("anchors.csv")

COLUMNS = ("ligand", "smiles", "pka", "metal", "log_k1")
_LARGEST_BYTES = 5_000_000


@dataclass(frozen=True)
class Anchor:
    """A ligand as it binds with its measured log10 K1 by metal, and its pKa, that of the last proton to leave first."""

    name: str
    smiles: str
    pka: tuple[float, ...]
    log_k1: Mapping[str, float]

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
    lines = [
        (number, line)
        for number, line in enumerate(read_given_text(path, "anchors", largest_bytes=_LARGEST_BYTES).splitlines(), 1)
        if line.strip() and not line.startswith("#")
    ]
    reader = csv.DictReader(io.StringIO("\n".join(line for _, line in lines)))
    if missing := [column for column in COLUMNS if column not in (reader.fieldnames or ())]:
        raise InputError(f"{where} has no column '{missing[0]}': its first line names {', '.join(COLUMNS)}")
    found: dict[str, tuple[str, str, dict[str, float]]] = {}
    for (number, _), row in zip(lines[1:], reader, strict=True):
        here = f"{where}, line {number}"
        name, metal = row["ligand"], row["metal"]
        if metal not in METALS:
            raise InputError(f"{here}: '{metal}' is no rare earth; they are {' '.join(METALS)}")
        smiles, pka, values = found.setdefault(name, (row["smiles"], row["pka"], {}))
        if (row["smiles"], row["pka"]) != (smiles, pka):
            raise InputError(f"{here}: '{name}' has another SMILES or other pKa than in its first line")
        if metal in values:
            raise InputError(f"{here}: '{name}' stands twice with {metal}: keep one value")
        values[metal] = _number(row["log_k1"], here)
    if not found:
        raise InputError(f"{where} has no lines below its heading")
    anchors = []
    for name, (smiles, pka, values) in found.items():
        try:
            known = read_pka(pka, plain_ligand(smiles).ligand.mol) if pka else ()
        except InputError as error:
            raise InputError(f"{where}, '{name}': {error}") from None
        anchors.append(Anchor(name, smiles, known, values))
    return tuple(anchors)


def _number(text: str, where: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise InputError(f"{where}: '{text}' is not a number")
    return value
