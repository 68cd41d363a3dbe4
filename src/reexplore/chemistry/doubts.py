"""What is doubtful about a ligand as written: protonation states, and groups that water takes apart."""

from __future__ import annotations

from rdkit import Chem

from reexplore.chemistry.library import CAMPAIGN_FILE, LIGAND_FILE, Scaffold, Substituent
from reexplore.chemistry.protonation import doubtful_groups

#: Two hetero atoms on one sp3 carbon, one of them a nitrogen of the scaffold's amide or amine.
_AMINAL = Chem.MolFromSmarts("[NX3;!$(N-[SX4])]-[CX4]-[$([OX2H,SX2H,F,Cl]),$([NX3;+0;!$(N-[C,S]=O)])]")


def doubts(scaffold: Scaffold, substituents: tuple[Substituent, ...], mol: Chem.Mol) -> tuple[str, ...]:
    """Return the warnings of a ligand's parts, each once, and of what they make together.

    The library's parts are doubted by their entries. A part of the user's own without a warning is judged by its
    groups, as a ligand given as plain SMILES is. In `mol` donors carry atom maps.
    """
    parts: tuple[Scaffold | Substituent, ...] = (scaffold, *substituents)
    found = [f"{part.name}: {part.warning}" for part in parts if part.warning]
    if any(part.source in (CAMPAIGN_FILE, LIGAND_FILE) and not part.warning for part in parts):
        known = {part.warning for part in parts}
        donors = tuple(atom.GetIdx() for atom in mol.GetAtoms() if atom.GetAtomMapNum())
        groups = doubtful_groups(mol, donors=donors)
        found += [f"{name}: {warning}" for name, warning in groups if warning not in known]
    if mol.HasSubstructMatch(_AMINAL):
        found.append("N-C-X: an aminal or its like, which water takes apart")
    return tuple(dict.fromkeys(found))
