import pytest

from reexplore.chemistry.ligands import Ligand
from reexplore.constraints.redox_stable import RedoxStable
from tests.constraints.suite import ConstraintSuite, ligand


@pytest.mark.engine
class TestRedoxStable(ConstraintSuite):
    name = "redox_stable"
    good = ({"reference": "catechol"}, {"reference": "phenol"}, {"reference": "hydroquinone"})
    bad = (
        {},
        {"reference": "gold"},
        {"reference": ["catechol"]},
        "catechol",
        {"reference": "phenol", "volts": 1},
        None,
    )
    # Nitro groups take electrons away, amino groups give them.
    kept = (ligand("CAM", "nitro"),)
    left_out = (ligand("CAM", "amino"),)


@pytest.mark.engine
def test_a_cation_is_left_out_with_the_reason():
    cation = Ligand("C[N+](C)(C)C", 1, "", ())
    assert "give neutral ligands, or anions" in RedoxStable("catechol").reason(cation)
