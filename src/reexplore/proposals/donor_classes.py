"""The classes of donors that proposed ligands have: one atom that holds the metal, and the group that makes it a donor.

Each class is a template whose sites take R groups, and a pattern that finds the donor again in any molecule.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property, lru_cache

from rdkit import Chem

from reexplore.chemistry.library import Scaffold

_SOURCE = "ours"


@dataclass(frozen=True)
class DonorClass:
    """One class of donors.

    `smiles` is the template: the donor carries the atom map 11, `[*:1]`, `[*:2]`, … are its sites. `filled` says which
    of at most two R groups, a and b, each site takes; `symmetric` whether exchanging the two gives the same ligand.
    `pattern` (SMARTS) matches the donor first and then every atom of its group that could hold a metal beside it.
    `takes_hydrogen` says whether a site may keep its hydrogen.
    """

    name: str
    smiles: str
    filled: str
    charge: int
    pattern: str
    symmetric: bool = False
    takes_hydrogen: bool = False

    @property
    def groups(self) -> int:
        """Return how many different R groups a ligand of it has at most: one or two."""
        return len(set(self.filled))

    @cached_property
    def scaffold(self) -> Scaffold:
        """Return the template as a scaffold of the library."""
        return Scaffold(self.name, self.smiles, self.charge, "as written", _SOURCE, sites=len(self.filled))

    def found(self, mol: Chem.Mol) -> tuple[tuple[int, ...], ...]:
        """Return the atoms of each such donor group in a molecule without hydrogens, the donor first."""
        return tuple(mol.GetSubstructMatches(_pattern(self.pattern), uniquify=True, maxMatches=64))


@lru_cache(maxsize=64)
def _pattern(smarts: str) -> Chem.Mol:
    return Chem.MolFromSmarts(smarts)


_ANIONS = (
    DonorClass("alkoxide", "[O-:11]C([*:1])([*:2])[*:3]", "aab", -1, "[OX1-]-[CX4]", takes_hydrogen=True),
    DonorClass("phenoxide", "[O-:11]c1c([*:1])cc([*:3])cc1[*:2]", "aab", -1, "[OX1-]-c", takes_hydrogen=True),
    DonorClass("siloxide", "[O-:11][Si]([*:1])([*:2])[*:3]", "aab", -1, "[OX1-]-[Si]([#6])([#6])[#6]"),
    DonorClass("carboxylate", "[O-:11]C(=O)[*:1]", "a", -1, "[OX1-]-C(=O)[#6]"),
    DonorClass("sulfonate", "[O-:11]S(=O)(=O)[*:1]", "a", -1, "[OX1-]-[SX4](=O)(=O)[#6]"),
    DonorClass("phosphinate", "[O-:11]P(=O)([*:1])[*:2]", "ab", -1, "[OX1-]-P(=O)([#6])[#6]", symmetric=True),
    DonorClass(
        "phosphate diester",
        "[O-:11]P(=O)(O[*:1])O[*:2]",
        "ab",
        -1,
        "[OX1-]-P(=O)([OX2][#6])[OX2][#6]",
        symmetric=True,
    ),
    DonorClass("amide anion", "[N-:11]([*:1])[*:2]", "ab", -1, "[NX2-](-[#6])-[#6]", symmetric=True),
    DonorClass("ketimide", "[N-:11]=C([*:1])[*:2]", "ab", -1, "[NX1-]=[CX3]([#6])[#6]", symmetric=True),
    DonorClass("phosphoraneiminate", "[N-:11]=P([*:1])([*:2])[*:3]", "aab", -1, "[NX1-]=P([#6])([#6])[#6]"),
)
_NEUTRAL = (
    DonorClass("phosphine oxide", "[O:11]=P([*:1])([*:2])[*:3]", "aab", 0, "[OX1]=P([#6])([#6])[#6]"),
    DonorClass(
        "phosphate triester",
        "[O:11]=P(O[*:1])(O[*:2])O[*:3]",
        "aab",
        0,
        "[OX1]=P([OX2][#6])([OX2][#6])[OX2][#6]",
    ),
    DonorClass(
        "phosphoramide",
        "[O:11]=P(N([*:1])[*:2])(N([*:3])[*:4])N([*:5])[*:6]",
        "ababab",
        0,
        "[OX1]=P([NX3])([NX3])[NX3]",
        symmetric=True,
    ),
    DonorClass(
        "phosphinic amide", "[O:11]=P([*:1])([*:2])N([*:3])[*:4]", "aabb", 0, "[OX1]=P([#6])([#6])[NX3]([#6])[#6]"
    ),
    DonorClass("amine oxide", "[O-:11][N+]([*:1])([*:2])[*:3]", "aab", 0, "[OX1-]-[NX4+]([#6])([#6])[#6]"),
    DonorClass(
        "pyridine oxide",
        "[O-:11][n+]1cc([*:1])c([*:3])c([*:2])c1",
        "aab",
        0,
        "[OX1-]-[n+]",
        takes_hydrogen=True,
    ),
    DonorClass("carboxamide", "[O:11]=C([*:1])N([*:2])[*:3]", "abb", 0, "[OX1]=[CX3]([#6])[NX3]([#6])[#6]"),
    DonorClass("urea", "[O:11]=C(N([*:1])[*:2])N([*:3])[*:4]", "abab", 0, "[OX1]=[CX3]([NX3])[NX3]", symmetric=True),
    DonorClass("sulfoxide", "[O:11]=S([*:1])[*:2]", "ab", 0, "[OX1]=[SX3]([#6])[#6]", symmetric=True),
)

#: Every class by name.
DONOR_CLASSES: dict[str, DonorClass] = {each.name: each for each in (*_ANIONS, *_NEUTRAL)}


def donor_groups(mol: Chem.Mol) -> list[tuple[DonorClass, tuple[int, ...]]]:
    """Return every donor group of a molecule without hydrogens, with its atoms, the donor first."""
    return [(each, atoms) for each in DONOR_CLASSES.values() for atoms in each.found(mol)]


def known_classes(names: Sequence[str]) -> tuple[str, ...]:
    """Return names of classes, each once; raise `ValueError` for one that is none."""
    for name in names:
        if name not in DONOR_CLASSES:
            near = get_close_matches(name, DONOR_CLASSES, n=1)
            hint = f"did you mean '{near[0]}'?" if near else f"take some of {', '.join(DONOR_CLASSES)}"
            raise ValueError(f"there is no class of donors '{name[:60]}': {hint}")
    return tuple(dict.fromkeys(names))
