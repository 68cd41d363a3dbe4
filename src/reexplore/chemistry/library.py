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

#: Where parts of the user's own come from.
CAMPAIGN_FILE = "campaign file"
#: Where ligands without sites come from, which are scaffolds of their own.
LIGAND_FILE = "ligand file"
#: Donor atoms carry the atom maps 11, 12, … in a template; lower numbers are sites.
FIRST_DONOR_MAP = 11

#: Elements for which every engine of the default path has parameters.
ELEMENTS = ("H", "C", "N", "O", "F", "P", "S", "Cl")

_MAPPED_ATOM = re.compile(r"\[[^\[\]]*:(\d+)\]")


@dataclass(frozen=True)
class Scaffold:
    """A chelating core: `[*:1]`, `[*:2]`, … are its sites, atom maps 11, 12, … its donors.

    `protonation` says which protons it has lost, `warning` where that is doubtful in neutral water.
    """

    name: str
    smiles: str
    charge: int
    protonation: str
    source: str
    sites: int = 1
    warning: str = ""

    @property
    def denticity(self) -> int:
        """Return the number of donor atoms."""
        return sum(int(number) >= FIRST_DONOR_MAP for number in _MAPPED_ATOM.findall(self.smiles))


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

_N_HYDROXY = "N-hydroxy deprotonated"
_PHENOLS = "both phenols deprotonated"
_THIOPHENOL = "phenol and thiol deprotonated"

_CATECHOLATE = "taken without its two phenol protons; the second (pKa near 12) competes with the metal in neutral water"
_THIOCATECHOLATE = (
    "taken without phenol and thiol protons; the phenol's (pKa near 11) competes with the metal in neutral water"
)
_HALF_CATECHOL = "one of several protonation states: neutral below pH 8, and the metal may take its last proton"
_HYDROXAMIC = "taken deprotonated; its proton (pKa near 9) competes with the metal in neutral water"

#: The published cores with one open position, that opposite the donor next to the side chain.
_ONE_SITE = (
    Scaffold("HOPO", "CNC(=O)c1cc([*:1])cc(=[O:12])n1[O-:11]", -1, _N_HYDROXY, _PUBLISHED),
    Scaffold("thio-HOPO", "CNC(=O)c1cc([*:1])cc(=[S:12])n1[O-:11]", -1, _N_HYDROXY, _OURS),
    Scaffold("CAM", "CNC(=O)c1cc([*:1])cc([O-:12])c1[O-:11]", -2, _PHENOLS, _OURS, warning=_CATECHOLATE),
    Scaffold("thio-CAM", "CNC(=O)c1cc([*:1])cc([S-:12])c1[O-:11]", -2, _THIOPHENOL, _OURS, warning=_THIOCATECHOLATE),
    Scaffold("HDEV", "CNC(=O)c1cc([*:1])cn([O-:12])c1=[O:11]", -1, _N_HYDROXY, _PUBLISHED),
)

#: The same cores with every open ring position, by its IUPAC number, and the carbon on the amide's nitrogen.
_ALL_SITES = (
    Scaffold("HOPO-345N", "[*:4]CNC(=O)c1c([*:3])c([*:2])c([*:1])c(=[O:12])n1[O-:11]", -1, _N_HYDROXY, _OURS, sites=4),
    Scaffold(
        "thio-HOPO-345N", "[*:4]CNC(=O)c1c([*:3])c([*:2])c([*:1])c(=[S:12])n1[O-:11]", -1, _N_HYDROXY, _OURS, sites=4
    ),
    Scaffold(
        "CAM-456N",
        "[*:4]CNC(=O)c1c([*:3])c([*:2])c([*:1])c([O-:12])c1[O-:11]",
        -2,
        _PHENOLS,
        _OURS,
        sites=4,
        warning=_CATECHOLATE,
    ),
    Scaffold(
        "thio-CAM-456N",
        "[*:4]CNC(=O)c1c([*:3])c([*:2])c([*:1])c([S-:12])c1[O-:11]",
        -2,
        _THIOPHENOL,
        _OURS,
        sites=4,
        warning=_THIOCATECHOLATE,
    ),
    Scaffold("HDEV-456N", "[*:4]CNC(=O)c1c([*:1])c([*:2])c([*:3])n([O-:12])c1=[O:11]", -1, _N_HYDROXY, _OURS, sites=4),
)

#: Other protonation states and ways to bind, each an entry of its own.
_PROTONATED = (
    Scaffold(
        "HCAM",
        "CNC(=O)c1cc([*:1])cc([OH:12])c1[O-:11]",
        -1,
        "phenol beside the amide deprotonated, the other kept and bound",
        _OURS,
        warning=_HALF_CATECHOL,
    ),
    Scaffold(
        "HCAM-salicylate",
        "CNC(=[O:12])c1cc([*:1])cc(O)c1[O-:11]",
        -1,
        "phenol beside the amide deprotonated; bound through it and the amide's oxygen",
        "S. M. Cohen, M. Meyer, K. N. Raymond, J. Am. Chem. Soc. 1998, 120, 6277",
        warning=_HALF_CATECHOL,
    ),
    Scaffold(
        "benzohydroxamate",
        "[O:12]=C(c1ccc([*:1])cc1)N[O-:11]",
        -1,
        _N_HYDROXY,
        _OURS,
        warning=_HYDROXAMIC,
    ),
)

_AMINE_ACID = "taken without any proton; the free ligand holds one to two on its amines in neutral water"
_TREN = "its tertiary amine (pKa 6 to 8) is taken neutral and unbound"

#: Ligands that fill half of the coordination sphere or more.
_POLYDENTATE = (
    Scaffold(
        "5LIO-HOPO",
        "O=C(NCCOCCNC(=O)c1cc([*:1])cc(=[O:11])n1[O-:12])c1cc([*:2])cc(=[O:13])n1[O-:14]",
        -2,
        "both N-hydroxy deprotonated",
        "E. G. Moore et al., J. Am. Chem. Soc. 2006, 128, 10648",
        sites=2,
    ),
    Scaffold(
        "TREN-HOPO",
        "N(CCNC(=O)c1cc([*:1])cc(=[O:11])n1[O-:12])(CCNC(=O)c1cc([*:2])cc(=[O:13])n1[O-:14])"
        "CCNC(=O)c1cc([*:3])cc(=[O:15])n1[O-:16]",
        -3,
        "three N-hydroxy deprotonated, amine neutral",
        "C. J. Jocher et al., Inorg. Chem. 2007, 46, 9182",
        sites=3,
        warning=_TREN,
    ),
    Scaffold(
        "TREN-CAM",
        "N(CCNC(=O)c1cc([*:1])cc([O-:11])c1[O-:12])(CCNC(=O)c1cc([*:2])cc([O-:13])c1[O-:14])"
        "CCNC(=O)c1cc([*:3])cc([O-:15])c1[O-:16]",
        -6,
        "six phenols deprotonated, amine neutral",
        "S. J. Rodgers et al., Inorg. Chem. 1987, 26, 1622",
        sites=3,
        warning="taken without its six phenol protons, of which at least three compete with the metal in neutral water",
    ),
    Scaffold(
        "EDTA",
        "C([*:1])([N:11](CC(=O)[O-:12])CC(=O)[O-:13])C[N:14](CC(=O)[O-:15])CC(=O)[O-:16]",
        -4,
        "four carboxylates, amines neutral",
        "J. L. Hoard, B. Lee, M. D. Lind, J. Am. Chem. Soc. 1965, 87, 1612",
        warning=_AMINE_ACID,
    ),
    Scaffold(
        "DTPA",
        "C([*:1])([N:11](CC(=O)[O-:12])CC(=O)[O-:13])C[N:14](CC(=O)[O-:15])CC[N:16](CC(=O)[O-:17])CC(=O)[O-:18]",
        -5,
        "five carboxylates, amines neutral",
        "J. J. Stezowski, J. L. Hoard, Isr. J. Chem. 1984, 24, 323",
        warning=_AMINE_ACID,
    ),
    Scaffold(
        "343LI-HOPO",
        "O=C(NCCCN(CCCCN(CCCNC(=O)c1cc([*:1])cc(=[O:11])n1[O-:12])C(=O)c1cc([*:2])cc(=[O:13])n1[O-:14])"
        "C(=O)c1cc([*:3])cc(=[O:15])n1[O-:16])c1cc([*:4])cc(=[O:17])n1[O-:18]",
        -4,
        "four N-hydroxy deprotonated",
        "D. L. White et al., J. Med. Chem. 1988, 31, 11; L. J. Daumann et al., J. Am. Chem. Soc. 2015, 137, 2816",
        sites=4,
    ),
)

SCAFFOLDS: dict[str, Scaffold] = {s.name: s for s in (*_ONE_SITE, *_ALL_SITES, *_PROTONATED, *_POLYDENTATE)}

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
