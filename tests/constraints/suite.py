"""What every constraint has to keep; each test of one inherits it."""

import json
import pickle

import pytest
from rdkit import Chem

from reexplore.chemistry.library import find_scaffold, find_substituent
from reexplore.chemistry.ligands import Ligand, assemble
from reexplore.constraints import Constraint, Rules, read_constraints
from reexplore.errors import InputError


def ligand(scaffold, *substituents):
    return assemble(find_scaffold(scaffold), tuple(find_substituent(name) for name in substituents))


class ConstraintSuite:
    """Give `name`, what a file may say (`good`) and may not (`bad`), and ligands that are `kept` and `left_out`."""

    name: str
    good: tuple
    bad: tuple
    kept: tuple
    left_out: tuple

    def rule(self):
        (rule,) = read_constraints([{self.name: self.good[0]}]).rules
        return rule.constraint

    def test_it_has_the_shape_of_a_constraint(self):
        assert isinstance(self.rule(), Constraint)
        with pytest.raises(AttributeError):
            self.rule().anything = 1

    def test_what_it_says_is_what_it_reads(self):
        for said in self.good:
            rules = read_constraints([{self.name: said}])
            written = json.loads(json.dumps(rules.say()))
            assert read_constraints(written) == rules
            assert Rules.from_json(json.loads(json.dumps(rules.to_json()))) == rules
            assert pickle.loads(pickle.dumps(rules)) == rules

    def test_what_it_cannot_read_is_one_sentence(self):
        for said in self.bad:
            with pytest.raises(InputError, match=f"^'constraints.{self.name}': ") as refused:
                read_constraints([{self.name: said}])
            assert "\n" not in str(refused.value)
            assert "Error" not in str(refused.value)

    def test_it_keeps_and_leaves_out(self):
        assert [self.rule().reason(each) for each in self.kept] == [None] * len(self.kept)
        for each in self.left_out:
            reason = self.rule().reason(each)
            assert reason
            assert reason.isprintable()

    def test_it_looks_at_the_ligand_alone(self):
        for each in (*self.kept, *self.left_out):
            again = type(each)(each.identity, each.charge, "another name", ())
            assert self.rule().reason(again) == self.rule().reason(each)

    def test_it_says_the_same_each_time_and_in_whatever_order_the_atoms_are_written(self):
        for each in (*self.kept, *self.left_out):
            marked = Chem.MolFromSmiles(each.identity)
            for seed in range(3):
                (text,) = Chem.MolToRandomSmilesVect(marked, 1, randomSeed=seed)
                again = Ligand(text, each.charge, each.scaffold, each.substituents)
                assert self.rule().reason(again) == self.rule().reason(each) == self.rule().reason(each)
