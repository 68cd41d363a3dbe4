"""Numbers of a ligand that have to lie in a range."""

import pytest

from reexplore.chemistry.ligand_input import plain_ligand
from reexplore.constraints.molecular_weight import MolecularWeight
from reexplore.constraints.sa_score import SaScore
from tests.constraints.suite import ConstraintSuite, ligand

BAD = (
    {},
    {"at_most": "4"},
    {"at_most": True},
    {"most": 4},
    4,
    None,
    [4],
    {"at_least": 5, "at_most": 4},
    {"at_most": float("nan")},
    {"at_most": float("inf")},
)


class TestSaScore(ConstraintSuite):
    name = "sa_score"
    good = ({"at_most": 4}, {"at_least": 1, "at_most": 4.5}, {"at_least": 2})
    bad = BAD
    kept = (ligand("CAM", "H"), ligand("HOPO", "methyl"))
    left_out = (ligand("HOPO-345N", "fluoro", "phosphonate", "thiol", "amino"),)

    def test_it_is_the_published_score(self):
        # P. Ertl, A. Schuffenhauer, J. Cheminform. 2009, 1, 8: from 1, easy, to 10, hard; ethanol's acid is easy.
        easy = SaScore().number(plain_ligand("CC(=O)[O-]", donors=(3,)).ligand)
        cage = SaScore().number(plain_ligand("[O-]C(=O)C12CC3CC(CC(C3)C1)C2", donors=(0,)).ligand)
        assert 1 <= easy < cage <= 10


class TestMolecularWeight(ConstraintSuite):
    name = "molecular_weight"
    good = ({"at_most": 250}, {"at_least": 100}, {"at_least": 100.5, "at_most": 101})
    bad = BAD
    kept = (ligand("CAM", "H"), ligand("HOPO", "methyl"))
    left_out = (ligand("TREN-CAM", *["H"] * 3),)

    def test_it_is_the_sum_of_the_atomic_weights(self):
        # Acetate: 2 C 12.011, 3 H 1.008, 2 O 15.999 g/mol (IUPAC).
        acetate = plain_ligand("CC(=O)[O-]", donors=(3,)).ligand
        assert MolecularWeight().number(acetate) == pytest.approx(2 * 12.011 + 3 * 1.008 + 2 * 15.999, abs=0.003)

    def test_the_reason_names_number_and_unit(self):
        reason = MolecularWeight(at_most=100).reason(ligand("CAM", "H"))
        assert reason == "molecular weight 165 g/mol, at most 100 g/mol"
