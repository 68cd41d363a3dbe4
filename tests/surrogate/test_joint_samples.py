"""Virtual members have the mean, variance and correlations they are said to have."""

import numpy as np
import pytest

from reexplore.surrogate.calibration import SHARED_BY_LIGAND, Calibration
from reexplore.surrogate.forecast import Forecast
from reexplore.surrogate.joint_samples import joint_samples

CALIBRATION = Calibration(n=0, floor_kcal_mol=3.0, declared_floor_kcal_mol=3.0, source="declared")
CERTAIN = Calibration(n=50, floor_kcal_mol=0.0, declared_floor_kcal_mol=3.0, source="50 out-of-fold residuals")


def forecast(n=6, members=4):
    table = np.random.default_rng(2).normal(-50, 5, size=(n, members))
    return Forecast(tuple(f"c{i}" for i in range(n)), table)


def test_mean_and_variance_are_exact_for_any_number_of_samples():
    table = forecast()
    for samples in (16, 256):
        drawn = joint_samples(table, CALIBRATION, ligands=list("aabbcc"), samples=samples, seed=0)
        assert drawn.shape == (6, samples)
        assert np.allclose(drawn.mean(axis=1), table.of_members.mean(axis=1))
        assert np.allclose(drawn.var(axis=1), table.of_members.var(axis=1, ddof=1) + 9)


def test_the_covariance_is_the_members_plus_the_shared_floor():
    table = forecast()
    drawn = joint_samples(table, CALIBRATION, ligands=list("aabbcc"), samples=100_000, seed=0)
    same = np.kron(np.eye(3), np.ones((2, 2)))
    floor = 9 * (SHARED_BY_LIGAND * same + (1 - SHARED_BY_LIGAND) * np.eye(6))
    expected = np.cov(table.of_members) + floor
    assert np.allclose(np.cov(drawn), expected, atol=0.02 * expected.max())


def test_draws_do_not_depend_on_the_order_of_the_table():
    table, ligands = forecast(), list("aabbcc")
    order = [3, 5, 0, 2, 1, 4]
    moved = Forecast(tuple(table.keys[i] for i in order), table.of_members[order])
    first = joint_samples(table, CALIBRATION, ligands=ligands, samples=32, seed=1)
    second = joint_samples(moved, CALIBRATION, ligands=[ligands[i] for i in order], samples=32, seed=1)
    assert np.allclose(first[order], second)
    assert not np.allclose(first, joint_samples(table, CALIBRATION, ligands=ligands, samples=32, seed=2))


def test_without_any_uncertainty_every_sample_is_the_mean():
    table = Forecast(("a", "b"), np.array([[1.0, 1.0], [2.0, 4.0]]))
    drawn = joint_samples(table, CERTAIN, ligands=["x", "y"], samples=16, seed=0)
    assert (drawn[0] == 1).all()
    assert drawn[1].std() == pytest.approx(np.sqrt(2))


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="do not fit"):
        joint_samples(forecast(), CALIBRATION, ligands=["a"], samples=16, seed=0)
