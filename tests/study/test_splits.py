"""What is tested was not learned from, in each split its own way; what a file does not allow is said."""

import pytest

from reexplore.errors import InputError
from reexplore.study.splits import SPLITS, NothingToHoldOutError, split_parts
from tests.dataset.sample import pool, rows

TRAITS = pool().traits


@pytest.mark.parametrize("split", SPLITS)
def test_nothing_is_learned_and_tested(split):
    for part in split_parts(split, TRAITS, seeds=4, train=None):
        assert not set(part.known) & set(part.tested)
        assert set(part.known) | set(part.tested) == set(TRAITS)
        assert part.groups.keys() == set(part.tested)


def test_random_parts_are_tenths_without_anything_in_common():
    parts = split_parts("random", TRAITS, seeds=10, train=None)
    assert [len(part.tested) for part in parts] == [12] * 10
    assert sorted(key for part in parts for key in part.tested) == sorted(TRAITS)


@pytest.mark.parametrize("split", ["ligand", "scaffold", "substituent", "metal"])
def test_what_is_held_out_is_held_out_whole(split):
    def of(key):
        traits = TRAITS[key]
        return {
            "ligand": {traits.ligand},
            "scaffold": {traits.scaffold},
            "substituent": set(traits.substituents),
            "metal": {traits.group.metal},
        }[split]

    parts = split_parts(split, TRAITS, seeds=3, train=None)
    assert len(parts) == (2 if split == "metal" else 3)
    for part in parts:
        assert not set.union(*map(of, part.known)) & set.union(*map(of, part.tested))
        assert len(set(part.groups.values())) == (6 if split == "ligand" else 1)


def test_a_value_that_is_named_is_the_one_held_out():
    (part,) = split_parts("scaffold=S2", TRAITS, seeds=3, train=None)
    assert (part.name, part.split) == ("S2", "scaffold")
    assert {TRAITS[key].scaffold for key in part.tested} == {"S2"}


def test_so_many_labels_are_drawn_of_what_may_be_learned():
    whole = split_parts("ligand", TRAITS, seeds=2, train=None)
    drawn = split_parts("ligand", TRAITS, seeds=2, train=30)
    for all_of, some in zip(whole, drawn, strict=True):
        assert some.tested == all_of.tested
        assert len(some.known) == 30
        assert set(some.known) < set(all_of.known)


@pytest.mark.parametrize(
    ("split", "changes", "message"),
    [
        ("scafold", {}, "unknown split 'scafold': did you mean 'scaffold'"),
        ("scaffold=S9", {}, "the file has no such scaffold: did you mean 'S"),
        ("random=1", {}, "random takes no value"),
        ("random", {"train": 109}, "--train 109: the split random leaves 108 labels"),
    ],
)
def test_what_cannot_be_asked(split, changes, message):
    with pytest.raises(InputError) as refused:
        split_parts(split, TRAITS, **{"seeds": 2, "train": None} | changes)
    assert message in str(refused.value)


def test_fewer_labels_than_a_study_needs():
    with pytest.raises(InputError, match="there are 18 labels: a study tests a tenth of them and needs 20"):
        split_parts("random", pool(scaffolds=3, substituents=3).traits, seeds=1, train=None)


@pytest.mark.parametrize(
    ("split", "table", "message"),
    [
        ("ligand", {"scaffolds": 1, "substituents": 1, "metals": ("La", "Lu")}, "has a single ligand"),
        ("scaffold", {"scaffolds": 1}, "without S0 too few labels are left"),
        ("metal", {"metals": ("La",)}, "without La too few labels are left"),
    ],
)
def test_a_single_group_cannot_be_held_out(split, table, message):
    import pandas as pd

    made = pd.DataFrame(rows(**table))
    if split == "ligand":
        made = pd.concat([made.assign(key=[f"{n}-{i}" for i in range(2)], ligands=n + 1) for n in range(12)])
    with pytest.raises(NothingToHoldOutError, match=f"the split {split} is left out: .*{message}"):
        split_parts(split, pool(made).traits, seeds=2, train=None)


def test_ligands_that_are_told_as_wholes_have_no_scaffold_to_hold_out():
    import pandas as pd

    made = pd.DataFrame(rows())
    made["substituents"] = [[] for _ in range(len(made))]
    with pytest.raises(NothingToHoldOutError, match="the file tells ligands as wholes"):
        split_parts("scaffold", pool(made).traits, seeds=2, train=None)
