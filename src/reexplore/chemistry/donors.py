"""Which atoms of a ligand can hold a rare-earth ion, and which of them most likely do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations

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
_ALCOHOL = Chem.MolFromSmarts("[OX2H;$(O[CX4])]")
#: Anions whose charge is shared by what is doubly bonded on their two sides, which binds: imides, as of triflic acid.
_IMIDE = Chem.MolFromSmarts("[N-]([C,S,P]=[O,S])[C,S,P]=[O,S]")
#: A hard ion takes these by their nitrogen, on whichever end the charge is written.
_CYANATE_CHALCOGEN = Chem.MolFromSmarts("[$([O-,S-]C#N),$([O,S]=C=N)]")


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
    the neutral donors. Amines, ethers and alcohols join that lie between these. All of these are proposed
    together, then the largest part that hangs together by chelate rings. For a person to confirm, never to be
    used unseen; empty when no atom can hold a metal.
    """
    able = [a.GetIdx() for a in mol.GetAtoms() if not why_no_donor(a)]
    shared, idle = _imide_donors(mol)
    never = _hits(mol, _NITRO_OXYGEN) | _hits(mol, _CYANATE_CHALCOGEN) | idle
    bonds = chelating_bonds(mol)
    able = _one_of_each_ring(mol, [a for a in able if a not in never], bonds)
    classes = [[a for a in able if a in _hits(mol, pattern)] for pattern in (_ANIONIC, _STRONG, _BRIDGING, _ACIDIC)]
    classes[1] = [a for a in classes[1] if a not in shared and (a not in classes[0] or _is_oxide(mol, a))]
    classes[0] = [a for a in classes[0] if not _is_oxide(mol, a)] + sorted(shared)
    first = next((group for group in classes if group), [])
    if not first:
        return [(atom,) for atom in able[:1]]
    chosen = _with_partners(first, classes, bonds)
    alcohols = [a for a in classes[3] if a in _hits(mol, _ALCOHOL)]
    if first is classes[2]:
        chosen |= {a for a in alcohols if np.isin(bonds[a, sorted(chosen)], CHELATE_BONDS[:2]).any()}
    else:
        chosen |= _between(chosen, [*classes[2], *(alcohols if first is classes[0] else ())], bonds)
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


def _imide_donors(mol: Chem.Mol) -> tuple[set[int], set[int]]:
    """Return the two donors of each imide, one on either side of its nitrogen, and the atoms that they stand in for."""
    shared, idle = set[int](), set[int]()
    for nitrogen, first, one, second, other in mol.GetSubstructMatches(_IMIDE):
        ends = {n.GetIdx() for side in (first, second) for n in mol.GetAtomWithIdx(side).GetNeighbors()}
        doubly = {
            a
            for a in ends
            if mol.GetAtomWithIdx(a).GetSymbol() in ("O", "S") and not why_no_donor(mol.GetAtomWithIdx(a))
        }
        if nitrogen not in idle:
            shared |= {one, other}
            idle |= {nitrogen, *doubly} - {one, other}
    return shared, idle


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
    """Return weak donors that close rings of five or six with two donors at once, be they chosen or of their own kind.

    Such are the ether of a diglycolamide, the amines of EDTA and all of a crown that carries stronger donors; an ether
    at the end of a chain is not.
    """
    kept = set(weak) - chosen
    while True:
        there = sorted(kept | chosen)
        loose = {a for a in kept if np.isin(bonds[a, there], CHELATE_BONDS[:2]).sum() < 2}
        if not loose:
            return kept
        kept -= loose


def chelating_bonds(mol: Chem.Mol) -> NDArray[np.float64]:
    """Return the bonds between every two atoms, infinitely many where no chelate ring can close.

    A chain that is linear or lies trans on a double bond holds its ends apart. An aromatic nitrogen holds a metal in
    its ring's plane, where only what is bound to the atom beside it can reach.
    """
    bonds = np.array(Chem.GetDistanceMatrix(mol))
    able = [a.GetIdx() for a in mol.GetAtoms() if not why_no_donor(a)]
    for first, second in combinations(able, 2):
        if _NARROW_BONDS <= bonds[first, second] <= max(CHELATE_BONDS):
            path = Chem.GetShortestPath(mol, first, second)
            linear = any(mol.GetAtomWithIdx(a).GetHybridization() == Chem.HybridizationType.SP for a in path[1:-1])
            trans = any(_is_trans(mol, path[k : k + 4]) for k in range(len(path) - 3))
            if linear or trans or _points_away(mol, path) or _points_away(mol, path[::-1]):
                bonds[first, second] = bonds[second, first] = np.inf
    return bonds


def _points_away(mol: Chem.Mol, path: Sequence[int]) -> bool:
    """Return whether a chain begins at an aromatic nitrogen and leaves its ring elsewhere than beside it."""
    atom = mol.GetAtomWithIdx(path[0])
    return bool(atom.GetIsAromatic()) and any({path[0], path[2]} <= set(r) for r in mol.GetRingInfo().AtomRings())


def _is_trans(mol: Chem.Mol, path: Sequence[int]) -> bool:
    """Return whether the outer two of four atoms in a chain lie on the two sides of the double bond between."""
    bond = mol.GetBondBetweenAtoms(path[1], path[2])
    stereo = bond.GetStereo()
    if stereo in (Chem.BondStereo.STEREOE, Chem.BondStereo.STEREOTRANS):
        opposite = True
    elif stereo in (Chem.BondStereo.STEREOZ, Chem.BondStereo.STEREOCIS):
        opposite = False
    else:
        return False
    # RDKit names one neighbour on each side; each other neighbour lies opposite to it.
    others = len({path[0], path[3]} - set(bond.GetStereoAtoms()))
    return opposite if others % 2 == 0 else not opposite


def _one_of_each_ring(mol: Chem.Mol, able: Sequence[int], bonds: NDArray[np.float64]) -> list[int]:
    """Return the donors with one nitrogen of each aromatic ring: a ring holds one metal by one of them.

    It is the one with most partners in rings of five, then of six; of two such the one beside another nitrogen, as
    bis-triazinyl-pyridines bind.
    """
    left = list(able)
    for ring in mol.GetRingInfo().AtomRings():
        rivals = [a for a in left if a in ring and mol.GetAtomWithIdx(a).GetIsAromatic()]
        others = [a for a in left if a not in rivals]
        ranks = {}
        for atom in rivals:
            near = [bonds[atom, other] for other in others]
            beside = any(n.GetAtomicNum() == 7 for n in mol.GetAtomWithIdx(atom).GetNeighbors())
            ranks[atom] = (near.count(CHELATE_BONDS[0]), near.count(CHELATE_BONDS[1]), beside, -atom)
        left = [a for a in left if a not in ranks or ranks[a] == max(ranks.values())]
    return left


def _strongest(atoms: set[int], rank: Mapping[int, int], most: int) -> tuple[int, ...]:
    return tuple(sorted(sorted(atoms, key=lambda a: (rank[a], a))[:most]))


def _largest_part(chosen: set[int], rank: Mapping[int, int], bonds: NDArray[np.float64]) -> set[int]:
    """Return the most donors that hang together by chelate rings, the stronger ones if there is a choice."""
    atoms = sorted(chosen)
    near = np.isin(bonds[np.ix_(atoms, atoms)], (_NARROW_BONDS, *CHELATE_BONDS))
    _, labels = connected_components(near, directed=False)
    parts = [{a for a, label in zip(atoms, labels, strict=True) if label == k} for k in range(labels.max() + 1)]
    return max(parts, key=lambda part: (len(part), -sum(rank[a] for a in part), -min(part)))
