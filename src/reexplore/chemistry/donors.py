"""Which atoms of a ligand can hold a rare-earth ion, and which of them most likely do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem
from scipy.sparse.csgraph import connected_components

#: Elements that can hold on to a rare-earth ion as a named donor.
DONOR_ELEMENTS = ("N", "O", "S", "P")
#: An atom with more neighbours than this has given its lone pair away.
_MOST_NEIGHBOURS = {"N": 3, "O": 2, "S": 2, "P": 3}
_ELEMENT_NAMES = {"N": "nitrogen", "O": "oxygen", "S": "sulfur", "P": "phosphorus"}

#: Bonds between two donors of an ordinary chelate, best first: with the metal, rings of 5, 6 and 7 atoms.
CHELATE_BONDS = (3, 4, 5)
#: Bonds between the two donors of a carboxylate or a dithiophosphinate: a ring of four.
_NARROW_BONDS = 2

_NITRO_OXYGEN = Chem.MolFromSmarts("[O;$([O-][N+](=O)[#6]),$(O=[N+]([O-])[#6])]")
#: Donors by strength for a hard, trivalent ion (R. G. Pearson, J. Am. Chem. Soc. 1963, 85, 3533); ours.
_ANIONIC = Chem.MolFromSmarts("[$([O-]),$([S-]),$([N-]),$([n-])]")
_STRONG = Chem.MolFromSmarts(
    "[$(O=[#6]),$(O=P),$(O=S),$([O-][N+]),$([O-][n+]),$(S=C),$(S=P),$([n;X2]),$([NX2]=[#6]),$([NX1]#[#6])]"
)
_BRIDGING = Chem.MolFromSmarts("[$([NX3;H0,H1,H2;+0;!$(N[C,S,P]=[O,S,N]);!$(N[a])]),$([OX2;H0;!$(O[C,S,P]=[O,S,N])])]")
#: Nitrogens whose lone pair belongs to a double bond or ring beside them, or to an N-oxide's oxygen.
_CONJUGATED = Chem.MolFromSmarts("[$([NX3][C,S,P]=[O,S,N]),$([NX3]a),$([NX3][O-])]")
_ACIDIC = Chem.MolFromSmarts("[$([OX2H]),$([SX2H])]")


def why_no_donor(atom: Chem.Atom) -> str:
    """Return why an atom cannot hold a metal, or an empty string when it can."""
    symbol, aromatic, charge = atom.GetSymbol(), atom.GetIsAromatic(), atom.GetFormalCharge()
    if symbol not in DONOR_ELEMENTS:
        return f"a {symbol} atom has no lone pair to give; donors are {', '.join(DONOR_ELEMENTS)}"
    bonds = atom.GetTotalDegree()
    if symbol == "N" and aromatic and bonds == 3:
        return "the lone pair of this nitrogen belongs to its aromatic ring"
    if charge > 0 or (aromatic and symbol in ("O", "S", "P")) or bonds > _MOST_NEIGHBOURS[symbol]:
        return f"this {_ELEMENT_NAMES[symbol]} has no lone pair left"
    return ""


def holding_atoms(mol: Chem.Mol) -> tuple[int, ...]:
    """Return the atoms of a ligand that hold a metal when they are near it: those with a lone pair of their own."""
    conjugated = _hits(mol, _CONJUGATED)
    return tuple(a.GetIdx() for a in mol.GetAtoms() if not why_no_donor(a) and a.GetIdx() not in conjugated)


def propose_donors(mol: Chem.Mol, *, most: int) -> list[tuple[int, ...]]:
    """Return sets of donor atoms a chemist would try, the first first, at most `most` each, as indices of `mol`.

    Every anionic O, S or N with a partner in chelating distance: another anion before a carbonyl-like
    neutral donor before an amine or ether, small chelate rings first. Without anions the same among
    the neutral donors. All of these are proposed together, then the largest part that hangs together by
    chelate rings. For a person to confirm, never to be used unseen; empty when no atom can hold a metal.
    """
    able = [a.GetIdx() for a in mol.GetAtoms() if not why_no_donor(a)]
    able = [a for a in able if a not in _hits(mol, _NITRO_OXYGEN)]
    bonds = np.asarray(Chem.GetDistanceMatrix(mol))
    classes = [[a for a in able if a in _hits(mol, pattern)] for pattern in (_ANIONIC, _STRONG, _BRIDGING, _ACIDIC)]
    classes[1] = [a for a in classes[1] if a not in classes[0] or _is_oxide(mol, a)]
    classes[0] = [a for a in classes[0] if not _is_oxide(mol, a)]
    first = next((group for group in classes if group), [])
    if not first:
        return [(atom,) for atom in able[:1]]
    chosen = _with_partners(first, classes, bonds)
    if classes[2] and first is not classes[2]:
        chosen |= _between(chosen, classes[2], bonds)
    rank = {atom: k for k, group in enumerate(classes) for atom in group}
    together = _largest_part(chosen, rank, bonds)
    sets = [_strongest(chosen, rank, most), _strongest(together, rank, most)]
    return list(dict.fromkeys(sets))


def strength(mol: Chem.Mol, atom: int) -> int:
    """Return the rank of a donor for a hard ion, 0 the strongest; sulfur and phosphorus come after every O and N."""
    kinds = (_ANIONIC, _STRONG, _BRIDGING, _ACIDIC)
    rank = next((k for k, pattern in enumerate(kinds) if atom in _hits(mol, pattern)), len(kinds))
    return rank + len(kinds) * (mol.GetAtomWithIdx(atom).GetSymbol() in ("S", "P"))


def _hits(mol: Chem.Mol, pattern: Chem.Mol) -> set[int]:
    return {match[0] for match in mol.GetSubstructMatches(pattern, uniquify=False)}


def _is_oxide(mol: Chem.Mol, atom: int) -> bool:
    """Return whether a negative oxygen is that of an N-oxide, which is a neutral donor."""
    (neighbour, *_) = mol.GetAtomWithIdx(atom).GetNeighbors() or (mol.GetAtomWithIdx(atom),)
    return mol.GetAtomWithIdx(atom).GetFormalCharge() < 0 and neighbour.GetFormalCharge() > 0


def _with_partners(first: Sequence[int], classes: Sequence[Sequence[int]], bonds: NDArray[np.float64]) -> set[int]:
    chosen = set[int]()
    for atom in first:
        chosen.add(atom)
        for reach in (CHELATE_BONDS, (_NARROW_BONDS,)):
            near = [
                (rank, int(bonds[atom, other]), other)
                for rank, group in enumerate(classes)
                for other in group
                if other != atom and bonds[atom, other] in reach
            ]
            if near:
                chosen.add(min(near)[2])
                break
    return chosen


def _between(chosen: set[int], weak: Sequence[int], bonds: NDArray[np.float64]) -> set[int]:
    """Return amines and ethers that close a ring of five or six to two donors at once, as in a diglycolamide."""
    return {a for a in weak if a not in chosen and sum(bonds[a, d] in CHELATE_BONDS[:2] for d in chosen) > 1}


def _strongest(atoms: set[int], rank: Mapping[int, int], most: int) -> tuple[int, ...]:
    return tuple(sorted(sorted(atoms, key=lambda a: (rank[a], a))[:most]))


def _largest_part(chosen: set[int], rank: Mapping[int, int], bonds: NDArray[np.float64]) -> set[int]:
    """Return the most donors that hang together by chelate rings, the stronger ones if there is a choice."""
    atoms = sorted(chosen)
    near = np.isin(bonds[np.ix_(atoms, atoms)], (_NARROW_BONDS, *CHELATE_BONDS))
    _, labels = connected_components(near, directed=False)
    parts = [{a for a, label in zip(atoms, labels, strict=True) if label == k} for k in range(labels.max() + 1)]
    return max(parts, key=lambda part: (len(part), -sum(rank[a] for a in part), -min(part)))
