"""From a ridge downhill: known saddle points end in the minimum beside them."""

from __future__ import annotations

import numpy as np
import pytest

from reexplore.structures.structure import Structure
from reexplore.structures.xtb.minimum import settled_minimum
from reexplore.structures.xtb.relax import relax, single_point_energy
from reexplore.structures.xtb.surfaces import SURFACES
from tests.structures.sample import relaxed

GFN2 = SURFACES["gfn2"]

#: Ammonia as flat as it is when it turns inside out.
FLAT = Structure(
    ("N", "H", "H", "H"), np.array([[0, 0, 0], [1.0, 0, 0], [-0.5, 0.8660254, 0], [-0.5, -0.8660254, 0]]), 0
)


def test_flat_ammonia_becomes_a_pyramid():
    ridge = relax(FLAT, surface=GFN2)
    found = settled_minimum(ridge.structure, surface=GFN2)
    assert found.ridges == 1
    assert found.vibrations.is_minimum
    # The barrier of inversion is 5.8 kcal/mol by experiment; GFN2-xTB's own is of that size.
    assert 2.0 < (ridge.energy_hartree - single_point_energy(found.structure, surface=GFN2)) * 627.5 < 10.0


def test_a_minimum_stays_where_it_is():
    settled = settled_minimum(relax(FLAT, surface=GFN2).structure, surface=GFN2).structure
    again = settled_minimum(settled, surface=GFN2)
    assert again.ridges == 0
    assert np.array_equal(again.structure.positions_angstrom, settled.positions_angstrom)


@pytest.mark.engine
def test_a_complex_that_stopped_on_a_saddle_goes_on():
    # The xtb program at its level `tight` left this complex there.
    stored = relaxed("La_CAM-H_1_6")
    found = settled_minimum(stored, surface=GFN2)
    assert found.ridges >= 1
    assert found.vibrations.is_minimum
    assert single_point_energy(found.structure, surface=GFN2) < single_point_energy(stored, surface=GFN2)
