"""Ranks of a whole pool, as numbers: of a million candidates no more than the shown ones are made."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from reexplore.campaign.declaration.pool import Pool
from reexplore.chemistry.candidates import Group
from reexplore.properties.label import Label

Array = NDArray[np.float64]


def group_numbers(pool: Pool, labelled: Mapping[str, Label]) -> NDArray[np.intp]:
    """Return the number of the group of each candidate, in the order of the pool."""
    groups, group = pool.groups()
    numbers: dict[Group | str, int] = {each: number for number, each in enumerate(groups)}
    for key, label in labelled.items():
        if label.other_donors:
            # Ranked among those of its true coordination number.
            group[pool.rows([key])] = numbers.setdefault(label.group_name, len(numbers))
    return group


def ordered(group: NDArray[np.intp], energy: Array) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the candidates group by group, the lowest energy first, and the place of each within its group from 0.

    What has no energy comes last.
    """
    # The last key decides first; equals keep the order of the pool.
    order = np.lexsort((energy, group))
    return order, np.arange(len(order)) - np.searchsorted(group[order], group[order])


def ranks(group: NDArray[np.intp], energy: Array) -> NDArray[np.intp]:
    """Return the rank of each candidate within its group from 1, 0 where it has no energy, in the order of the pool."""
    order, place = ordered(group, energy)
    found = np.zeros(len(order), dtype=np.intp)
    found[order] = place + 1
    found[np.isnan(energy)] = 0
    return found
