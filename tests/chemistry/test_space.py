"""The space is counted without being built, and its order does not depend on the lists."""

import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reexplore.chemistry.library import SCAFFOLDS, SUBSTITUENTS, Scaffold, Substituent
from reexplore.chemistry.metals import METALS
from reexplore.chemistry.space import Coordination, Space
from reexplore.errors import InputError

MONO = Coordination(1, 8)


def space(scaffolds=("HOPO", "CAM"), substituents=("H", "methyl", "cyano"), metals=("La", "Eu"), coordinations=(MONO,)):
    return Space(
        tuple(SCAFFOLDS[s] for s in scaffolds),
        tuple(SUBSTITUENTS[s] for s in substituents),
        tuple(METALS[m] for m in metals),
        tuple(coordinations),
    )


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.sampled_from(list(SCAFFOLDS)), min_size=1, max_size=3, unique=True),
    st.lists(st.sampled_from(list(SUBSTITUENTS)), min_size=1, max_size=4, unique=True),
    st.lists(st.sampled_from(["Y", "La", "Gd", "Lu"]), min_size=1, unique=True),
    st.randoms(),
)
def test_the_candidates_do_not_depend_on_the_order_of_the_lists(scaffolds, substituents, metals, random):
    def shuffled(names):
        return random.sample(names, len(names))

    one = space(scaffolds, substituents, metals)
    other = space(shuffled(scaffolds), shuffled(substituents), shuffled(metals))
    keys = [c.key for c in one.candidates()]
    assert len(set(keys)) == len(keys) == one.size
    assert set(keys) == {c.key for c in other.candidates()}


def test_counting_a_hundred_million_candidates_takes_no_memory():
    big = Scaffold("big", "[*:4]c1c([*:1])c([*:2])c([*:3])c([O-:11])c1[O-:12]", -2, "", "", sites=4)
    groups = tuple(Substituent(f"s{n}", "C[*:1]", "") for n in range(100))
    tracemalloc.start()
    huge = Space((big,), groups, (METALS["La"],), (MONO,))
    assert huge.size == 100**4
    first = next(huge.candidates())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert first.charge == 1
    assert peak < 5e6


def test_equal_ligands_are_yielded_once():
    scaffold = SCAFFOLDS["CAM"]
    twin = Scaffold("twin", scaffold.smiles, scaffold.charge, "", "")
    doubled = Space((scaffold, twin), (SUBSTITUENTS["H"],), (METALS["La"],), (MONO,))
    assert doubled.size == 2
    assert len(list(doubled.candidates())) == 1


@pytest.mark.parametrize(("ligands", "waters", "charge"), [(1, 6, 2), (2, 4, 1), (3, 2, 0), (4, 0, -1)])
def test_waters_and_charges_of_the_published_hopo_complexes(ligands, waters, charge):
    candidate = next(space(("HOPO",), ("hydroxyl",), ("Y",), (Coordination(ligands, 8),)).candidates())
    assert (candidate.waters, candidate.charge) == (waters, charge)


def test_too_many_ligands_for_the_coordination_number_are_refused():
    with pytest.raises(InputError, match=r"has 2 donors: 5 of them do not fit the coordination number 8"):
        space(coordinations=(Coordination(5, 8),))


def test_scandium_in_eight_coordination_is_refused():
    with pytest.raises(InputError, match="Sc is held in coordination number 6, not 8"):
        space(metals=("Sc",))
