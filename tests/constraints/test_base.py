"""Constraints by name, those of other packages among them."""

import subprocess
import sys

import pytest

from reexplore.constraints.base import CONSTRAINTS, known_constraints, read_constraints
from reexplore.errors import InputError
from tests.constraints.suite import ligand

PLUG_IN = """
from dataclasses import dataclass

@dataclass(frozen=True)
class Carbons:
    most: int

    @classmethod
    def read(cls, said):
        if not isinstance(said, int):
            raise ValueError("give a number of carbons")
        return cls(said)

    def say(self):
        return self.most

    def reason(self, ligand):
        carbons = sum(atom.GetSymbol() == "C" for atom in ligand.mol.GetAtoms())
        return f"{carbons} carbons" if carbons > self.most else None

class Shapeless:
    pass
"""


@pytest.fixture
def plug_in(tmp_path, monkeypatch):
    """Install a small package as pip would: its module and its metadata on the path."""
    (tmp_path / "carbons_rule.py").write_text(PLUG_IN)
    metadata = tmp_path / "carbons_rule-1.2.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: carbons-rule\nVersion: 1.2\n")
    (metadata / "entry_points.txt").write_text(
        "[reexplore.constraints]\ncarbons = carbons_rule:Carbons\nshapeless = carbons_rule:Shapeless\n"
        "broken = nowhere_at_all:Rule\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


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


def test_another_package_s_constraint_is_found_and_its_version_kept(plug_in):
    assert set(known_constraints()) == {*CONSTRAINTS, "carbons", "shapeless", "broken"}
    rules = read_constraints([{"carbons": 8}])
    assert rules.broken(ligand("CAM", "H")) is None
    assert rules.broken(ligand("CAM", "methyl")) == ("carbons", "9 carbons")
    assert rules.to_json() == [{"name": "carbons", "said": 8, "version": "1.2"}]
    with pytest.raises(InputError, match=r"'constraints.carbons': give a number of carbons"):
        read_constraints([{"carbons": "eight"}])


@pytest.mark.parametrize(
    ("name", "told"), [("shapeless", "has no read and no say and no reason"), ("broken", "nowhere_at_all")]
)
def test_a_plug_in_that_does_not_keep_its_shape_is_one_sentence(plug_in, name, told):
    code = (
        "from reexplore.constraints import read_constraints\n"
        "from reexplore.errors import ReexploreError\n"
        f"try: read_constraints([{{{name!r}: 1}}])\n"
        "except ReexploreError as error: print(error.exit_code, error)\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env={"PYTHONPATH": str(plug_in)}
    )
    assert ended.stdout.startswith("3 the constraint")
    assert told in ended.stdout
