import pytest
from rdkit import Chem
from rdkit.Chem import rdDistGeom

from reexplore.structures.donor_kinds import donor_kinds
from reexplore.structures.structure import Structure
from tests.structures.sample import relaxed


def _kinds(smiles):
    mol = Chem.AddHs(Chem.MolFromSmiles(smiles))
    assert rdDistGeom.EmbedMolecule(mol, randomSeed=7) == 0
    structure = Structure(
        tuple(atom.GetSymbol() for atom in mol.GetAtoms()), mol.GetConformer().GetPositions(), Chem.GetFormalCharge(mol)
    )
    return [
        donor_kinds(structure).get(i) for i, symbol in enumerate(structure.symbols) if symbol in ("N", "O", "S", "P")
    ]


@pytest.mark.parametrize(
    ("smiles", "kinds"),
    [
        ("O", ["water"]),
        ("CO", ["water"]),
        ("C1CCOC1", ["water"]),
        ("C[O-]", ["alkoxide"]),
        ("[O-]c1ccccc1", ["phenolate"]),
        ("[O-][n+]1ccccc1", ["n-oxide", None]),
        ("CC(=O)[O-]", ["carboxylate", "carboxylate"]),
        ("CC(=O)O", ["carbonyl", "water"]),
        ("CC(=O)OC", ["carbonyl", "water"]),
        ("CC(=O)C=C(C)[O-]", ["phenolate", "phenolate"]),
        ("CC(=O)N", ["carbonyl", None]),
        ("CC(=O)N[O-]", ["carbonyl", None, "n-oxide"]),
        ("CP(C)(C)=O", [None, "phosphoryl"]),
        ("COP(=O)(OC)[O-]", ["water", None, "phosphoryl", "water", "phosphoryl"]),
        ("CS(=O)(=O)[O-]", [None, "phosphoryl", "phosphoryl", "phosphoryl"]),
        ("[O-][N+](=O)[O-]", ["carboxylate", "carboxyl", "carboxylate", "carboxylate"]),
        ("O=c1cccc[n]1[O-]", ["carbonyl", None, "n-oxide"]),
        ("c1ccncc1", ["pyridine"]),
        ("CC=NC", ["pyridine"]),
        ("CN", ["amine"]),
        ("CN(C)C", ["amine"]),
        ("Nc1ccccc1", [None]),
        ("C[S-]", ["thiolate"]),
        ("CSC", ["thiolate"]),
        ("CP(C)C", ["phosphine"]),
    ],
)
def test_the_kind_of_a_donor_follows_from_its_bonds(smiles, kinds):
    assert _kinds(smiles) == kinds


def test_the_carbon_between_two_oxygens_counts_and_no_other():
    mol = Chem.AddHs(Chem.MolFromSmiles("OC(=O)CC(=O)[O-]"))
    assert rdDistGeom.EmbedMolecule(mol, randomSeed=7) == 0
    symbols = tuple(atom.GetSymbol() for atom in mol.GetAtoms())
    kinds = donor_kinds(Structure(symbols, mol.GetConformer().GetPositions(), -1))
    assert [kinds.get(i) for i, symbol in enumerate(symbols) if symbol == "C"] == [None, None, "carboxyl"]


def test_a_metal_is_no_neighbour():
    structure = relaxed("La_HOPO-H_1_6")
    kinds = donor_kinds(structure)
    assert 0 not in kinds
    # Six waters, the N-O, the ring's carbonyl and the amide's.
    assert sorted(kinds.values()) == ["carbonyl"] * 2 + ["n-oxide"] + ["water"] * 6
