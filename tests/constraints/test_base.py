"""Constraints by name; those of other packages are in tests/test_plug_ins.py."""

import pytest

from reexplore.constraints.base import read_constraints
from reexplore.errors import InputError
from tests.constraints.suite import ligand


def test_the_first_rule_that_is_broken_is_the_reason():
    rules = read_constraints([{"without": ["S"]}, {"molecular_weight": {"at_most": 1}}])
    assert rules.broken(ligand("CAM", "thiol")) == ("without", "it has S")
    assert rules.broken(ligand("CAM", "H"))[0] == "molecular_weight"


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ([{"sa_scor": {"at_most": 4}}], "did you mean 'sa_score'"),
        ([{"prettiness": 1}], "the constraints are sa_score, molecular_weight"),
        ([{"without": ["S"]}, {"without": ["F"]}], "'without' stands twice"),
    ],
)
def test_names_that_are_not_there_or_stand_twice(said, told):
    with pytest.raises(InputError, match=told):
        read_constraints(said)
