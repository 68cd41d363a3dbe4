"""Small changes of a molecule, and crossings of two: the moves of a graph genetic algorithm.

After J. H. Jensen, Chem. Sci. 2019, 10, 3567; the donor is never exchanged.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from rdkit import Chem
from rdkit.Chem import rdChemReactions

from reexplore.proposals.filters import OneDonor

_CHANGES = (
    # something more
    *(f"[#6;!H0:1]>>[#6:1]{group}" for group in ("C", "F", "Cl", "OC", "N(C)C", "C(F)(F)F")),
    *(f"[#6:1]-;!@[*:2]>>[#6:1]{group}[*:2]" for group in ("C", "O", "S")),
    # something less
    "[*:1]-;!@[CH3,F,Cl;D1]>>[*:1]",
    "[#6:1]-;!@[CH2,O,S;D2;+0]-;!@[#6:2]>>[#6:1][#6:2]",
    # something else
    "[CH3;D1:1]>>[F:1]",
    "[F:1]>>[C:1]",
    "[F:1]>>[Cl:1]",
    "[Cl:1]>>[F:1]",
    "[CH2;D2:1]>>[O:1]",
    "[O;D2;+0:1]>>[C:1]",
    # bonds and rings
    "[CH2:1]-;!@[CH2:2]>>[C:1]=[C:2]",
    "[C:1]=[C:2]>>[C:1][C:2]",
    "[C;!R;!H0:1]-[C:2]-[C:3]-[C;!R;!H0:4]>>[C:1]1[C:2][C:3][C:4]C1",
    "[C;!R;!H0:1]-[C:2]-[C;!R;!H0:3]>>[C:1]1[C:2][C:3]C1",
    "[C;R:1]-;@[C;R:2]>>[C:1]C[C:2]",
)


def changed(found: OneDonor, chance: np.random.Generator) -> str:
    """Return the SMILES after one change by chance; empty where that change has no place."""
    reaction = _reactions()[int(chance.integers(len(_CHANGES)))]
    products = reaction.RunReactants((found.ligand.mol,), maxProducts=200)
    if not products:
        return ""
    return _written(products[int(chance.integers(len(products)))][0])


def crossed(found: OneDonor, other: OneDonor, chance: np.random.Generator) -> str:
    """Return the SMILES of the donor's side of one ligand with a side of another; empty where one cannot be cut."""
    kept, given = _sides(found, chance, with_donor=True), _sides(other, chance, with_donor=False)
    if kept is None or given is None:
        return ""
    return _written(Chem.molzip(Chem.CombineMols(kept, given)))


def _sides(found: OneDonor, chance: np.random.Generator, *, with_donor: bool) -> Chem.Mol | None:
    """Return one side of a ligand cut at a single bond by chance, its open place with the atom map 1."""
    mol = Chem.Mol(found.ligand.mol)
    (donor,) = found.ligand.donors
    bonds = [
        bond.GetIdx()
        for bond in mol.GetBonds()
        if bond.GetBondType() == Chem.BondType.SINGLE
        and not bond.IsInRing()
        and donor not in (bond.GetBeginAtomIdx(), bond.GetEndAtomIdx())
    ]
    if not bonds:
        return None
    mol.GetAtomWithIdx(donor).SetBoolProp("donor", True)
    bond = bonds[int(chance.integers(len(bonds)))]
    parts = Chem.GetMolFrags(Chem.FragmentOnBonds(mol, [bond], dummyLabels=[(0, 0)]), asMols=True)
    for part in parts:
        if any(atom.HasProp("donor") for atom in part.GetAtoms()) == with_donor:
            for atom in part.GetAtoms():
                atom.SetAtomMapNum(int(atom.GetAtomicNum() == 0))
            return part
    return None


def _written(mol: Chem.Mol) -> str:
    """Return a made molecule as SMILES, empty where its valences are none."""
    try:
        Chem.SanitizeMol(mol)
    except Chem.MolSanitizeException:
        return ""
    for atom in mol.GetAtoms():
        atom.SetAtomMapNum(0)
    return str(Chem.MolToSmiles(mol, isomericSmiles=False))


@lru_cache(maxsize=1)
def _reactions() -> tuple[rdChemReactions.ChemicalReaction, ...]:
    return tuple(rdChemReactions.ReactionFromSmarts(change) for change in _CHANGES)
