"""Side chains and substituents turned by half a circle: the conformers that embedding may miss.

Which rotamer a builder embeds is chance, and in a complex a turned amide is worth 3 kcal/mol
(hydrogen bond to a coordinated water instead of to a donor), more than most substituents.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem

from reexplore.chemistry.ligands import Ligand
from reexplore.structures.bonds import ligand_bonds, skeleton
from reexplore.structures.structure import Structure

#: The C-N bond of an amide is not turned: its trans isomer lies 2-3 kcal/mol and a slow barrier away.
_AMIDE = Chem.MolFromSmarts("[CX3](=[O,S])-[NX3]")
_CARBON_AND_NITROGEN = (0, 2)


@dataclass(frozen=True)
class Turn:
    """A bond of the ligand and the atoms beyond it, none of which is a donor."""

    axis: tuple[int, int]
    moving: tuple[int, ...]


def turns(ligand: Ligand) -> list[Turn]:
    """Return the bonds of a ligand about which half a turn gives another conformer.

    Indices are those of `mol_with_hydrogens`. Left out are bonds in rings, multiple bonds, amide C-N,
    bonds between donors, and groups that half a turn brings back (nitro, phenyl) or nearly (methyl,
    cyano).
    """
    mol = ligand.mol_with_hydrogens
    # Ranks without bond orders: the two oxygens of a nitro group are alike.
    plain = skeleton([atom.GetSymbol() for atom in mol.GetAtoms()], ligand_bonds(ligand))
    ranks = list(Chem.CanonicalRankAtoms(plain, breakTies=False))
    amides = {frozenset(match[i] for i in _CARBON_AND_NITROGEN) for match in mol.GetSubstructMatches(_AMIDE)}
    found = []
    for bond in mol.GetBonds():
        ends = (bond.GetBeginAtomIdx(), bond.GetEndAtomIdx())
        if bond.IsInRing() or bond.GetBondType() != Chem.BondType.SINGLE or frozenset(ends) in amides:
            continue
        for fixed, free in (ends, ends[::-1]):
            beyond = _beyond(mol, fixed, free)
            others = [n.GetIdx() for n in mol.GetAtomWithIdx(free).GetNeighbors() if n.GetIdx() != fixed]
            straight = mol.GetAtomWithIdx(free).GetHybridization() == Chem.HybridizationType.SP
            same = len(others) > 1 and len({ranks[a] for a in others}) == 1
            if others and not straight and not same and beyond.isdisjoint(ligand.donors):
                found.append(Turn((fixed, free), tuple(sorted(beyond))))
                break
    return found


def turned(structure: Structure, turn: Turn, *, first_atoms: Sequence[int] = (0,)) -> Structure:
    """Return the structure with every ligand, which begin at `first_atoms`, turned by half a circle."""
    positions = structure.positions_angstrom.copy()
    for first in first_atoms:
        fixed, free = (first + a for a in turn.axis)
        moving = [first + a for a in turn.moving]
        positions[moving] = half_turned(
            positions[moving], through=positions[free], along=positions[free] - positions[fixed]
        )
    return structure.moved_to(positions)


def half_turned(
    positions: NDArray[np.float64], *, through: NDArray[np.float64], along: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return positions, shape (n, 3), turned by half a circle about an axis through a point along a vector."""
    axis = along / np.linalg.norm(along)
    arms = positions - through
    return np.asarray(through + 2.0 * np.outer(arms @ axis, axis) - arms)


def _beyond(mol: Chem.Mol, fixed: int, free: int) -> set[int]:
    """Return the atoms on the far side of the bond from `fixed` to `free`."""
    reached = {free}
    waiting = [free]
    while waiting:
        for neighbour in mol.GetAtomWithIdx(waiting.pop()).GetNeighbors():
            index = neighbour.GetIdx()
            if index not in reached and index != fixed:
                reached.add(index)
                waiting.append(index)
    return reached
