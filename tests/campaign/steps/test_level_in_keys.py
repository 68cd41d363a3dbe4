from __future__ import annotations

import numpy as np
import pytest

from reexplore.campaign.steps.tasks import single_point_task
from reexplore.energies.levels import QUICK
from reexplore.structures.structure import Structure


@pytest.mark.parametrize(("symbol", "same"), [("Pr", True), ("La", True), ("Nd", False)])
def test_a_corrected_potential_is_in_the_keys_of_its_metal_only(symbol, same):
    structure = Structure((symbol,), np.zeros((1, 3)), 3)
    keys = {single_point_task(structure, level, title="ion").key for level in (QUICK, QUICK.as_distributed())}
    assert (len(keys) == 1) == same
