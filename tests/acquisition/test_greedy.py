"""The greedy batch is the one that looks at every row after every pick, and ends where nothing is gained."""

import numpy as np
import pytest

from reexplore.acquisition.greedy import exact_greedy
from tests.acquisition import test_botorch_model


@pytest.mark.parametrize("shift", [1.0, -1.0])
def test_it_is_the_batch_of_a_search_of_every_row(shift):
    random = np.random.default_rng(3)
    # Enough rows that most of them are looked at once only.
    features = random.normal(size=(3000, 4))
    worth = features @ random.normal(size=(4, 32)) + 0.5 * random.normal(size=(3000, 32)) + shift
    wanted = test_botorch_model.exact_greedy(worth, 20)
    assert exact_greedy(worth, range(3000), best=np.zeros(32), q=20) == wanted


def test_of_equals_the_first_is_taken_and_the_other_never():
    worth = np.array([[1.0, 0.0], [3.0, 0.0], [3.0, 0.0], [0.0, 1.0]])
    assert exact_greedy(worth, [2, 1, 0, 3], best=np.zeros(2), q=4) == [2, 3]


def test_what_is_known_before_counts():
    worth = np.array([[2.0, 0.0], [0.0, 1.0]])
    assert exact_greedy(worth, [0, 1], best=np.array([2.0, 0.0]), q=2) == [1]
    assert exact_greedy(worth, [0, 1], best=np.full(2, 9.0), q=2) == []
