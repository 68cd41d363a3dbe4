import numpy as np
import pytest

from reexplore.tracking.reasons import Chosen, uncertainty_share


@pytest.mark.parametrize(("gain", "sigma"), [(1.0, 5.0), (6.6, 18.0), (8.0, 2.0), (30.0, 3.0)])
def test_gain_and_uncertainty_are_the_whole_expected_improvement(gain, sigma):
    better = np.maximum(np.random.default_rng(1).normal(gain, sigma, 400_000), 0.0).mean()
    by_uncertainty = sigma * np.exp(-((gain / sigma) ** 2) / 2) / np.sqrt(2 * np.pi)
    assert uncertainty_share(gain, sigma) == pytest.approx(by_uncertainty / better, abs=0.01)


def test_without_an_expected_gain_all_is_the_error_bar():
    assert uncertainty_share(-3.0, 5.0) == uncertainty_share(0.0, 5.0) == 1.0
    assert uncertainty_share(50.0, 1.0) < 1e-9


def test_what_was_chosen_without_a_model_has_no_shares():
    assert Chosen(1, 4, "", "").uncertainty_share is None
    # Against -90.6, -97.2 ± 18: z = 0.367, Φ = 0.643, φ = 0.373; 4.25 by the gain, 6.71 by the error bar.
    told = Chosen(1, 4, "balanced", "qLogExpectedImprovement", -97.2, 18.0, -90.6)
    assert told.uncertainty_share == pytest.approx(6.71 / (4.25 + 6.71), abs=0.002)
