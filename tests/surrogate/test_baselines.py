"""The baselines against closed forms, and never with the answer in their hands."""

from dataclasses import replace

import numpy as np
import pytest

from reexplore.surrogate.baselines import RidgeFit, fit_ridge, out_of_fold
from reexplore.surrogate.samples import folds, targets_kcal_mol
from tests.surrogate.sample import make_samples


def test_a_linear_law_is_recovered():
    random = np.random.default_rng(0)
    rows = [{"a": x, "b": y} for x, y in random.normal(size=(60, 2))]
    target = np.array([3 * row["a"] - 2 * row["b"] + 7 for row in rows])
    fit = fit_ridge(rows, target)
    assert fit.columns == ("a", "b")
    assert np.allclose(fit.coefficients, (3, -2), atol=1e-2)
    assert fit.intercept == pytest.approx(7, abs=1e-2)


def test_the_coefficients_solve_the_normal_equations_of_some_penalty():
    random = np.random.default_rng(1)
    X = random.normal(size=(20, 3)) * (1, 5, 0.2) + (4, 0, 1)
    y = X @ (1, 0.3, 9) + random.normal(size=20)
    fit = fit_ridge([dict(zip("abc", row, strict=True)) for row in X], y)
    Z = (X - X.mean(0)) / X.std(0)
    residuals = []
    for penalty in np.logspace(-2, 3, 11):
        standardised = np.linalg.solve(Z.T @ Z + penalty * np.eye(3), Z.T @ (y - y.mean()))
        residuals.append(np.abs(standardised / X.std(0) - fit.coefficients).max())
    assert min(residuals) < 1e-8


def test_what_does_not_vary_and_what_was_not_seen_count_nothing():
    fit = fit_ridge([{"a": 1.0, "one": 1.0}, {"a": 2.0, "one": 1.0}, {"a": 4.0, "one": 1.0}], np.array([1.0, 2.0, 4.0]))
    assert dict(zip(fit.columns, fit.coefficients, strict=True))["one"] == 0
    assert fit.predict([{"a": 3.0, "one": 5.0, "new": 8.0}]) == pytest.approx(fit.predict([{"a": 3.0}]))


def test_two_labels_give_their_mean():
    fit = fit_ridge([{"a": 1.0}, {"a": 2.0}], np.array([-10.0, -20.0]))
    assert fit.predict([{"a": 50.0}]).tolist() == [-15.0]


def test_a_fit_survives_plain_values():
    fit = fit_ridge([{"a": 1.0}, {"a": 2.0}, {"a": 3.0}], np.array([1.0, 2.0, 3.0]))
    assert RidgeFit.from_dict(fit.to_dict()) == fit


@pytest.mark.parametrize("n", [2, 3, 12])
def test_every_label_gets_a_prediction_that_has_not_seen_it(n):
    samples = make_samples(n)
    fold_of = folds(samples, 4, 0)
    said = out_of_fold(samples, fold_of=fold_of)
    assert set(said) == {"mean", "composition", "one-hot"}
    changed = [replace(samples[0], target_kcal_mol=samples[0].target_kcal_mol + 500), *samples[1:]]
    same_fold = fold_of == fold_of[0]
    for name, values in out_of_fold(changed, fold_of=fold_of).items():
        assert np.isfinite(values).all()
        assert np.array_equal(values[same_fold], said[name][same_fold]), name
        assert not np.isclose(values[~same_fold], said[name][~same_fold]).any(), name


def test_the_mean_predictor_is_the_mean_of_the_other_folds():
    samples = make_samples(12)
    fold_of, target = folds(samples, 3, 0), targets_kcal_mol(samples)
    said = out_of_fold(samples, fold_of=fold_of)["mean"]
    assert said[0] == pytest.approx(target[fold_of != fold_of[0]].mean())


def test_on_many_labels_the_ridges_beat_the_mean():
    samples = make_samples(60)
    target = targets_kcal_mol(samples)
    said = out_of_fold(samples, fold_of=folds(samples, 4, 0))
    error = {name: np.abs(values - target).mean() for name, values in said.items()}
    assert max(error["composition"], error["one-hot"]) < 0.6 * error["mean"]
