"""Contacts against quality control, scipy, and the formula."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from reexplore.chemistry.metals import METALS
from reexplore.structures.quality import check_complex
from reexplore.structures.screening.contacts import kinds_of, repulsion_kcal_mol, squared_distances, too_near
from reexplore.structures.structure import Layout
from tests.structures.sample import candidate, relaxed

LA = METALS["La"]


def pair(first, second, distance):
    """Return kinds of two atoms and their squared distance as poses of one atom."""
    kinds = [kinds_of([symbol], [owner]) for symbol, owner in (first, second)]
    return np.full((1, 1, 1, 1), distance**2, dtype=np.float32), *kinds


def test_distances_are_scipys():
    random = np.random.default_rng(0)
    a, b = random.normal(size=(2, 5, 3)) * 5, random.normal(size=(3, 4, 3)) * 5
    found = squared_distances(a.astype(np.float32), b.astype(np.float32))
    assert found.shape == (2, 3, 5, 4)
    for p in range(2):
        for q in range(3):
            np.testing.assert_allclose(found[p, q], cdist(a[p], b[q], "sqeuclidean"), atol=1e-4)


def test_repulsion_begins_at_the_van_der_waals_distance_and_is_one_well_deep_where_lennard_jones_is_zero():
    # Bondi: two carbons 3.40 Å.
    assert repulsion_kcal_mol(*pair(("C", ""), ("C", ""), 3.41)) == 0.0
    assert repulsion_kcal_mol(*pair(("C", ""), ("C", ""), 3.39)) > 0.0
    assert repulsion_kcal_mol(*pair(("C", ""), ("C", ""), 3.40 / 2 ** (1 / 6))) == pytest.approx(0.1, rel=1e-4)


def test_a_hydrogen_bond_is_no_contact():
    assert repulsion_kcal_mol(*pair(("H", "O"), ("O", ""), 1.95)) == 0.0
    assert repulsion_kcal_mol(*pair(("H", "C"), ("O", ""), 1.95)) > 0.5


@pytest.mark.parametrize(
    ("first", "second", "limit_angstrom"),
    [
        (("O", ""), ("O", ""), 0.6 * 3.04),
        (("H", "C"), ("H", "O"), 0.6 * 2.40),
        # A hydrogen and a heavy atom clash when they look bonded, and so do sulfur and chlorine.
        (("H", "O"), ("O", ""), 1.25 * (0.31 + 0.66)),
        (("S", ""), ("Cl", ""), 1.25 * (1.05 + 1.02)),
        (("La", ""), ("C", ""), 1.16 + 0.6),
    ],
)
def test_limits_are_those_of_quality_control(first, second, limit_angstrom):
    for distance, expected in ((limit_angstrom - 0.01, True), (limit_angstrom + 0.01, False)):
        assert too_near(*pair(first, second, distance), metal=LA)[0, 0, 0, 0] == expected


def test_two_waters_pushed_together_are_judged_as_quality_control_judges_them():
    name = "La_HOPO-H_1_6"
    structure = relaxed(name)
    layout = Layout.of(candidate(name))
    first, second = list(layout.water(0)), list(layout.water(1))
    kinds = kinds_of(["O", "H", "H"], ["", "O", "O"])
    towards = structure.positions_angstrom[first[0]] - structure.positions_angstrom[second[0]]
    verdicts = []
    for share in np.linspace(0.0, 0.9, 19):
        positions = structure.positions_angstrom.copy()
        positions[second] += share * towards
        problems = check_complex(structure.moved_to(positions), candidate=candidate(name)).problems
        theirs = any({*p.evidence["atoms"]} & {*first} and {*p.evidence["atoms"]} & {*second} for p in problems)
        squares = squared_distances(
            positions[None, first].astype(np.float32), positions[None, second].astype(np.float32)
        )
        verdicts.append((bool(too_near(squares, kinds, kinds, metal=LA).any()), theirs))
    assert {ours == theirs for ours, theirs in verdicts} == {True}
    assert {ours for ours, _ in verdicts} == {True, False}
