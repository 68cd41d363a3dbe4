"""What may be ranked against what: whatever is left out has its reason told."""

from dataclasses import replace
from itertools import combinations

import pytest

from reexplore.chemistry.candidates import Group
from reexplore.energies.comparisons import (
    binding_reasons,
    exchange_comparable,
    exchange_reasons,
    why_not_comparable,
)
from reexplore.energies.levels import GFN2, PAPER, QUICK, WORKSTATION

GROUP = Group("Eu", 1, 6, -2)


def test_what_may_be_ranked_on_the_exchange_scale():
    assert exchange_comparable(GROUP, replace(GROUP, metal="Lu"), level=QUICK)
    assert exchange_comparable(GROUP, replace(GROUP, metal="Nd"), level=QUICK)
    assert not exchange_comparable(GROUP, replace(GROUP, metal="Nd"), level=QUICK.as_distributed())
    assert not exchange_comparable(GROUP, replace(GROUP, metal="Y"), level=QUICK)
    assert not exchange_comparable(GROUP, replace(GROUP, ligand_charge=-1), level=QUICK)
    assert not exchange_comparable(GROUP, replace(GROUP, ligands=2, waters=4), level=QUICK)


def test_what_may_be_ranked():
    assert why_not_comparable(GROUP, GROUP) is None
    assert "bare ion" in str(why_not_comparable(GROUP, replace(GROUP, metal="La")))
    assert "charge" in str(why_not_comparable(GROUP, replace(GROUP, ligand_charge=-1)))
    assert "released waters" in str(why_not_comparable(GROUP, replace(GROUP, ligands=2, waters=4)))


def test_each_reason_is_told_once_with_its_first_example():
    group = replace(GROUP, metal="La")
    groups = [group, *(replace(group, metal=m) for m in ("Eu", "Lu")), replace(group, ligand_charge=-1)]
    found = binding_reasons(groups)
    assert [sentence.partition(":")[0] for sentence in found] == ["La and Eu", "ligand charges -2 and -1"]


@pytest.mark.parametrize(
    "level",
    [GFN2, QUICK, QUICK.as_distributed(), WORKSTATION, PAPER],
    ids=["gfn2", "quick", "quick-as-distributed", "workstation", "paper"],
)
def test_a_pair_that_is_not_compared_has_its_reason_told(level):
    """Neodymium stands apart where it has the potential of its divalent ion."""
    others = [GROUP, replace(GROUP, ligand_charge=-1), replace(GROUP, ligands=2, waters=4)]
    metals = [replace(GROUP, metal=metal) for metal in ("Sc", "Y", "La", "Nd", "Gd", "Lu")]
    for first, second in combinations(metals + others, 2):
        assert exchange_comparable(first, second, level=level) == (not exchange_reasons([first, second], level=level))


def test_the_metals_of_a_level_are_told_in_one_sentence():
    groups = [replace(GROUP, metal=metal) for metal in ("Y", "La", "Pr", "Nd", "Lu")]
    (sentence,) = exchange_reasons(groups, level=QUICK.as_distributed())
    assert "Nd: 4f electrons in the core, by the potential of its divalent ion" in sentence
    assert exchange_reasons([], level=QUICK) == ()
