"""Donors that hold one metal in known complexes pass; donors that point apart do not."""

import pytest

from reexplore.chemistry.library import SCAFFOLDS, SUBSTITUENTS
from reexplore.chemistry.ligand_input import plain_ligand
from reexplore.chemistry.ligands import assemble
from reexplore.structures.builders.feasibility import apart, chelate_strain_kcal_mol

#: Chelates of rare-earth crystal structures (Cambridge Structural Database); donors as indices of the SMILES.
KNOWN = {
    "acetate": ("CC(=O)[O-]", (2, 3)),
    "nitrate": ("[O-][N+](=O)[O-]", (0, 2)),
    "oxalate": ("[O-]C(=O)C(=O)[O-]", (0, 5)),
    "acetylacetonate": ("CC(=O)C=C(C)[O-]", (2, 6)),
    "acetohydroxamate": ("CC(=O)N[O-]", (2, 4)),
    "bipyridine": ("c1ccnc(c1)-c1ccccn1", (3, 11)),
    "phenanthroline": ("c1cnc2c(c1)ccc1cccnc12", (2, 12)),
    "terpyridine": ("c1ccnc(c1)-c1cccc(n1)-c1ccccn1", (3, 11, 17)),
    "diglycolamide": ("CN(C)C(=O)COCC(=O)N(C)C", (4, 6, 9)),
    "malonamide": ("CN(C)C(=O)CC(=O)N(C)C", (4, 7)),
    "dithiophosphinate": ("CP(C)(=S)[S-]", (3, 4)),
    "pyrazolate": ("c1cn[n-]c1", (2, 3)),
    "18-crown-6": ("C1COCCOCCOCCOCCOCCO1", (2, 5, 8, 11, 14, 17)),
    "DOTA": (
        "[O-]C(=O)CN1CCN(CC(=O)[O-])CCN(CC(=O)[O-])CCN(CC(=O)[O-])CC1",
        (0, 4, 7, 11, 14, 18, 21, 25),
    ),
}
IMPOSSIBLE = {
    "4,4'-bipyridine": ("c1cc(ccn1)-c1ccncc1", (5, 9)),
    "2,3'-bipyridine": ("c1ccnc(c1)-c1cccnc1", (3, 10)),
    "pyrazine": ("c1cnccn1", (2, 5)),
    "3-pyridinolate": ("[O-]c1cccnc1", (0, 5)),
    "4-pyridinolate": ("[O-]c1ccncc1", (0, 4)),
    "p-quinone": ("O=C1C=CC(=O)C=C1", (0, 5)),
    "resorcinolate": ("[O-]c1cccc([O-])c1", (0, 6)),
    "hydroquinolate": ("[O-]c1ccc([O-])cc1", (0, 5)),
    "isophthalate": ("[O-]C(=O)c1cccc(c1)C(=O)[O-]", (0, 11)),
    "terephthalate": ("[O-]C(=O)c1ccc(cc1)C(=O)[O-]", (0, 11)),
    "fumarate": ("[O-]C(=O)/C=C/C(=O)[O-]", (0, 7)),
    "amide and carbonyl of HOPO": ("CNC(=O)c1cccc(=O)n1[O-]", (3, 9)),
    "squarate across": ("[O-]C1=C([O-])C(=O)C1=O", (0, 5)),
}


@pytest.mark.parametrize("name", KNOWN)
def test_known_chelates_hold_one_metal(name):
    smiles, donors = KNOWN[name]
    ligand = plain_ligand(smiles, donors=donors).ligand
    assert apart(ligand) == ()
    assert chelate_strain_kcal_mol(ligand, donors=ligand.donors) < 2.0 * len(donors)


@pytest.mark.parametrize("name", SCAFFOLDS)
def test_every_scaffold_of_the_library_holds_one_metal(name):
    scaffold = SCAFFOLDS[name]
    assert apart(assemble(scaffold, (SUBSTITUENTS["H"],) * scaffold.sites)) == ()


@pytest.mark.parametrize("name", IMPOSSIBLE)
def test_donors_that_point_apart_are_named(name):
    smiles, donors = IMPOSSIBLE[name]
    single = plain_ligand(smiles, donors=donors)
    assert {single.numbers[a] for a in apart(single.ligand)} == set(donors)
    assert chelate_strain_kcal_mol(single.ligand, donors=single.ligand.donors) > 2.7 * len(donors)


def test_the_pair_at_fault_is_named_among_several():
    single = plain_ligand("[O-]c1ccccc1-c1ccc([O-])cc1", donors=(0, 11))
    assert {single.numbers[a] for a in apart(single.ligand)} == {0, 11}
    # Salicylate's own pair holds a metal; the oxygen across the ring goes with neither of them.
    with_stranger = plain_ligand("[O-]C(=O)c1cc([O-])ccc1[O-]", donors=(0, 6, 10))
    assert 6 in {with_stranger.numbers[a] for a in apart(with_stranger.ligand)}
