"""Fillings of alike sites are one ligand, and are counted once."""

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reexplore.chemistry.library import SCAFFOLDS, SUBSTITUENTS
from reexplore.chemistry.ligands import assemble
from reexplore.chemistry.symmetry import distinct_fillings, is_first, site_symmetries

GROUPS = [SUBSTITUENTS[name] for name in ("H", "methyl", "fluoro")]
SEVERAL = [s for s in SCAFFOLDS.values() if s.sites > 1]


@pytest.mark.parametrize(("scaffold", "order"), [("CAM-456N", 1), ("5LIO-HOPO", 2), ("TREN-CAM", 6), ("343LI-HOPO", 2)])
def test_the_group_has_the_order_of_the_molecule_s_symmetry(scaffold, order):
    assert len(site_symmetries(SCAFFOLDS[scaffold])) == order


@pytest.mark.parametrize("scaffold", SEVERAL, ids=lambda s: s.name)
def test_the_count_is_that_of_the_distinct_canonical_smiles(scaffold):
    fillings = list(product(range(2), repeat=scaffold.sites))
    distinct = {assemble(scaffold, tuple(GROUPS[n] for n in filling)).identity for filling in fillings}
    symmetries = site_symmetries(scaffold)
    assert distinct_fillings(symmetries, 2) == len(distinct)
    first = [filling for filling in fillings if is_first(filling, symmetries)]
    assert {assemble(scaffold, tuple(GROUPS[n] for n in filling)).identity for filling in first} == distinct
    assert len(first) == len(distinct)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(SEVERAL), st.data())
def test_two_fillings_are_one_ligand_exactly_when_a_symmetry_joins_them(scaffold, data):
    choice = st.tuples(*[st.integers(0, 2)] * scaffold.sites)
    one = data.draw(choice)
    other = data.draw(st.one_of(choice, st.permutations(one).map(tuple)))
    joined = any(tuple(one[site] for site in p) == other for p in site_symmetries(scaffold))
    ligands = [assemble(scaffold, tuple(GROUPS[n] for n in filling)) for filling in (one, other)]
    assert (ligands[0] == ligands[1]) == joined


def test_beads_on_a_tripod_by_hand():
    # Multisets of three out of 25: 25·26·27/6.
    assert distinct_fillings(site_symmetries(SCAFFOLDS["TREN-HOPO"]), 25) == 2925
