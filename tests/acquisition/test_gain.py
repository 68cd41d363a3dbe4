"""Gains compare like with like."""

import numpy as np
import pytest

from reexplore.acquisition.gain import expected_improvement, gains


def test_in_a_group_with_labels_the_lowest_label_is_the_incumbent():
    energies = np.array([[-10.0, -12.0], [-11.0, -15.0], [-90.0, -80.0]])
    gain = gains(energies, groups=["a", "a", "b"], observed={0: -11.0, 2: -50.0})
    assert gain.tolist() == [[0, 0], [0, 4], [0, 0]]


def test_of_two_labels_the_stronger_binder_counts():
    gain = gains(np.full((3, 2), -20.0), groups=["a"] * 3, observed={0: -30.0, 1: -25.0})
    assert gain[:, 0].tolist() == [0, -5, -10]


def test_in_a_group_without_labels_a_common_error_cancels():
    random = np.random.default_rng(0)
    energies = random.normal(size=(4, 50))
    common = random.normal(scale=100, size=50)
    gain = gains(energies, groups=["a"] * 4, observed={})
    assert np.allclose(gain, gains(energies + common, groups=["a"] * 4, observed={}))
    assert np.allclose(gain.mean(axis=0), 0)


def test_another_groups_energies_do_not_matter():
    energies = np.random.default_rng(1).normal(size=(4, 10))
    before = gains(energies, groups=list("aabb"), observed={0: -1.0})
    energies[2:] -= 1000
    after = gains(energies, groups=list("aabb"), observed={0: -1.0})
    assert np.array_equal(before[:2], after[:2])


def test_a_candidate_alone_in_its_group_has_nothing_to_gain():
    assert (gains(np.ones((1, 3)), groups=["a"], observed={}) == 0).all()


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="do not fit"):
        gains(np.ones((2, 3)), groups=["a"], observed={})


def test_what_a_candidate_is_expected_to_improve_by_is_the_mean_of_what_is_above_zero():
    random = np.random.default_rng(3)
    mean, sigma = np.array([[-2.0], [0.0], [1.5]]), np.array([[1.0], [2.0], [0.5]])
    samples = mean + sigma * random.standard_normal((3, 200_000))
    assert expected_improvement(samples) == pytest.approx(np.maximum(samples, 0).mean(axis=1), abs=5e-3)


def test_a_certain_gain_is_expected_whole_and_a_certain_loss_not_at_all():
    assert expected_improvement(np.array([[2.0, 2.0], [-1.0, -1.0]])).tolist() == [2.0, 0.0]
