"""A user's own scaffolds and substituents: each mistake is one clear sentence."""

import pytest

from reexplore.chemistry.user_parts import custom_scaffold, custom_substituent
from reexplore.errors import InputError


@pytest.mark.parametrize(
    ("smiles", "charge", "message"),
    [
        ("CNC(=O)c1cc([*:1]", -1, "RDKit cannot read the SMILES"),
        ("CNC(=O)c1cccc([O-:12])c1[O-:11]", -2, "number its attachment points"),
        ("CNC(=O)c1cc([*:2])cc([O-:12])c1[O-:11]", -2, "number its attachment points"),
        ("CNC(=O)c1cc([*:1])cc([O-])c1[O-]", -2, "mark its donor atoms"),
        ("CNC(=O)c1cc([*:1])cc([O-:12])c1[O-:11]", -1, "carries the charge -2; say so with `charge: -2`"),
        ("CNC(=O)c1cc([*:1])cc([O-:12])c1[O-:11].[Na+]", -1, "more than one molecule"),
        ("C[Se]c1cc([*:1])cc([O-:12])c1[O-:11]", -2, "the element Se is not among"),
        ("[CH2]c1cc([*:1])cc([O-:12])c1[O-:11]", -2, "unpaired electron on C"),
        ("Cc1cc([*:1])c[cH:12]c1[O-:11]", -1, "a C atom is marked as donor"),
        ("[O-:11]C(=O)CP([*:1])CC(=O)[O-:12]", -2, "an attachment point is on P, but sites are on C, N, O or S"),
    ],
)
def test_a_faulty_scaffold_is_refused(smiles, charge, message):
    with pytest.raises(InputError, match="scaffold 'mine'") as refused:
        custom_scaffold("mine", smiles=smiles, charge=charge)
    assert message in str(refused.value)


@pytest.mark.parametrize(
    ("smiles", "charge", "message"),
    [
        ("CC", 0, "exactly one attachment point"),
        ("C([*:1])[*:2]", 0, "exactly one attachment point"),
        ("C[*]", 0, "write the attachment point"),
        ("[O-]C(=O)[*:1]", 0, "carries the charge -1; say so with `charge: -1`"),
        ("not smiles", 0, "RDKit cannot read"),
        ("O=[*:1]", 0, "exactly one single bond"),
    ],
)
def test_a_faulty_substituent_is_refused(smiles, charge, message):
    with pytest.raises(InputError, match="substituent 'mine'") as refused:
        custom_substituent("mine", smiles=smiles, charge=charge, warning="")
    assert message in str(refused.value)


def test_a_charged_substituent_is_taken_when_its_charge_is_said():
    assert custom_substituent("sulfonate", smiles="[O-]S(=O)(=O)[*:1]", charge=-1, warning="").charge == -1


def test_a_scaffold_with_three_donors_and_two_sites():
    scaffold = custom_scaffold("mine", smiles="[O-:11]C(=O)c1c([*:2])c([*:1])cc(C(=O)[O-:12])[n:13]1", charge=-2)
    assert (scaffold.denticity, scaffold.sites) == (3, 2)


def test_donor_maps_may_go_beyond_nineteen():
    arms = "".join(f"N(CC(=O)[O-:{n}])" for n in range(11, 21))
    scaffold = custom_scaffold("mine", smiles=f"[*:1]{arms}C", charge=-10)
    assert scaffold.denticity == 10


def test_more_sites_than_there_are_numbers_below_the_donors_are_refused():
    sites = "".join(f"C([*:{n}])" for n in range(1, 12))
    with pytest.raises(InputError, match="11 sites, but from 11 on the numbers belong to donors"):
        custom_scaffold("mine", smiles=f"[O-:12]{sites}[O-:13]", charge=-2)


def test_a_scaffold_s_warning_is_kept():
    smiles = "CNC(=O)c1cc([*:1])cc([O-:12])c1[O-:11]"
    assert custom_scaffold("mine", smiles=smiles, charge=-2, warning="doubtful").warning == "doubtful"
