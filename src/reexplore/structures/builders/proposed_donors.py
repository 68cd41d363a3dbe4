"""Of the donors that are proposed for a ligand those that can hold one metal together."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from rdkit import Chem

from reexplore.chemistry.donors import CHELATE_BONDS, strength
from reexplore.chemistry.ligand_input import plain_ligand
from reexplore.structures.builders.feasibility import can_hold

#: Bonds from a donor, or from the chain between two, beyond which an alkyl tail does not matter.
_BONDS_KEPT = 3
_TAIL = Chem.MolFromSmarts("[CX4;!R]-!@[CX4;!R]")


def best_donors(smiles: str, proposals: Sequence[tuple[int, ...]]) -> tuple[int, ...]:
    """Return the first proposed set that can hold one metal, or what can be kept of the first; indices in `smiles`."""
    for donors in proposals:
        if _together(smiles, donors):
            return donors
    mol = Chem.MolFromSmiles(smiles)
    bonds = Chem.GetDistanceMatrix(mol)
    donors = proposals[0]
    kept: tuple[int, ...] = ()

    def order(donor: int) -> tuple[int, int, int]:
        # Most partners in five-membered rings, then the strongest; neighbours never hold a metal side by side here.
        return -int(sum(bonds[donor, list(donors)] == CHELATE_BONDS[0])), strength(mol, donor), donor

    for donor in sorted(donors, key=order):
        if all(bonds[donor, other] > 1 for other in kept) and _together(smiles, (*kept, donor)):
            kept = (*kept, donor)
    return tuple(sorted(kept))


def _together(smiles: str, donors: tuple[int, ...]) -> bool:
    # One donor always can, and the halves of a list of extractants differ by their tails alone.
    return len(donors) == 1 or _core_can_hold(_without_tails(smiles, donors))


@lru_cache(maxsize=4096)
def _core_can_hold(mapped: str) -> bool:
    ligand = plain_ligand(mapped).ligand
    return can_hold(ligand, ligand.donors)


def _without_tails(smiles: str, donors: tuple[int, ...]) -> str:
    """Return the ligand with its donors mapped 11, 12, … and its long alkyl chains cut short."""
    mol = Chem.MolFromSmiles(smiles)
    for number, donor in enumerate(sorted(donors)):
        mol.GetAtomWithIdx(donor).SetAtomMapNum(11 + number)
    bonds = Chem.GetDistanceMatrix(mol)
    between = {a for i in donors for j in donors if i < j for a in Chem.GetShortestPath(mol, i, j)} | set(donors)
    near = {a for a in range(mol.GetNumAtoms()) if min(bonds[a, b] for b in between) <= _BONDS_KEPT}
    cut = [
        mol.GetBondBetweenAtoms(*pair).GetIdx()
        for pair in mol.GetSubstructMatches(_TAIL)
        if (pair[0] in near) != (pair[1] in near)
    ]
    if not cut:
        return str(Chem.MolToSmiles(mol))
    parts = Chem.GetMolFrags(Chem.FragmentOnBonds(mol, cut, addDummies=False), asMols=True)
    return str(Chem.MolToSmiles(next(p for p in parts if any(a.GetAtomMapNum() for a in p.GetAtoms()))))
