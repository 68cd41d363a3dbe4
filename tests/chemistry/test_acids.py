"""The acid of a ligand is the molecule a chemist would draw."""

import pytest
from rdkit import Chem
from rdkit.Chem.rdMolDescriptors import CalcMolFormula

from reexplore.chemistry.acids import acid_of, proton_sites, read_pka
from reexplore.chemistry.ligand_input import library_ligand, plain_ligand
from reexplore.errors import InputError


@pytest.mark.parametrize(
    ("ligand", "acid"),
    [
        ("CC(=O)[O-:11]", "CC(=O)O"),
        ("O=C([O-:11])c1cccc[n+]1[O-:12]", "O=C(O)c1cccc[n+]1[O-]"),
        ("[O-:11]c1ccc([N+](=O)[O-])cc1[O-:12]", "Oc1ccc([N+](=O)[O-])cc1O"),
        ("O=C([O-:11])C[N:12](CC(=O)[O-:13])CC(=O)[O-:14]", "O=C(O)CN(CC(=O)O)CC(=O)O"),
        ("[S-:11]CC[S-:12]", "SCCS"),
        ("CC(=O)C=C(C)[O-:11]", "CC(=O)C=C(C)O"),
        ("C[N-:11]C(C)=O", "CNC(C)=O"),
    ],
)
def test_every_anion_has_its_proton(ligand, acid):
    found = acid_of(plain_ligand(ligand).ligand)
    assert found.canonical_smiles == Chem.CanonSmiles(acid)
    assert found.charge == Chem.GetFormalCharge(found.mol) == 0


def test_protons_are_all_that_is_added():
    ligand = library_ligand("CAM-methyl").ligand
    acid = acid_of(ligand)
    assert acid.mol.GetNumAtoms() == ligand.mol.GetNumAtoms()
    hydrogens = [each.mol_with_hydrogens.GetNumAtoms() for each in (acid, ligand)]
    assert hydrogens[0] - hydrogens[1] == -ligand.charge
    assert CalcMolFormula(acid.mol) == "C9H11NO3"


def test_two_ways_to_hold_a_metal_are_one_acid():
    one, other = (plain_ligand("O=C([O-])CC(=O)[O-]", donors=donors).ligand for donors in ((2, 6), (0, 2)))
    assert one != other
    assert acid_of(one) == acid_of(other)


def test_a_ligand_whose_acid_is_not_told_is_refused():
    with pytest.raises(InputError, match="is not told by its SMILES"):
        acid_of(plain_ligand("C[N+](C)(C)CC(=O)[O-:11]").ligand)


@pytest.mark.parametrize(
    ("ligand", "sites"),
    [("CC(=O)[O-]", 1), ("O=C([O-])CNCC(=O)[O-]", 3), ("O=C([O-])c1ccccn1", 2), ("CC(=O)Nc1ccccc1", 0)],
)
def test_anions_amines_and_pyridines_take_protons(ligand, sites):
    assert proton_sites(Chem.MolFromSmiles(ligand)) == sites


def test_pka_are_read_with_blanks_or_commas():
    mol = Chem.MolFromSmiles("O=C([O-])CNCC(=O)[O-]")
    assert read_pka("9.34 2.61", mol) == read_pka("9.34, 2.61", mol) == (9.34, 2.61)
    for text, sentence in (("x", "are no numbers"), ("2.6 9.3", "its pKa rise"), ("9 5 4 3", "3 atoms that take")):
        with pytest.raises(InputError, match=sentence):
            read_pka(text, mol)
