import numpy as np
import pytest

from reexplore.energies.quasi_newton import descent_direction


def test_a_quadratic_is_minimised_with_its_own_curvature_in_one_step():
    curvature = np.array([1.0, 4.0, 9.0])
    at = np.array([0.1, -0.05, 0.02])
    step = descent_direction(curvature * at, curvature, [], longest=1.0)
    assert at + step == pytest.approx(np.zeros(3))


def test_steps_learn_a_curvature_that_the_estimate_lacks():
    hessian = np.array([[2.0, 1.9, 0.0], [1.9, 2.0, 0.5], [0.0, 0.5, 1.0]])
    at, history = np.array([0.3, -0.2, 0.1]), []
    for _ in range(30):
        step = descent_direction(hessian @ at, np.ones(3), history, longest=0.5)
        history.append((step, hessian @ step))
        at = at + step
    assert at == pytest.approx(np.zeros(3), abs=1e-8)


def test_no_component_is_longer_than_allowed():
    assert np.abs(descent_direction(np.array([5.0, 1.0]), np.ones(2), [], longest=0.3)).max() == pytest.approx(0.3)
