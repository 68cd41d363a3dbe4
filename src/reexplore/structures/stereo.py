"""Is this the stereoisomer that was asked for? Centres and double bonds that a SMILES fixes, read from coordinates.

The mirror image of a whole ligand has the same energy and passes. What the SMILES leaves open stays open.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem
from rdkit.Chem.rdMolTransforms import GetDihedralDeg
from rdkit.Geometry import Point3D

from reexplore.chemistry.ligands import Ligand

_CIS = (Chem.BondStereo.STEREOZ, Chem.BondStereo.STEREOCIS)
_TRANS = (Chem.BondStereo.STEREOE, Chem.BondStereo.STEREOTRANS)


def otherwise_placed(ligand: Ligand, positions_angstrom: list[NDArray[np.float64]]) -> list[tuple[int, int]]:
    """Return what has another configuration than the SMILES says: number of the ligand and of its atom.

    `positions_angstrom` has one array of shape (atoms, 3) for each ligand of a complex, in the order of
    `Ligand.mol_with_hydrogens`. All of them may be mirror images together; of several that differ, the fewer are named.
    """
    asked = ligand.mol_with_hydrogens
    centres = [a.GetIdx() for a in asked.GetAtoms() if a.GetChiralTag() != Chem.ChiralType.CHI_UNSPECIFIED]
    bonds = [b.GetIdx() for b in asked.GetBonds() if b.GetStereo() in _CIS + _TRANS]
    if not centres and not bonds:
        return []
    found = [_with_positions(asked, positions) for positions in positions_angstrom]
    turned = [
        (number, atom)
        for number, molecule in enumerate(found)
        for atom in centres
        if molecule.GetAtomWithIdx(atom).GetChiralTag() != asked.GetAtomWithIdx(atom).GetChiralTag()
    ]
    if 2 * len(turned) > len(centres) * len(found):
        everything = [(number, atom) for number in range(len(found)) for atom in centres]
        turned = [each for each in everything if each not in turned]
    return turned + [
        (number, asked.GetBondWithIdx(bond).GetBeginAtomIdx())
        for number, molecule in enumerate(found)
        for bond in bonds
        if _is_cis(molecule, bond) != (asked.GetBondWithIdx(bond).GetStereo() in _CIS)
    ]


def _with_positions(asked: Chem.Mol, positions_angstrom: NDArray[np.float64]) -> Chem.Mol:
    molecule = Chem.Mol(asked)
    molecule.RemoveAllConformers()
    conformer = Chem.Conformer(len(positions_angstrom))
    for atom, place in enumerate(positions_angstrom):
        conformer.SetAtomPosition(atom, Point3D(*map(float, place)))
    molecule.AddConformer(conformer)
    Chem.AssignAtomChiralTagsFromStructure(molecule, replaceExistingTags=True)
    return molecule


def _is_cis(molecule: Chem.Mol, number: int) -> bool:
    bond = molecule.GetBondWithIdx(number)
    first, last = bond.GetStereoAtoms()
    ends = (first, bond.GetBeginAtomIdx(), bond.GetEndAtomIdx(), last)
    return abs(GetDihedralDeg(molecule.GetConformer(0), *ends)) < 90
