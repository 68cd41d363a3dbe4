"""Error bars that are right on data whose errors we know."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest

from reexplore.surrogate.calibration import (
    SHARED_BY_LIGAND,
    TRUSTED_FROM,
    Calibration,
    calibrate,
    calibrate_intervals,
    evaluate,
    shared_by_ligand,
)


def test_the_floor_recovers_the_error_the_spread_does_not_show():
    random = np.random.default_rng(0)
    spread = random.uniform(1, 3, 4000)
    residuals = random.normal(size=4000) * np.sqrt(spread**2 + 4**2)
    calibration = calibrate(residuals, spread, declared_floor_kcal_mol=10)
    assert calibration.floor_kcal_mol == pytest.approx(4, rel=0.05)
    assert calibration.n == 4000
    found = evaluate(residuals, calibration.sigma(spread), np.zeros(4000))
    assert (found.coverage_68, found.coverage_90, found.coverage_95) == pytest.approx((0.68, 0.90, 0.95), abs=0.02)


def test_few_residuals_never_undercut_the_declared_floor():
    calibration = calibrate([0.1, -0.1, 0.2], [0.0, 0.0, 0.0], declared_floor_kcal_mol=5)
    assert (calibration.floor_kcal_mol, calibration.n) == (5, 3)
    assert calibration.source.startswith("declared")
    raised = calibrate([9.0, -9.0], [0.0, 0.0], declared_floor_kcal_mol=5)
    assert raised.floor_kcal_mol == pytest.approx(9)
    assert raised.source == "2 out-of-fold residuals"


def test_enough_residuals_may_undercut_it():
    residuals = [1.0, -1.0] * (TRUSTED_FROM // 2)
    assert calibrate(residuals, np.zeros(TRUSTED_FROM), declared_floor_kcal_mol=5).floor_kcal_mol == pytest.approx(1)
    assert calibrate(residuals[1:], np.zeros(TRUSTED_FROM - 1), declared_floor_kcal_mol=5).floor_kcal_mol == 5


def test_a_spread_that_is_too_wide_gives_no_imaginary_floor():
    calibration = calibrate(np.ones(30), np.full(30, 3.0), declared_floor_kcal_mol=5)
    assert calibration.floor_kcal_mol == 0


def test_without_residuals_the_declared_floor_is_said_to_be_declared():
    calibration = calibrate([], [], declared_floor_kcal_mol=5)
    assert (calibration.n, calibration.floor_kcal_mol) == (0, 5)
    assert "declared" in calibration.source
    assert Calibration(**json.loads(json.dumps(calibration.to_dict()))) == calibration


def test_the_numbers_of_a_small_table_worked_by_hand():
    # errors 1, 2, 3 with σ = 2: inside 68 % (0.994 σ) is 1, inside 90 % (1.645 σ) and 95 % (1.960 σ) all three
    found = evaluate([1.0, 2.0, 3.0], [2.0, 2.0, 2.0], [0.0, 0.0, 0.0])
    assert found.mae_kcal_mol == pytest.approx(2)
    assert found.rmse_kcal_mol == pytest.approx(math.sqrt(14 / 3))
    assert found.coverage_68 == pytest.approx(1 / 3)
    assert found.coverage_90 == found.coverage_95 == 1
    assert found.nll == pytest.approx(0.5 * math.log(2 * math.pi * 4) + 0.5 * (1 + 4 + 9) / 4 / 3)
    assert found.spearman is None


def test_the_likelihood_is_scipys():
    from scipy.stats import norm

    predicted, sigma, observed = np.random.default_rng(3).uniform(1, 4, size=(3, 50))
    assert evaluate(predicted, sigma, observed).nll == pytest.approx(-norm.logpdf(observed, predicted, sigma).mean())


def test_ranks_follow_order_and_not_size():
    observed = np.arange(10.0)
    found = evaluate(observed**3, 1 + observed, np.zeros(10) - 1)
    assert found.spearman is None
    assert found.spearman_error == pytest.approx(1)
    assert evaluate(-np.exp(observed), np.ones(10), observed).spearman == pytest.approx(-1)


@pytest.mark.parametrize("n", [0, 1])
def test_what_is_undefined_is_none_and_never_nan(n):
    found = evaluate(np.zeros(n), np.zeros(n), np.ones(n))
    assert found.nll is None
    json.dumps(found.to_dict(), allow_nan=False)


def _of_pairs(share, pairs=400, floor=5.0, seed=2):
    """Return residuals of two complexes of each of many ligands, and members that disagree by themselves."""
    random = np.random.default_rng(seed)
    common = np.repeat(random.standard_normal(pairs), 2)
    own = random.standard_normal(2 * pairs)
    members = np.repeat(random.normal(0, 2, (pairs, 4)), 2, axis=0)
    of_ligand = np.repeat(random.standard_normal((pairs, 4)), 2, axis=0)
    of_members = ((members - members.mean(axis=1, keepdims=True)) * of_ligand).sum(axis=1) / np.sqrt(3)
    residuals = floor * (np.sqrt(share) * common + np.sqrt(1 - share) * own) + of_members
    return residuals, members, [number // 2 for number in range(2 * pairs)]


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9])
def test_what_the_complexes_of_a_ligand_share_is_measured(share):
    residuals, members, ligands = _of_pairs(share)
    found = shared_by_ligand(residuals, members, ligands=ligands, floor_kcal_mol=5.0)
    assert found == pytest.approx(share, abs=0.1)


def test_few_pairs_leave_what_is_assumed_and_none_does_not_change_it():
    residuals, members, ligands = _of_pairs(0.9, pairs=1)
    assert abs(shared_by_ligand(residuals, members, ligands=ligands, floor_kcal_mol=5.0) - SHARED_BY_LIGAND) <= 0.1
    assert shared_by_ligand(residuals, members, ligands=["a", "b"], floor_kcal_mol=5.0) == SHARED_BY_LIGAND
    assert shared_by_ligand(residuals, members, ligands=ligands, floor_kcal_mol=0.0) == SHARED_BY_LIGAND


def test_what_is_assumed_stands_in_no_key():
    plain = Calibration(3, 5.0, 5.0, "declared")
    assert "shared_by_ligand" not in plain.to_dict()
    assert Calibration(**plain.to_dict()) == plain
    measured = replace(plain, shared_by_ligand=0.8)
    assert Calibration(**measured.to_dict()) == measured


@pytest.mark.parametrize("n", [5, 12, 60, 200])
def test_nine_in_ten_lie_in_their_interval_whatever_the_number_of_residuals(n):
    random = np.random.default_rng(n)
    held = []
    for _ in range(100):
        # Errors with heavy tails, and a spread that knows half of their size and is four times too small.
        size = random.lognormal(0, 0.5, n + 50)
        errors = size * random.standard_t(4, n + 50)
        spread = size * random.lognormal(0, 0.3, n + 50) / 4
        fitted = calibrate_intervals(errors[:n], spread[:n], declared_floor_kcal_mol=5)
        held.append(np.mean(np.abs(errors[n:]) <= 1.645 * fitted.sigma(spread[n:])))
    assert 0.87 <= np.mean(held) <= 0.96


def test_a_spread_that_knows_the_errors_is_used():
    random = np.random.default_rng(1)
    spread = random.uniform(0.2, 4, 400)
    fitted = calibrate_intervals(3 * spread * random.normal(size=400), spread, declared_floor_kcal_mol=5)
    assert fitted.sigma(np.array([1.0, 2.0])) == pytest.approx([3, 6], rel=0.15)
    blind = calibrate_intervals(random.normal(size=400), spread, declared_floor_kcal_mol=5)
    assert blind.sigma(np.array([0.2, 4.0])) == pytest.approx([1, 1], rel=0.25)
    assert Calibration(**json.loads(json.dumps(fitted.to_dict()))) == fitted


def test_errors_that_are_all_zero_leave_no_width():
    fitted = calibrate_intervals(np.zeros(12), np.zeros(12), declared_floor_kcal_mol=5)
    assert fitted.sigma(np.array([1.0])) == pytest.approx(0)
    assert "all of them zero" in fitted.source
