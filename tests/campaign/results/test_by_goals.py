"""Ranks, fronts and what is shown of them."""

import numpy as np
import pytest

from reexplore.campaign.results.by_goals import _UNRANKED, _ranks, not_surpassed


def test_the_front_is_what_no_other_row_is_below_everywhere():
    values = np.array([[0.0, 3.0], [1.0, 1.0], [2.0, 2.0], [3.0, 0.0], [1.0, 1.0], [3.0, 3.0]])
    # Two rows that are equal do not surpass each other.
    assert not_surpassed(values) == [0, 1, 3, 4]


@pytest.mark.parametrize("goals", [2, 3])
def test_the_front_is_that_of_every_pair_compared(goals):
    values = np.random.default_rng(goals).normal(size=(200, goals)).round(1)
    surpassed = [any((other <= row).all() and (other < row).any() for other in values) for row in values]
    assert not_surpassed(values) == [number for number, gone in enumerate(surpassed) if not gone]


def test_one_goal_ranks_in_order_and_what_is_unknown_comes_last():
    ranks = _ranks(np.array([[3.0], [np.nan], [1.0], [2.0]]))
    assert ranks.tolist() == [3, _UNRANKED, 1, 2]


def test_several_goals_rank_by_layers():
    ranks = _ranks(np.array([[0.0, 0.0], [1.0, 1.0], [0.0, 2.0], [2.0, np.nan], [3.0, 3.0]]))
    assert ranks.tolist() == [1, 2, 2, _UNRANKED, 3]
