"""Stereoisomers are told apart by their coordinates; mirror images of the whole are one."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rdkit import Chem
from rdkit.Chem import AllChem

from reexplore.chemistry.ligand_input import plain_ligand
from reexplore.errors import FailureCode
from reexplore.structures.quality import check_ligand
from reexplore.structures.stereo import otherwise_placed
from reexplore.structures.structure import Structure

CDTA = "[O-:11]C(=O)CN(CC(=O)[O-])[C@@H]1CCCC[C@H]1N(CC(=O)[O-])CC(=O)[O-:12]"
TARTRATE = "O=C([O-:11])[C@H](O)[C@@H](O)C(=O)[O-:12]"
MALEATE = r"O=C([O-:11])/C=C\C(=O)[O-:12]"
SUGAR = "O=C([O-:11])[C@H](O)[C@@H](O)[C@H](O)[C@H](O)C[O-:12]"


def coordinates(molecule, seed):
    molecule = Chem.Mol(molecule)
    assert AllChem.EmbedMolecule(molecule, randomSeed=seed) == 0
    return molecule.GetConformer().GetPositions()


def wrongly(molecule):
    """Return the molecule with its first centre, or its double bond, the other way."""
    other = Chem.Mol(molecule)
    centres = [a for a in other.GetAtoms() if a.GetChiralTag() != Chem.CHI_UNSPECIFIED]
    if centres:
        centres[0].InvertChirality()
    for bond in other.GetBonds():
        if not centres and bond.GetStereo() == Chem.BondStereo.STEREOZ:
            bond.SetStereo(Chem.BondStereo.STEREOE)
    return other


@pytest.mark.parametrize("smiles", [CDTA, TARTRATE, MALEATE, SUGAR])
@settings(max_examples=8, deadline=None)
@given(seed=st.integers(1, 10_000))
def test_what_was_asked_for_and_its_mirror_image_pass_and_another_isomer_does_not(smiles, seed):
    ligand = plain_ligand(smiles).ligand
    molecule = ligand.mol_with_hydrogens
    right, wrong = coordinates(molecule, seed), coordinates(wrongly(molecule), seed)
    turned = np.linalg.qr(np.random.default_rng(seed).normal(size=(3, 3)))[0]
    assert otherwise_placed(ligand, [right]) == []
    assert otherwise_placed(ligand, [right @ turned + 5.0]) == []
    assert len(otherwise_placed(ligand, [wrong])) == 1
    symbols = tuple(atom.GetSymbol() for atom in molecule.GetAtoms())
    for places, codes in ((right, []), (wrong, [FailureCode.OTHER_ISOMER])):
        report = check_ligand(Structure(symbols, places, ligand.charge), ligand=ligand)
        assert [p.code for p in report.problems] == codes
        assert bool(report.inchikey) is not bool(codes)
        assert not check_ligand(Structure(symbols, places, ligand.charge), ligand=ligand, checks=1).problems


def test_two_ligands_of_one_complex_have_one_hand():
    ligand = plain_ligand(CDTA).ligand
    right = coordinates(ligand.mol_with_hydrogens, 1)
    left = right * [1, 1, -1]
    assert otherwise_placed(ligand, [right, right]) == otherwise_placed(ligand, [left, left]) == []
    assert {number for number, _ in otherwise_placed(ligand, [right, left, right])} == {1}


def test_what_the_smiles_leaves_open_stays_open():
    ligand = plain_ligand(CDTA.replace("@", "")).ligand
    for smiles in (CDTA, CDTA.replace("[C@H]", "[C@@H]")):
        places = coordinates(plain_ligand(smiles).ligand.mol_with_hydrogens, 3)
        assert otherwise_placed(ligand, [places]) == []
