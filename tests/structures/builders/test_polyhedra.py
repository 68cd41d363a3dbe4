import numpy as np
import pytest

from reexplore.structures.builders.polyhedra import POLYHEDRA, vertices

# Smallest angle between two donors, degrees, as printed for the polyhedra of equal single donors (Kepert 1982);
# a square antiprism and a dodecahedron differ by a degree, which is why both occur.
SMALLEST_ANGLE = {
    "octahedron": 90.0,
    "pentagonal bipyramid": 72.0,
    "hexagonal bipyramid": 60.0,
    "square antiprism": 73.0,
    "dodecahedron": 73.6,
    "tricapped trigonal prism": 69.3,
}


@pytest.mark.parametrize(("number", "name"), [(n, name) for n, names in POLYHEDRA.items() for name in names])
def test_vertices_are_distinct_unit_vectors_that_balance(number, name):
    found = vertices(name)
    assert found.shape == (number, 3)
    assert np.linalg.norm(found, axis=1) == pytest.approx(1.0)
    cosines = found @ found.T - 2 * np.eye(number)
    assert np.degrees(np.arccos(cosines.max())) >= 60.0 - 1e-6
    # Donors all around: no half-space is empty.
    assert np.linalg.matrix_rank(found) == 3
    assert np.linalg.norm(found.mean(axis=0)) < 0.25


@pytest.mark.parametrize(("name", "angle"), SMALLEST_ANGLE.items())
def test_smallest_angle_is_the_published_one(name, angle):
    cosines = vertices(name) @ vertices(name).T - 2 * np.eye(len(vertices(name)))
    assert np.degrees(np.arccos(cosines.max())) == pytest.approx(angle, abs=0.1)


def test_vertices_cannot_be_changed_by_who_uses_them():
    with pytest.raises(ValueError, match="read-only"):
        vertices("octahedron")[0, 0] = 2.0
