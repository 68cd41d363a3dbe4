import numpy as np
import pytest

from reexplore.energies.kramers.axis import axis_of, donors_of, tilt_degrees
from reexplore.structures.structure import Structure
from tests.energies.kramers.examples import LINEAR, turned


def bipyramid(bend: float) -> Structure:
    """DyO7 with one axial oxygen bent out of the axis by an angle in degrees; a far oxygen is no donor."""
    ring = [[2.4 * np.cos(a), 2.4 * np.sin(a), 0.0] for a in 2 * np.pi * np.arange(5) / 5]
    bent = [2.1 * np.sin(np.radians(bend)), 0.0, -2.1 * np.cos(np.radians(bend))]
    positions = [[0.0, 0.0, 0.0], *ring, [0.0, 0.0, 2.1], bent, [0.0, 0.0, 4.5]]
    return Structure(("Dy", *8 * ("O",)), np.array(positions), -13)


@pytest.mark.parametrize("bend", [0.0, 20.0])
def test_the_axis_is_that_of_the_axial_donors(bend):
    structure = turned(bipyramid(bend))
    axis = axis_of(structure, 0)
    assert set(axis.donors) == {6, 7}
    assert axis.angle_degrees == pytest.approx(180.0 - bend, abs=1e-5)
    assert set(donors_of(structure, 0)) == set(range(1, 8))


def test_one_donor_makes_no_axis():
    assert axis_of(Structure(("Dy", "O"), np.array([[0.0, 0, 0], [0, 0, 2.0]]), 1), 0) is None


def test_a_tilt_has_no_sign():
    direction = axis_of(LINEAR, 0).direction
    assert tilt_degrees(direction, (0.0, 0.0, -1.0)) == pytest.approx(0.0, abs=1e-6)
    assert tilt_degrees((1.0, 0.0, 0.0), direction) == pytest.approx(90.0)
