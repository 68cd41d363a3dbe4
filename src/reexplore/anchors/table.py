"""The table of anchors, shipped or a user's own: one line for each ligand and metal."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from rdkit import Chem

from reexplore.chemistry.ligand_input import SingleLigand, plain_ligand
from reexplore.chemistry.metals import METALS
from reexplore.energies.protons import require_pka
from reexplore.errors import InputError
from reexplore.inputs.given_files import read_given_text

#: IUPAC's critical tables as compiled in the data set LOGKPREDICT (Critical Materials Institute, MIT licence): means
#: over ionic strengths from 0 to 1 mol/l at 25 °C, from which single sources differ by 0.5. The pKa are those of A. E.
#: Martell and R. M. Smith, Critical Stability Constants, near an ionic strength of 0.1 mol/l, from memory: ±0.2.
SHIPPED = Path(__file__).with_name("anchors.csv")

COLUMNS = ("ligand", "smiles", "pka", "metal", "log_k1")
_LARGEST_BYTES = 5_000_000
#: What takes a proton in water: anions, amines and pyridines, no amides and no anilines.
_TAKES_PROTON = Chem.MolFromSmarts("[O-,S-,N-,$([NX3;+0;!$(N[C,S,P]=[O,S,N]);!$(N[a])]),$([nX2;+0])]")


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
    found: dict[str, tuple[str, tuple[float, ...], dict[str, float]]] = {}
    for (number, _), row in zip(lines[1:], reader, strict=True):
        here = f"{where}, line {number}"
        name, metal = row["ligand"], row["metal"]
        if metal not in METALS:
            raise InputError(f"{here}: '{metal}' is no rare earth; they are {' '.join(METALS)}")
        smiles, pka, values = found.setdefault(name, (row["smiles"], _numbers(row["pka"], here), {}))
        if (row["smiles"], _numbers(row["pka"], here)) != (smiles, pka):
            raise InputError(f"{here}: '{name}' has another SMILES or other pKa than in its first line")
        if metal in values:
            raise InputError(f"{here}: '{name}' stands twice with {metal}: keep one value")
        values[metal] = _numbers(row["log_k1"], here, count=1)[0]
    anchors = tuple(Anchor(name, smiles, pka, values) for name, (smiles, pka, values) in found.items())
    if not anchors:
        raise InputError(f"{where} has no lines below its heading")
    for anchor in anchors:
        if anchor.pka:
            require_pka(anchor.pka, sites=proton_sites(anchor.single.ligand.mol), ligand=anchor.name)
    return anchors


def proton_sites(mol: Chem.Mol) -> int:
    """Return how many atoms of a ligand, as it binds, can take a proton in water."""
    return len(mol.GetSubstructMatches(_TAKES_PROTON))


def _numbers(text: str, where: str, *, count: int | None = None) -> tuple[float, ...]:
    try:
        found = tuple(float(word) for word in text.split())
    except ValueError:
        found = (math.nan,)
    if not all(map(math.isfinite, found)) or count not in (None, len(found)):
        raise InputError(f"{where}: '{text}' is not {'a number' if count else 'numbers with blanks between them'}")
    return found
