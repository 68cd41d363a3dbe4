"""Every shipped policy keeps what policies have to keep, and does what its file says."""

from pathlib import Path

import numpy as np
import pytest

from reexplore.acquisition.policy import load_policy
from reexplore.surrogate.samples import factors
from tests.acquisition.suite import KEYS, SAMPLES, UTILITY, PolicySuite

SHIPPED = sorted((Path(__file__).parents[2] / "policies").glob("*.yaml"))


@pytest.mark.parametrize("file", SHIPPED, ids=lambda path: path.stem, scope="class")
class TestShipped(PolicySuite):
    @pytest.fixture(autouse=True)
    def _policy(self, file):
        self.policy = load_policy(file)


class Of(PolicySuite):
    def __init__(self, name):
        self.policy = load_policy(Path(__file__).parents[2] / "policies" / f"{name}.yaml")


Of.__test__ = False


def test_seven_policies_are_shipped():
    names = ["balanced", "diverse", "explore", "greedy", "random", "thompson", "ucb"]
    assert [path.stem for path in SHIPPED] == names
    assert len({load_policy(path).acquisition for path in SHIPPED}) == len(names)


def test_random_is_a_fair_draw_and_every_pick_a_control():
    counts = np.zeros(len(KEYS))
    for seed in range(600):
        picks = Of("random").select(seed=seed)
        assert {pick.role for pick in picks} == {"control"}
        counts[Of("random").rows(picks)] += 1
    # χ², 59 degrees of freedom, p = 0.001; draws without replacement scatter less.
    assert ((counts - 60) ** 2 / 60).sum() < 98.3


def test_thompson_takes_the_best_of_each_world():
    best = set(UTILITY.argmax(axis=0))
    picks = [pick for pick in Of("thompson").select(q=2, seed=1) if pick.role == "acquisition"]
    assert set(Of("thompson").rows(picks)) <= best
    # Over many draws a candidate is bought as often as it is the best.
    draws = [Of("thompson").rows(Of("thompson").select(q=1, seed=seed))[0] for seed in range(300)]
    expected = np.bincount(UTILITY.argmax(axis=0), minlength=len(KEYS)) / UTILITY.shape[1]
    found = np.bincount(draws, minlength=len(KEYS)) / 300
    assert np.abs(found - expected).max() < 0.1


def test_diverse_takes_the_most_promising_and_then_what_differs():
    def closest(picks):
        names = [set(factors(SAMPLES[row])) for row in Of("diverse").rows(picks)]
        return min(len(a - b) for i, a in enumerate(names) for b in names[:i])

    picks = [pick for pick in Of("diverse").select(q=5) if pick.role == "acquisition"]
    promising = np.maximum(UTILITY, 0).mean(axis=1)
    drawn = [pick for pick in Of("diverse").select(q=5) if pick.role == "control"]
    free = [row for row in np.argsort(-promising) if KEYS[row] not in {pick.key for pick in drawn}]
    assert Of("diverse").rows(picks)[0] == free[0]
    assert set(Of("diverse").rows(picks)) <= set(free[:16])
    assert closest(picks) >= closest([pick for pick in Of("greedy").select(q=5) if pick.role == "acquisition"])
