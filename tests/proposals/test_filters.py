"""Each way in which a proposal is refused, with its code and a sentence."""

import pytest

from reexplore.proposals.filters import OneDonor, judge


@pytest.mark.parametrize(
    ("smiles", "code", "told"),
    [
        ("", "decodes_to_nothing", "nothing"),
        ("C(C", "unreadable", "no molecule"),
        ("C[O-].CC", "several_parts", "several"),
        ("C[CH]C[O-]", "radical", "radical"),
        ("CCCC", "no_donor", "no atom"),
        ("c1ccncc1", "no_donor", "no atom"),
        ("[O-]CCCCCC[O-]", "two_donors", "2 donors: alkoxide and alkoxide"),
        ("CP(C)(=O)CCCCCC(=O)N(C)C", "two_donors", "carboxamide and phosphine oxide"),
        ("[O-]CCCCCC(C)=O", "two_donors", "another strong one"),
        ("C[N+](C)(C)CCCCC[O-]", "charge", "charge is"),
        ("CCN(CC)CC[O-]", "chelates", "N atom"),
        ("COCC[O-]", "chelates", "O atom"),
        ("CNC(=O)CCC[O-]", "acidic_proton", "hydrogen"),
        ("FN(C)CCCCCC[O-]", "unstable", "halogen on"),
        ("CC(C)=C=CCC[O-]", "unstable", "allene"),
        ("CCCCCCCCCCCCCCCCCCCCCCCCCC[O-]", "too_large", "27 heavy atoms"),
    ],
)
def test_what_is_no_ligand_of_one_donor_is_refused(smiles, code, told):
    refused = judge(smiles)
    assert (refused.code, told in refused.reason) == (code, True), refused


def test_a_charge_that_the_family_does_not_allow_is_refused():
    assert judge("CC(C)(C)[O-]", charges=(0,)).code == "charge"
    assert isinstance(judge("CC(C)(C)[O-]", charges=(-1,)), OneDonor)


@pytest.mark.parametrize(
    ("smiles", "name"),
    [
        ("CC(C)(C)[O-]", "alkoxide"),
        ("[O-]c1ccccc1", "phenoxide"),
        ("C[Si](C)(C)[O-]", "siloxide"),
        ("CC(=O)[O-]", "carboxylate"),
        ("CS(=O)(=O)[O-]", "sulfonate"),
        ("CP(C)(=O)[O-]", "phosphinate"),
        ("COP(=O)([O-])OC", "phosphate diester"),
        ("CP(C)(C)=O", "phosphine oxide"),
        ("C[N+](C)(C)[O-]", "amine oxide"),
        ("[O-][n+]1ccccc1", "pyridine oxide"),
        ("CN(C)P(=O)(N(C)C)N(C)C", "phosphoramide"),
        ("CS(C)=O", "sulfoxide"),
    ],
)
def test_what_is_one_is_told_with_its_class(smiles, name):
    found = judge(smiles)
    assert found.donor_class.name == name
    assert found.ligand.denticity == 1
