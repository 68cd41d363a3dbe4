"""What is doubtful about a ligand as written: protonation states, and groups that water takes apart."""

from __future__ import annotations

from rdkit import Chem

from reexplore.chemistry.library import Scaffold, Substituent

#: Two hetero atoms on one sp3 carbon, one of them a nitrogen of the scaffold's amide or amine.
_AMINAL = Chem.MolFromSmarts("[NX3;!$(N-[SX4])]-[CX4]-[$([OX2H,SX2H,F,Cl]),$([NX3;+0;!$(N-[C,S]=O)])]")


def doubts(scaffold: Scaffold, substituents: tuple[Substituent, ...], mol: Chem.Mol) -> tuple[str, ...]:
    """Return the warnings of a ligand's parts, each once, and of what they make together."""
    parts: tuple[Scaffold | Substituent, ...] = (scaffold, *substituents)
    found = [f"{part.name}: {part.warning}" for part in parts if part.warning]
    if mol.HasSubstructMatch(_AMINAL):
        found.append("N-C-X: an aminal or its like, which water takes apart")
    return tuple(dict.fromkeys(found))
