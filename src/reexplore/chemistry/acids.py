"""The neutral acid that a free ligand is in acid water."""

from __future__ import annotations

from rdkit import Chem

from reexplore.chemistry.ligands import Ligand
from reexplore.errors import InputError


def acid_of(ligand: Ligand) -> Ligand:
    """Return the acid HqL of a ligand L^q−: every anionic atom has a proton, nitro groups and N-oxides have none.

    It is the same value for all ways in which the ligand holds a metal. Raises `InputError` for a ligand whose charge
    is not that of so many atoms, such as a cation beside an anion.
    """
    mol = Chem.RWMol(ligand.mol)
    anions = [
        atom
        for atom in mol.GetAtoms()
        if atom.GetFormalCharge() == -1 and not any(near.GetFormalCharge() > 0 for near in atom.GetNeighbors())
    ]
    if len(anions) != -ligand.charge:
        raise InputError(
            f"the acid of '{ligand.canonical_smiles}' is not told by its SMILES: it has {len(anions)} anionic atoms and"
            f" the charge {ligand.charge:+d}; take theory.reference: anion"
        )
    for atom in anions:
        atom.SetFormalCharge(0)
        atom.SetNumExplicitHs(atom.GetNumExplicitHs() + 1)
    Chem.SanitizeMol(mol)
    # Written twice, so that nothing is left of the order of the ligand's atoms.
    identity = Chem.MolToSmiles(Chem.MolFromSmiles(Chem.MolToSmiles(mol)))
    return Ligand(identity, 0, scaffold=f"acid of {ligand.name}", substituents=())
