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
    "bicapped square antiprism": 64.8,
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


@pytest.mark.parametrize("name", POLYHEDRA[10])
def test_ten_donors_lie_where_they_repel_each_other_least(name):
    def repulsion(points):
        points = points / np.linalg.norm(points, axis=1)[:, None]
        apart = np.linalg.norm(points[:, None] - points[None], axis=-1)[np.triu_indices(10, 1)]
        return (apart**-6.0).sum()

    found = vertices(name)
    # The least repulsion of ten points by the sixth power of their distances.
    assert repulsion(found) == pytest.approx(12.337, abs=0.03)
    random = np.random.default_rng(1)
    if name == "bicapped square antiprism":
        moved = [repulsion(found + 0.01 * random.standard_normal((10, 3))) for _ in range(20)]
        assert min(moved) > repulsion(found) - 1e-4
