"""Groups that are written in a state they hardly have at pH 7 are named; others are left alone."""

import pytest
from rdkit import Chem

from reexplore.chemistry.protonation import doubtful_groups


@pytest.mark.parametrize(
    ("smiles", "donors", "names"),
    [
        ("CC(=O)O", (), ["carboxylic acid"]),
        ("CP(=O)(O)O", (), ["phosphorus acid"]),
        ("CS(=O)(=O)O", (), ["sulfonic acid"]),
        ("Oc1ccccn1", (), ["2-hydroxypyridine"]),
        ("CC(=O)NO", (), ["N-hydroxy group"]),
        ("CS", (), ["thiol"]),
        ("[O-]c1ccccc1[O-]", (0, 7), ["catecholate"]),
        ("CC(=O)N[O-]", (2, 4), ["hydroxamate"]),
        ("[O-]c1ccccc1", (0,), ["phenolate"]),
        ("Oc1ccccc1O", (0, 7), ["phenol as donor"]),
        ("Oc1ccccc1O", (), []),
        ("NCCN", (0, 3), ["aliphatic amine"]),
        ("NCC(=O)O", (0,), ["carboxylic acid", "aliphatic amine"]),
        # As they are in neutral water: acetate, a quaternary amine, an amide, an aniline, HOPO, a nitro group.
        ("CC(=O)[O-]", (), []),
        ("C[N+](C)(C)C", (), []),
        ("CNC(C)=O", (), []),
        ("Nc1ccccc1", (), []),
        ("CNC(=O)c1cccc(=O)n1[O-]", (9, 11), []),
        ("C[N+](=O)[O-]", (), []),
    ],
)
def test_doubtful_groups_are_named(smiles, donors, names):
    found = doubtful_groups(Chem.MolFromSmiles(smiles), donors=donors)
    assert [name for name, _ in found] == names
