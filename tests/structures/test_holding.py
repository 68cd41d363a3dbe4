"""What is drawn to the metal is what quality control finds there."""

import numpy as np
import pytest

from reexplore.structures.holding import held_by
from reexplore.structures.quality import check_complex
from reexplore.structures.structure import Layout
from tests.structures.sample import candidate, relaxed

NAME = "La_HOPO-H_1_6"


@pytest.mark.parametrize("distance", [2.5, 2.9, 3.05, 3.07, 4.0])
def test_a_donor_is_drawn_as_long_as_it_is_accepted(distance):
    structure, who = relaxed(NAME), candidate(NAME)
    layout = Layout.of(who)
    water = list(layout.water(0))
    positions = structure.positions_angstrom.copy()
    before = np.linalg.norm(positions[water[0]] - positions[0])
    positions[water] += (distance - before) * (positions[water[0]] - positions[0]) / before
    moved = structure.moved_to(positions)
    lost = {failure.evidence["atoms"][0] for failure in check_complex(moved, candidate=who).problems}
    assert set(held_by(moved, who)) == set(layout.donors) - lost
    assert (water[0] in lost) == (distance > 3.06)
