"""Warnings of doubtful protonation belong to the ligand, once each, and never to its identity."""

import pytest

from reexplore.chemistry.library import SCAFFOLDS, SUBSTITUENTS, Scaffold
from reexplore.chemistry.ligand_input import plain_ligand
from reexplore.chemistry.ligands import assemble
from reexplore.chemistry.user_parts import custom_scaffold, custom_substituent


def warnings(scaffold, *substituents):
    return assemble(SCAFFOLDS[scaffold], tuple(SUBSTITUENTS[s] for s in substituents)).warnings


def test_the_scaffold_s_doubt_comes_before_the_substituent_s():
    first, second = warnings("CAM", "phosphonate")
    assert first.startswith("CAM: ")
    assert "proton" in first
    assert second.startswith("phosphonate: ")


def test_a_group_on_several_sites_is_doubted_once():
    assert len(warnings("HOPO-345N", "thiol", "thiol", "thiol", "H")) == 1


def test_acids_with_their_proton_off_at_neutral_ph_are_not_doubted():
    # pKa of 1-hydroxy-2-pyridinones: 5 to 6.
    for scaffold in ("HOPO", "HDEV", "5LIO-HOPO", "343LI-HOPO"):
        assert warnings(scaffold, *["H"] * SCAFFOLDS[scaffold].sites) == ()


@pytest.mark.parametrize("scaffold", ["CAM", "thio-CAM", "HCAM", "benzohydroxamate", "TREN-CAM", "EDTA", "DTPA"])
def test_anions_that_hold_protons_at_neutral_ph_are_doubted(scaffold):
    assert "neutral" in warnings(scaffold, *["H"] * SCAFFOLDS[scaffold].sites)[0]


@pytest.mark.parametrize(
    ("group", "unstable"),
    [("hydroxyl", True), ("amino", True), ("chloro", True), ("methyl", False), ("amide", False), ("cyano", False)],
)
def test_a_hetero_atom_on_the_carbon_of_the_amide_nitrogen_is_an_aminal(group, unstable):
    assert any("aminal" in w for w in warnings("HOPO-345N", "H", "H", "H", group)) is unstable
    assert not any("aminal" in w for w in warnings("HOPO-345N", group, "H", "H", "H"))


def test_the_two_ways_a_half_protonated_catecholamide_binds_are_two_ligands_of_one_compound():
    catecholate, salicylate = (assemble(SCAFFOLDS[s], (SUBSTITUENTS["H"],)) for s in ("HCAM", "HCAM-salicylate"))
    assert catecholate != salicylate
    assert catecholate.inchikey == salicylate.inchikey
    assert catecholate.charge == assemble(SCAFFOLDS["CAM"], (SUBSTITUENTS["H"],)).charge + 1


def test_doubts_do_not_count_for_the_identity():
    cam = SCAFFOLDS["CAM"]
    silent = Scaffold("CAM", cam.smiles, cam.charge, cam.protonation, cam.source)
    assert assemble(silent, (SUBSTITUENTS["H"],)) == assemble(cam, (SUBSTITUENTS["H"],))


OWN = (
    ("O=C(c1cc([*:1])cc([O-:12])c1[O-:11])NC", -2, "[*:1]C", ["catecholate"]),
    ("[O-:11]C(=O)c1cccc([*:1])n1", -1, "[*:1]O", ["2-hydroxypyridine"]),
    ("[O-:11]C(=O)c1cccc([*:1])n1", -1, "[*:1]CN(C)C", ["aliphatic amine"]),
    ("O=C([O-:11])CN([*:1])CC(=O)[O-:12]", -2, "[*:1]CP(=O)(O)O", ["phosphorus acid", "aliphatic amine"]),
    ("[O-:11]C(=O)c1cccc([*:1])n1", -1, "[*:1]C", []),
)


@pytest.mark.parametrize(("scaffold", "charge", "group", "names"), OWN)
def test_a_part_of_one_s_own_is_doubted_as_the_same_molecule_given_as_smiles(scaffold, charge, group, names):
    mine = custom_scaffold("mine", smiles=scaffold, charge=charge)
    group_of_mine = custom_substituent("R", smiles=group, charge=0, warning="")
    ligand = assemble(mine, (group_of_mine,))
    assert [warning.partition(":")[0] for warning in ligand.warnings] == names
    assert ligand.warnings == plain_ligand(ligand.smiles, donors=ligand.donors).ligand.warnings


def test_a_warning_of_one_s_own_stands_in_its_place():
    mine = custom_scaffold("mine", smiles=OWN[0][0], charge=-2, warning="two protons")
    assert assemble(mine, (SUBSTITUENTS["H"],)).warnings == ("mine: two protons",)


def test_what_the_library_says_of_its_part_is_not_said_twice():
    mine = custom_substituent("R", smiles="[*:1]CC", charge=0, warning="")
    (warning,) = assemble(SCAFFOLDS["CAM"], (mine,)).warnings
    assert warning.startswith("CAM: ")
