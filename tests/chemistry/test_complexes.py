"""A single complex: numbers that fit each other and the metal, or one sentence."""

import pytest

from reexplore.chemistry.co_ligands import co_ligand, read_co_ligands
from reexplore.chemistry.complexes import single_candidate
from reexplore.chemistry.ligand_input import library_ligand, plain_ligand
from reexplore.chemistry.metals import find_metal
from reexplore.errors import InputError

ACETOHYDROXAMATE = plain_ligand("CC(=O)N[O-]", donors=(2, 4)).ligand
EDTA = library_ligand("EDTA-H").ligand
PHENYLS = library_ligand("HOPO-345N-phenyl-phenyl-phenyl-phenyl").ligand
TMDGA = plain_ligand("CN(C)C(=[O:11])C[O:12]CC(=[O:13])N(C)C").ligand
PHOSPHATE = plain_ligand("CCCCCCCCOP(=[O:11])(OCCCCCCCC)OCCCCCCCC").ligand


@pytest.mark.parametrize(
    ("ligand", "metal", "ligands", "waters", "number", "message"),
    [
        (ACETOHYDROXAMATE, "La", 5, None, None, "more than the coordination number 8: La is held in 10 as well"),
        (ACETOHYDROXAMATE, "La", 1, 7, 8, "make 9, not the coordination number 8: take 6 waters"),
        (ACETOHYDROXAMATE, "La", 1, 9, None, "La is held in 6 to 10: take 4 to 8 waters"),
        (ACETOHYDROXAMATE, "La", 1, 0, None, "La is held in 6 to 10: take 4 to 8 waters"),
        (ACETOHYDROXAMATE, "Sc", 1, None, 9, "Sc is held in 6 to 8: take 4 to 6 waters"),
        (ACETOHYDROXAMATE, "La", 1, None, 12, "La is held in 6 to 10"),
        (EDTA, "La", 2, None, None, "2 × 6 donors are 12, more than"),
        (EDTA, "La", 2, 0, None, "La is held in 6 to 10: take fewer ligands"),
        (
            PHENYLS,
            "La",
            4,
            0,
            None,
            "atoms, more than 200: its search would take hours",
        ),
    ],
)
def test_numbers_that_do_not_fit_are_refused_with_those_that_do(ligand, metal, ligands, waters, number, message):  # noqa: PLR0917
    with pytest.raises(InputError) as refused:
        single_candidate(ligand, metal=find_metal(metal), ligands=ligands, waters=waters, coordination_number=number)
    assert message in str(refused.value)


@pytest.mark.parametrize(("metal", "waters"), [("La", 6), ("Lu", 6), ("Sc", 4)])
def test_waters_fill_the_metals_usual_coordination_number(metal, waters):
    made = single_candidate(ACETOHYDROXAMATE, metal=find_metal(metal), ligands=1, waters=None, coordination_number=None)
    assert made.waters == waters


@pytest.mark.parametrize(
    ("ligand", "ligands", "waters", "number", "said", "message"),
    [
        (TMDGA, 3, None, None, {"nitrate": 1}, "3 × 3 donors and the 2 of 1 nitrate are 11, more than"),
        (TMDGA, 1, None, None, {"nitrate": 3}, "are 9, more than the coordination number 8: La is held in 9 as well"),
        (
            TMDGA,
            1,
            3,
            None,
            {"nitrate": 3},
            "number 12, but La is held in 6 to 10: take 0 to 1 waters",
        ),
        (TMDGA, 1, 0, 10, {"nitrate": 3}, "and 0 waters make 9, not the coordination number 10: take 1 waters"),
        (EDTA, 1, None, 9, {"chloride": 3}, "EDTA-H)(chloride)3 would have the charge -4"),
        (co_ligand("nitrate"), 2, None, 9, {"nitrate": 1}, "the co-ligand is the ligand itself"),
        (PHOSPHATE, 3, None, 9, {"nitrate": 3}, "atoms, more than 200"),
    ],
)
def test_co_ligands_that_do_not_fit_are_refused_in_a_sentence(ligand, ligands, waters, number, said, message):  # noqa: PLR0917
    with pytest.raises(InputError) as refused:
        single_candidate(
            ligand,
            metal=find_metal("La"),
            ligands=ligands,
            waters=waters,
            coordination_number=number,
            co_ligands=read_co_ligands(said),
        )
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)


def test_the_complexes_of_solvent_extraction_fit():
    three = single_candidate(TMDGA, metal=find_metal("Lu"), ligands=3, waters=0, coordination_number=None)
    assert (three.coordination_number, three.charge) == (9, 3)
    nitrate = read_co_ligands({"nitrate": 3})
    phosphates = plain_ligand("COP(=[O:11])(OC)OC").ligand
    neutral = single_candidate(
        phosphates, metal=find_metal("Nd"), ligands=3, waters=0, coordination_number=None, co_ligands=nitrate
    )
    assert (neutral.coordination_number, neutral.charge) == (9, 0)
