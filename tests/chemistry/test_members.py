"""A table of ligands holds the ligands it was made of, in memory and in a file."""

from itertools import product

import numpy as np
import pytest

from reexplore.chemistry.library import SCAFFOLDS, find_scaffold, find_substituent
from reexplore.chemistry.ligands import assemble
from reexplore.chemistry.members import Members, distinct
from reexplore.chemistry.space import Coordination, Space

# Two of them are charged or doubtful in water, so that charges and warnings differ from ligand to ligand.
GROUPS = tuple(find_substituent(name) for name in ("H", "methyl", "carboxylic-acid", "amino"))
SITES = find_scaffold("CAM-456N")


@pytest.fixture(scope="module")
def table():
    return Members.assembled(SITES, GROUPS, 5, 60)


def one_by_one(start, stop):
    choices = list(product(range(len(GROUPS)), repeat=SITES.sites))[start:stop]
    return [assemble(SITES, tuple(GROUPS[number] for number in choice)) for choice in choices]


def told(ligands):
    return [(each.identity, each.charge, each.name, each.warnings) for each in ligands]


def test_ligands_are_those_that_are_assembled_one_by_one(table):
    assert told(table) == told(one_by_one(5, 60))
    assert len({each.warnings for each in table}) > 1
    assert table.charges.tolist() == [each.charge for each in table]
    assert told(table[3:9]) == told(list(table)[3:9])
    assert told(table.taken([7, 2])) == told([table[7], table[2]])
    assert len(table.taken([])) == 0
    assert told(Members.joined([table[:20], table.taken(range(20, len(table)))])) == told(table)


def test_a_table_survives_being_written(table, tmp_path):
    for some in (table, table[:0]):
        some.save(tmp_path / "ligands.npz")
        assert told(Members.load(tmp_path / "ligands.npz", SITES, GROUPS)) == told(some)


def test_a_scaffold_without_sites_makes_one_ligand(tmp_path):
    listed = Space((SCAFFOLDS["HOPO"],), GROUPS[:1], (), (Coordination(1, 8),))
    (whole,) = listed.ligands()
    scaffold = type(SITES)("alone", whole.as_scaffold, whole.charge, "", "", sites=0)
    (alone,) = Members.assembled(scaffold, ())
    assert (alone.identity, alone.charge, alone.name) == (whole.identity, whole.charge, "alone")


def test_alike_sites_make_the_ligands_of_the_space():
    tripod = next(scaffold for scaffold in SCAFFOLDS.values() if scaffold.sites == 3)
    space = Space((tripod,), GROUPS[:3], (), (Coordination(1, 9),))
    assert told(Members.assembled(tripod, GROUPS[:3])) == told(space.ligands())


def test_each_ligand_is_in_the_first_table_that_has_it(table):
    first, second, third = table[:10], table[5:15], table[3:8]
    found = distinct([first, second, third])
    assert [told(each) for each in found] == [told(first), told(table[10:15])]
    twice = table.taken(np.array([1, 1, 0]))
    assert told(distinct([twice])[0]) == told(table.taken([1, 0]))
