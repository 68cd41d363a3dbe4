"""What kind of donor an atom is to a rare earth, told from the bonds of a structure."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem

from reexplore.chemistry.metals import METALS
from reexplore.structures.bonds import BOND_TOLERANCE, COVALENT_RADII_ANGSTROM, distance_matrix
from reexplore.structures.structure import Structure

#: The kinds and what they are in words. Each has numbers of its own in the metal-donor correction.
DONOR_KINDS = {
    "water": "an oxygen with two neighbours (water, alcohol, ether)",
    "alkoxide": "an oxygen on a saturated carbon",
    "phenolate": "an oxygen on an unsaturated carbon that shares nothing with N, O or S (phenolate, enolate)",
    "n-oxide": "an oxygen on a nitrogen (N-oxide, hydroxamate)",
    "carboxylate": "one of two equal oxygens on a carbon, or of the oxygens of a nitrate",
    "carboxyl": "the atom between two equal oxygens, near a metal only where both of them hold it",
    "carbonyl": "an oxygen on a carbon that bears N, S or another kind of O (amide, ester)",
    "phosphoryl": "an oxygen on a phosphorus or sulfur",
    "pyridine": "a nitrogen with two neighbours (pyridine, imine, amide anion)",
    "amine": "a nitrogen with three single bonds",
    "thiolate": "a sulfur with one or two neighbours",
    "phosphine": "a phosphorus with three neighbours",
}

#: What a donor of an element may turn out to be.
KINDS_OF_ELEMENT = {
    "O": ("water", "alkoxide", "phenolate", "n-oxide", "carboxylate", "carboxyl", "carbonyl", "phosphoryl"),
    "N": ("pyridine", "amine"),
    "S": ("thiolate",),
    "P": ("phosphine",),
    # Its distances were never compared with DFT: they are left as they are.
    "Cl": (),
}

_MOST_NEIGHBOURS_OF_SULFUR = 2
#: Neighbours of a carbon with single bonds only.
_SATURATED = 4


def donor_kinds(structure: Structure) -> dict[int, str]:
    """Return the kind of every atom that a metal pushes, by its index: donors, and the atom between two oxygens.

    Bonds come from distances; a rare earth has none. A nitrogen whose lone pair belongs to a neighbouring double bond
    or ring (amide, aniline, HOPO's ring) is no donor.
    """
    neighbours = _neighbours(structure)
    found: dict[int, str] = {}
    for atom, symbol in enumerate(structure.symbols):
        kind = _KIND_OF[symbol](atom, structure.symbols, neighbours) if symbol in _KIND_OF else None
        if kind is not None:
            found[atom] = kind
    return found


def _neighbours(structure: Structure) -> list[list[int]]:
    table = Chem.GetPeriodicTable()
    radii = np.array(
        [-np.inf if s in METALS else COVALENT_RADII_ANGSTROM.get(s, table.GetRcovalent(s)) for s in structure.symbols]
    )
    bonds: NDArray[np.bool_] = distance_matrix(structure) < BOND_TOLERANCE * (radii[:, None] + radii[None])
    np.fill_diagonal(bonds, val=False)
    return [[int(other) for other in np.flatnonzero(row)] for row in bonds]


def _oxygen(atom: int, symbols: tuple[str, ...], neighbours: list[list[int]]) -> str | None:
    if len(neighbours[atom]) != 1:
        return "water" if len(neighbours[atom]) <= 2 else None
    (on,) = neighbours[atom]
    others = [other for other in neighbours[on] if other != atom and symbols[other] in ("N", "O", "S")]
    shared = any(symbols[other] == "O" and len(neighbours[other]) == 1 for other in others)
    if symbols[on] == "N":
        # The oxygens of nitrate and nitro share their charge as a carboxylate's do.
        return "carboxylate" if shared else "n-oxide"
    if symbols[on] != "C":
        return "phosphoryl"
    if len(neighbours[on]) == _SATURATED:
        return "alkoxide"
    return "carboxylate" if shared else "carbonyl" if others else "phenolate"


def _carbon(atom: int, symbols: tuple[str, ...], neighbours: list[list[int]]) -> str | None:
    return "carboxyl" if sum(symbols[n] == "O" and len(neighbours[n]) == 1 for n in neighbours[atom]) > 1 else None


def _nitrogen(atom: int, symbols: tuple[str, ...], neighbours: list[list[int]]) -> str | None:
    around = neighbours[atom]
    if _carbon(atom, symbols, neighbours):
        return "carboxyl"
    if len(around) < 3:
        return "pyridine"
    saturated = all(symbols[n] == "H" or (symbols[n] == "C" and len(neighbours[n]) == _SATURATED) for n in around)
    return "amine" if len(around) == 3 and saturated else None


def _sulfur(atom: int, _symbols: tuple[str, ...], neighbours: list[list[int]]) -> str | None:
    return "thiolate" if len(neighbours[atom]) <= _MOST_NEIGHBOURS_OF_SULFUR else None


def _phosphorus(atom: int, _symbols: tuple[str, ...], neighbours: list[list[int]]) -> str | None:
    return "phosphine" if len(neighbours[atom]) == 3 else None


_KIND_OF = {"C": _carbon, "O": _oxygen, "N": _nitrogen, "S": _sulfur, "P": _phosphorus}
