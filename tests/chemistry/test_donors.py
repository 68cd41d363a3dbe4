"""Proposed donors are those of known complexes; what cannot donate is told why."""

import pytest
from rdkit import Chem

from reexplore.chemistry.donors import propose_donors, why_no_donor
from reexplore.chemistry.library import FIRST_DONOR_MAP, SCAFFOLDS


@pytest.mark.parametrize(
    ("name", "smiles", "donors"),
    [
        ("acetohydroxamate", "CC(=O)N[O-]", (2, 4)),
        ("acetylacetonate", "CC(=O)C=C(C)[O-]", (2, 6)),
        ("tropolonate", "O=C1C=CC=CC=C1[O-]", (0, 8)),
        ("8-quinolinolate", "[O-]c1cccc2cccnc12", (0, 9)),
        ("glycinate", "NCC(=O)[O-]", (0, 4)),
        ("acetate", "CC(=O)[O-]", (2, 3)),
        ("dithiophosphinate", "CP(C)(=S)[S-]", (3, 4)),
        ("phenanthroline", "c1cnc2c(c1)ccc1cccnc12", (2, 12)),
        ("terpyridine", "c1ccnc(c1)-c1cccc(n1)-c1ccccn1", (3, 11, 17)),
        ("diglycolamide", "CN(C)C(=O)COCC(=O)N(C)C", (4, 6, 9)),
        ("tributyl phosphate", "CCCCOP(=O)(OCCCC)OCCCC", (6,)),
        ("bipyridine dioxide", "[O-][n+]1ccccc1-c1cccc[n+]1[O-]", (0, 13)),
        ("18-crown-6", "C1COCCOCCOCCOCCOCCO1", (2, 5, 8, 11, 14, 17)),
        ("4-nitrophenol", "[O-][N+](=O)c1ccc(O)cc1", (7,)),
        ("E-acetylacetonate", "CC(=O)/C=C(C)/[O-]", (6,)),
        ("Z-acetylacetonate", "CC(=O)/C=C(/C)[O-]", (2, 6)),
        ("tetramethyl-BTP", "Cc1nnc(nc1C)-c1cccc(n1)-c1nnc(C)c(C)n1", (3, 13, 15)),
        ("thiocyanate", "[S-]C#N", (2,)),
        ("isothiocyanate", "S=C=[N-]", (2,)),
        ("triflimide", "FC(F)(F)S(=O)(=O)[N-]S(=O)(=O)C(F)(F)F", (5, 9)),
        ("nicotinate", "[O-]C(=O)c1cccnc1", (0, 2)),
        ("malate", "[O-]C(=O)C[C@H](O)C(=O)[O-]", (0, 5, 8)),
        ("triethanolamine", "OCCN(CCO)CCO", (0, 3, 6, 9)),
        ("crown with arms", "[O-]C(=O)CN1CCOCCOCCN(CC(=O)[O-])CCOCCOCC1", (0, 4, 7, 10, 13, 17, 20, 23)),
    ],
)
def test_the_first_proposal_is_how_the_ligand_is_known_to_bind(name, smiles, donors):
    assert propose_donors(Chem.MolFromSmiles(smiles), most=9)[0] == donors


#: Here the amide's oxygen is proposed in place of a sulfur or a phenol's oxygen.
_OTHERWISE = {"thio-HOPO", "thio-HOPO-345N", "HCAM"}


@pytest.mark.parametrize("name", SCAFFOLDS)
def test_the_donors_of_the_library_are_proposed(name):
    mol = Chem.MolFromSmiles(SCAFFOLDS[name].smiles)
    donors = tuple(a.GetIdx() for a in mol.GetAtoms() if a.GetAtomMapNum() >= FIRST_DONOR_MAP)
    for atom in mol.GetAtoms():
        atom.SetAtomMapNum(0)
    assert (propose_donors(mol, most=9)[0] == donors) == (name not in _OTHERWISE)


@pytest.mark.parametrize("smiles", ["CCCC", "c1ccccc1", "C[N+](C)(C)C", "c1cc[nH]c1", "FC(F)F", "C[N+](=O)[O-]"])
def test_what_holds_no_metal_gets_no_proposal(smiles):
    assert propose_donors(Chem.MolFromSmiles(smiles), most=9) == []


def test_no_more_than_the_coordination_sphere_holds_and_the_strong_ones_stay():
    edta = Chem.MolFromSmiles("[O-]C(=O)CN(CCN(CC(=O)[O-])CC(=O)[O-])CC(=O)[O-]")
    assert propose_donors(edta, most=4)[0] == (0, 11, 15, 19)


@pytest.mark.parametrize(
    ("smiles", "atom", "reason"),
    [
        ("CC", 0, "a C atom has no lone pair"),
        ("CF", 1, "a F atom has no lone pair"),
        ("C[N+](C)(C)C", 1, "nitrogen has no lone pair left"),
        ("C[N+](=O)[O-]", 1, "nitrogen has no lone pair left"),
        ("c1cc[nH]c1", 3, "belongs to its aromatic ring"),
        ("c1ccoc1", 3, "oxygen has no lone pair left"),
        ("CS(=O)(=O)C", 1, "sulfur has no lone pair left"),
        ("COP(=O)(OC)OC", 2, "phosphorus has no lone pair left"),
        ("CN(C)C", 1, ""),
        ("c1ccncc1", 3, ""),
        ("CSC", 1, ""),
        ("CP(C)C", 1, ""),
        ("C[N-]C", 1, ""),
    ],
)
def test_why_an_atom_cannot_donate(smiles, atom, reason):
    found = why_no_donor(Chem.MolFromSmiles(smiles).GetAtomWithIdx(atom))
    assert reason in found
    assert bool(found) == bool(reason)
