"""Fronts of several goals, against hypervolumes that are added up sample by sample."""

import numpy as np
import pytest
import torch
from botorch.acquisition.multi_objective import logei
from botorch.utils.multi_objective.hypervolume import Hypervolume

from reexplore.acquisition.hypervolume import acquire_front

RANDOM = np.random.default_rng(7)
ROWS, SAMPLES = 24, 64
GAIN = RANDOM.normal(0, 2, (ROWS, 1, 2)) + RANDOM.normal(0, 1, (ROWS, SAMPLES, 2))
LABELLED = (0, 1, 2)
GAIN[list(LABELLED)] = GAIN[list(LABELLED)][:, :1]
ONE = ["one"] * ROWS


def added(rows, pick, point):
    """Return the mean hypervolume that `pick` adds to `rows`, by BoTorch's exact count of boxes."""
    volume = Hypervolume(torch.tensor(point))

    def of(chosen, sample):
        return volume.compute(torch.tensor(GAIN[list(chosen), sample]))

    return np.mean([of((*rows, pick), s) - of(rows, s) for s in range(SAMPLES)])


def point(rows, group):
    return GAIN[list(rows)].mean(axis=1).min(axis=0) - GAIN[group].std(axis=(0, 1))


def test_each_pick_adds_most_to_the_front_there_is():
    choices = [row for row in range(ROWS) if row not in LABELLED]
    picks = acquire_front(GAIN, choices, groups=ONE, labelled=LABELLED, waiting=(), q=3)
    front, at = list(LABELLED), point(LABELLED, list(range(ROWS)))
    for row, log_volume in picks:
        exact = {choice: added(front, choice, at) for choice in choices}
        # The logarithm is of a smoothed volume.
        assert exact[row] > 0.97 * max(exact.values())
        assert np.exp(log_volume) == pytest.approx(exact[row], rel=0.05)
        front.append(row)
        choices.remove(row)


def test_nothing_is_compiled_for_this_processor_alone():
    acquire_front(GAIN, [5], groups=ONE, labelled=LABELLED, waiting=(), q=1)
    assert logei._load_attempted
    assert logei._C is None


def test_what_is_being_labelled_counts_as_part_of_the_front():
    choices = [row for row in range(ROWS) if row not in LABELLED]
    (first, _), (second, _) = acquire_front(GAIN, choices, groups=ONE, labelled=LABELLED, waiting=(), q=2)
    choices.remove(first)
    ((again, _),) = acquire_front(GAIN, choices, groups=ONE, labelled=LABELLED, waiting=[first], q=1)
    assert again == second


def test_every_group_has_a_front_of_its_own():
    gain = np.concatenate([GAIN, GAIN])
    groups = [*ONE, *["other"] * ROWS]
    labelled = [*LABELLED, *(ROWS + row for row in LABELLED)]
    choices = [row for row in range(2 * ROWS) if row not in labelled]
    picks = [row for row, _ in acquire_front(gain, choices, groups=groups, labelled=labelled, waiting=(), q=4)]
    assert {picks[0], picks[1]} == {picks[0] % ROWS, picks[0] % ROWS + ROWS}
    assert {picks[2], picks[3]} == {picks[2] % ROWS, picks[2] % ROWS + ROWS}


def test_without_labels_a_group_improves_on_its_reference_and_ends_when_it_is_empty():
    picks = acquire_front(GAIN, [5, 6, 7], groups=ONE, labelled=(), waiting=(), q=9)
    assert {row for row, _ in picks} == {5, 6, 7}
    best = max((5, 6, 7), key=lambda row: np.maximum(GAIN[row], 0).prod(axis=1).mean())
    assert np.isfinite([value for _, value in picks]).all()
    assert best in {row for row, _ in picks[:2]}
