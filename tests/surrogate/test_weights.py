"""Weights of a stack."""

import numpy as np
import pytest

from reexplore.surrogate.weights import stack_weights


def test_the_better_model_counts_more_and_errors_that_differ_share():
    random = np.random.default_rng(0)
    target = random.normal(size=400)
    said = target[:, None] + random.normal(size=(400, 2)) * (1.0, 2.0)
    # Errors that are independent are weighed by their inverse variance.
    assert stack_weights(said, target) == pytest.approx([0.8, 0.2], abs=0.05)


def test_a_useless_model_counts_nothing_and_none_counts_against():
    random = np.random.default_rng(1)
    target = random.normal(size=400)
    error = random.normal(size=400)
    said = np.stack([target + error, target + 3 * error], axis=1)
    assert stack_weights(said, target) == pytest.approx([1, 0], abs=0.02)


def test_models_that_say_the_same_share_alike_and_perfect_ones_are_no_trouble():
    target = np.linspace(0, 1, 12)
    assert stack_weights(np.stack([target + 0.1] * 3, axis=1), target) == pytest.approx([1 / 3] * 3, abs=1e-3)
    assert stack_weights(np.stack([target] * 2, axis=1), target).sum() == pytest.approx(1)
