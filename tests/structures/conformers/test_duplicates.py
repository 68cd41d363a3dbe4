import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from reexplore.structures.conformers.duplicates import Comparison, distinct
from reexplore.structures.structure import Layout
from tests.structures.sample import candidate, relaxed

WHO = candidate("La_HOPO-H_1_6")
GOOD = relaxed("La_HOPO-H_1_6")
LAYOUT = Layout.of(WHO)


@settings(max_examples=20, deadline=None)
@given(
    st.integers(0, 10_000),
    st.permutations(range(6)),
    st.booleans(),
)
def test_turned_mirrored_and_relabelled_structures_are_the_same(seed, order, mirrored):
    positions = GOOD.positions_angstrom @ Rotation.random(rng=seed).as_matrix().T
    if mirrored:
        positions = positions * np.array([1.0, 1.0, -1.0])
    moved = positions.copy()
    for k, other in enumerate(order):
        moved[list(LAYOUT.water(k))] = positions[list(LAYOUT.water(other))]
    # Rounding alone leaves some 1e-5.
    assert Comparison(WHO).rmsd_angstrom(GOOD, GOOD.moved_to(moved)) < 1e-4


def test_ligands_may_change_places():
    who, good = candidate("La_HOPO-H_4_0"), relaxed("La_HOPO-H_4_0")
    layout = Layout.of(who)
    positions = good.positions_angstrom.copy()
    positions[list(layout.ligand(0))], positions[list(layout.ligand(2))] = (
        good.positions_angstrom[list(layout.ligand(2))],
        good.positions_angstrom[list(layout.ligand(0))],
    )
    assert Comparison(who).rmsd_angstrom(good, good.moved_to(positions)) < 1e-4


def test_a_displaced_water_counts_with_its_share():
    positions = GOOD.positions_angstrom.copy()
    positions[list(LAYOUT.water(0))] += np.array([0.0, 0.0, 0.5])
    found = Comparison(WHO).rmsd_angstrom(GOOD, GOOD.moved_to(positions))
    # One of 20 compared atoms moved by 0.5 Å: at most 0.5/sqrt(20), less what alignment takes up.
    assert 0.05 < found <= 0.5 / np.sqrt(19)


def test_distinct_structures_are_kept_lowest_first():
    positions = GOOD.positions_angstrom.copy()
    positions[list(LAYOUT.water(0))] += 1.5
    other = GOOD.moved_to(positions)
    mirrored = GOOD.moved_to(GOOD.positions_angstrom * np.array([-1.0, 1.0, 1.0]))
    assert distinct([GOOD, other, mirrored], [-1.0, -1.00001, -1.0002], WHO) == [2, 1]
    # The same place with another energy is another minimum: its waters are turned otherwise.
    assert distinct([GOOD, mirrored], [-1.0, -1.01], WHO) == [1, 0]
