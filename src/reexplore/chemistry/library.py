"""Scaffolds and substituents: the built-in library, and the checks for those a user brings.

Scaffolds and the substituents marked `published` come from the study this project builds on
(Gupta, Hetherington, de Jong, Digital Discovery 2026, 5, 363); where its text leaves a template
open, the choice is ours and `source` says so.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TypeVar

from reexplore.errors import InputError

#: Donor atoms carry the atom maps 11, 12, … in a template; lower numbers are sites.
FIRST_DONOR_MAP = 11

#: Elements for which every engine of the default path has parameters.
ELEMENTS = ("H", "C", "N", "O", "F", "P", "S", "Cl")


@dataclass(frozen=True)
class Scaffold:
    """A chelating core: `[*:1]`, `[*:2]`, … are its sites, atom maps 11, 12, … its donors."""

    name: str
    smiles: str
    charge: int
    protonation: str
    source: str
    sites: int = 1

    @property
    def denticity(self) -> int:
        """Return the number of donor atoms."""
        return len(re.findall(r":[1-9]\d\]", self.smiles))


@dataclass(frozen=True)
class Substituent:
    """A group that fills one site; `warning` tells where its neutral form is doubtful in water."""

    name: str
    smiles: str
    source: str
    charge: int = 0
    warning: str = ""

    @property
    def is_hydrogen(self) -> bool:
        """Return whether the site is left with its hydrogen."""
        return self.smiles in ("[H][*:1]", "[*:1][H]")


_PUBLISHED = "published"
_OURS = "ours"

SCAFFOLDS: dict[str, Scaffold] = {
    s.name: s
    for s in (
        Scaffold("HOPO", "CNC(=O)c1cc([*:1])cc(=[O:12])n1[O-:11]", -1, "N-hydroxy deprotonated", _PUBLISHED),
        Scaffold("thio-HOPO", "CNC(=O)c1cc([*:1])cc(=[S:12])n1[O-:11]", -1, "N-hydroxy deprotonated", _OURS),
        Scaffold("CAM", "CNC(=O)c1cc([*:1])cc([O-:12])c1[O-:11]", -2, "both phenols deprotonated", _OURS),
        Scaffold("thio-CAM", "CNC(=O)c1cc([*:1])cc([S-:12])c1[O-:11]", -2, "phenol and thiol deprotonated", _OURS),
        Scaffold("HDEV", "CNC(=O)c1cc([*:1])cn([O-:12])c1=[O:11]", -1, "N-hydroxy deprotonated", _PUBLISHED),
    )
}

_ACID = "taken neutral, but largely deprotonated in neutral water"
_TAUTOMER = "taken as the hydroxy form, but mostly the pyridone in water"
_THIOL = "taken neutral; its pKa is near that of water at high pH"

SUBSTITUENTS: dict[str, Substituent] = {
    s.name: s
    for s in (
        Substituent("H", "[H][*:1]", _OURS),
        Substituent("methyl", "C[*:1]", _PUBLISHED),
        Substituent("hydroxyl", "O[*:1]", _PUBLISHED),
        Substituent("amino", "N[*:1]", _PUBLISHED),
        Substituent("carboxylic-acid", "OC(=O)[*:1]", _PUBLISHED, warning=_ACID),
        Substituent("ester", "COC(=O)[*:1]", _PUBLISHED),
        Substituent("aldehyde", "O=C[*:1]", _PUBLISHED),
        Substituent("thiol", "S[*:1]", _PUBLISHED, warning=_THIOL),
        Substituent("phosphonate", "OP(O)(=O)[*:1]", _PUBLISHED, warning=_ACID),
        Substituent("fluoro", "F[*:1]", _PUBLISHED),
        Substituent("chloro", "Cl[*:1]", _PUBLISHED),
        Substituent("2-methylbenzoic-acid", "Cc1c(C(=O)O)cccc1[*:1]", _PUBLISHED, warning=_ACID),
        Substituent("2-hydroxypyridine", "Oc1ncccc1[*:1]", _PUBLISHED, warning=_TAUTOMER),
        Substituent("methoxy", "CO[*:1]", _OURS),
        Substituent("cyano", "N#C[*:1]", _OURS),
        Substituent("nitro", "[O-][N+](=O)[*:1]", _OURS),
        Substituent("trifluoromethyl", "FC(F)(F)[*:1]", _OURS),
        Substituent("dimethylamino", "CN(C)[*:1]", _OURS),
        Substituent("hydroxymethyl", "OC[*:1]", _OURS),
        Substituent("acetyl", "CC(=O)[*:1]", _OURS),
        Substituent("amide", "NC(=O)[*:1]", _OURS),
        Substituent("methylthio", "CS[*:1]", _OURS),
        Substituent("phenyl", "c1ccccc1[*:1]", _OURS),
        Substituent("ethynyl", "C#C[*:1]", _OURS),
        Substituent("sulfonamide", "NS(=O)(=O)[*:1]", _OURS),
    )
}


def find_scaffold(name: str) -> Scaffold:
    """Return a scaffold of the built-in library; raise `InputError` with the nearest name otherwise."""
    return _find(name, SCAFFOLDS, "scaffold")


def find_substituent(name: str) -> Substituent:
    """Return a substituent of the built-in library; raise `InputError` with the nearest name otherwise."""
    return _find(name, SUBSTITUENTS, "substituent")


_T = TypeVar("_T")


def _find(name: str, table: dict[str, _T], kind: str) -> _T:
    if name in table:
        return table[name]
    near = get_close_matches(name, table, n=1)
    hint = f"did you mean '{near[0]}'?" if near else f"the library has {', '.join(table)}"
    raise InputError(f"unknown {kind} '{name}': {hint}")
