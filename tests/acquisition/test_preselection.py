"""A large pool is cut down without losing what matters or the chance of the rest."""

import numpy as np
import pytest

from reexplore.acquisition import preselection
from reexplore.acquisition.gain import gains
from reexplore.acquisition.policy import Policy
from reexplore.acquisition.preselection import contenders
from reexplore.acquisition.select import choose
from reexplore.surrogate.calibration import Calibration
from reexplore.surrogate.forecast import Forecast
from tests.surrogate.sample import make_samples

CALIBRATION = Calibration(n=0, floor_kcal_mol=3.0, declared_floor_kcal_mol=3.0, source="declared")
POLICY = Policy(name="test", description="", acquisition="posterior_mean", random_controls=1)


def made(count=400, seed=0):
    random = np.random.default_rng(seed)
    table = Forecast(tuple(f"{i:04d}" for i in random.permutation(count)), random.normal(-60, 10, (count, 4)))
    return table, table.sigma(CALIBRATION), [i % 3 for i in range(count)]


def test_a_small_pool_is_whole():
    table, sigma, groups = made()
    found = contenders(table, sigma, groups=groups, observed={}, seed=0, most=400)
    assert list(found.rows) == list(found.fair) == list(range(400))


def test_the_best_the_least_certain_the_labelled_and_some_by_chance_are_kept():
    table, sigma, groups = made()
    observed = {7: -300.0, 11: -20.0}
    found = contenders(table, sigma, groups=groups, observed=observed, pending=[13], seed=0, most=80)
    kept = set(found.rows)
    assert len(kept) <= 83
    assert {7, 11, 13} <= kept
    assert set(np.argsort(-sigma)[:20]) <= kept
    assert len(found.fair) == 20
    # Row 7's group has a label nothing can beat; the others' best are there.
    guess = table.mean - 2 * sigma
    for group, reference in ((0, None), (2, -20.0)):
        rows = [i for i in range(400) if groups[i] == group]
        best = min(rows, key=lambda i: guess[i])
        assert best in kept, reference


def test_the_order_of_the_forecast_does_not_matter():
    table, sigma, groups = made()
    order = np.random.default_rng(5).permutation(400)
    other = Forecast(tuple(table.keys[i] for i in order), table.of_members[order])
    first = contenders(table, sigma, groups=groups, observed={3: -70.0}, seed=2, most=100)
    (where,) = np.flatnonzero(order == 3)
    second = contenders(
        other, sigma[order], groups=[groups[i] for i in order], observed={int(where): -70.0}, seed=2, most=100
    )
    for ours, theirs in ((first.rows, second.rows), (first.fair, second.fair)):
        assert {table.keys[i] for i in ours} == {other.keys[i] for i in theirs}


def test_a_group_without_labels_is_measured_by_its_typical_rows():
    energies = np.array([[-10.0], [-20.0], [-90.0]])
    gain = gains(energies, groups=["a"] * 3, observed={}, typical={0, 1})
    assert gain[:, 0].tolist() == [-5.0, 5.0, 75.0]
    alone = gains(energies, groups=["a", "a", "b"], observed={}, typical={0, 1})
    assert alone[2, 0] == 0.0


@pytest.mark.engine
def test_the_choice_from_a_large_pool_is_that_of_the_whole(monkeypatch):
    samples = make_samples(64)
    random = np.random.default_rng(1)
    truth = np.array([s.target_kcal_mol for s in samples])
    table = Forecast(tuple(s.key for s in samples), truth[:, None] + 0.1 * random.normal(size=(64, 4)))
    labelled = {s.key: s.target_kcal_mol for s in samples[:48]}
    arguments = {
        "samples": samples,
        "calibration": CALIBRATION,
        "labelled": labelled,
        "excluded": [samples[50].key],
        "policy": POLICY,
        "q": 4,
        "seed": 3,
    }
    whole = choose(table, **arguments).picks
    few = contenders
    monkeypatch.setattr("reexplore.acquisition.select.contenders", lambda *a, **k: few(*a, **k, most=40))
    cut = choose(table, **arguments).picks
    # All groups have labels: the best is the best of either.
    assert (cut[0].key, cut[0].role) == (whole[0].key, "acquisition")
    fair = preselection.contenders(
        table,
        table.sigma(CALIBRATION),
        groups=[s.group for s in samples],
        observed={},
        seed=3,
        most=40,
    ).fair
    (control,) = [p.key for p in cut if p.role == "control"]
    assert control in {table.keys[i] for i in fair}
