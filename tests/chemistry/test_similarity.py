import pytest

from reexplore.chemistry.similarity import most_alike, similarities

BENZOATE, TOLUATE, ACETATE = "O=C([O-])c1ccccc1", "Cc1ccccc1C(=O)[O-]", "CC(=O)[O-]"


def test_a_ligand_is_like_itself_and_the_order_is_that_of_the_chemistry():
    itself, toluate, acetate = similarities(BENZOATE, [BENZOATE, TOLUATE, ACETATE])
    assert itself == 1.0
    assert 1 > toluate > acetate > 0


def test_tanimoto_is_shared_over_all_environments():
    # Methane has one environment and ethane two (the carbon alone, and with its neighbour): none in common.
    assert similarities("C", ["CC", "C"]) == [0.0, 1.0]
    # Ethane's two are half of butane's: CH3, CH2, CH3 with CH2, CH2 with both; one is shared.
    assert similarities("CC", ["CCCC"]) == [pytest.approx(1 / 7, abs=0.12)]


def test_the_nearest_come_first_and_the_ligand_itself_is_no_relative():
    found = most_alike(BENZOATE, [ACETATE, BENZOATE, TOLUATE], count=2)
    assert [place for place, _ in found] == [2, 0]
    assert most_alike(BENZOATE, [BENZOATE], count=3) == []
