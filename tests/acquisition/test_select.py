"""Batches: nothing twice, nothing taken, the same every time, and what the policy asked for."""

import json

import numpy as np
import pytest
from botorch.optim.optimize import optimize_acqf_discrete

from reexplore.acquisition.botorch_model import TableModel, rows_as_inputs
from reexplore.acquisition.policy import Policy
from reexplore.acquisition.select import _acquisition as botorch_acquisition
from reexplore.acquisition.select import choose, select_batch
from reexplore.errors import CalculationFailed, FailureCode
from reexplore.surrogate.calibration import Calibration
from reexplore.surrogate.forecast import Forecast
from tests.acquisition.test_botorch_model import exact_greedy, table
from tests.surrogate.sample import make_samples

UTILITY = table()
KEYS = [f"c{i:04d}" for i in range(len(UTILITY))]
ACQUISITIONS = ["posterior_mean", "qLogExpectedImprovement", "qUpperConfidenceBound", "qPosteriorStandardDeviation"]


def policy(acquisition="qLogExpectedImprovement", **changes):
    beta = {"beta": 4.0} if acquisition == "qUpperConfidenceBound" else {}
    return Policy(
        **({"name": "p", "description": "", "acquisition": acquisition, "random_controls": 0} | beta | changes)
    )


def rows(picks):
    return [KEYS.index(pick.key) for pick in picks]


def select(*, utility=UTILITY, keys=KEYS, q=6, pending=(), labelled=(), seed=0, **changes):
    return select_batch(utility, keys, policy=policy(**changes), q=q, pending=pending, labelled=labelled, seed=seed)


@pytest.mark.parametrize("acquisition", ACQUISITIONS)
def test_nothing_twice_and_nothing_taken(acquisition):
    favourites = rows(select(acquisition=acquisition, q=4))
    picks = select(acquisition=acquisition, pending=favourites[:2], labelled=favourites[2:], random_controls=2, seed=1)
    assert len({pick.key for pick in picks}) == 6
    assert not set(rows(picks)) & set(favourites)
    assert [pick.role for pick in picks] == ["acquisition"] * 4 + ["control"] * 2
    assert [pick.rank for pick in picks] == [1, 2, 3, 4, 5, 6]
    json.dumps([pick.to_dict() for pick in picks], allow_nan=False)


@pytest.mark.parametrize("acquisition", ACQUISITIONS)
def test_the_same_batch_every_time_and_in_any_order(acquisition):
    order = np.random.default_rng(5).permutation(len(KEYS))
    shuffled = select(utility=UTILITY[order], keys=[KEYS[i] for i in order], acquisition=acquisition, random_controls=1)
    first = select(acquisition=acquisition, random_controls=1)
    assert [p.key for p in first] == [p.key for p in shuffled]
    assert first == select(acquisition=acquisition, random_controls=1)


def test_expected_improvement_is_the_exact_greedy_batch():
    assert rows(select(q=8)) == exact_greedy(UTILITY, 8)


def test_a_pending_row_counts_as_part_of_the_batch():
    whole = exact_greedy(UTILITY, 8)
    assert rows(select(q=5, pending=whole[:3])) == whole[3:]


@pytest.mark.parametrize("acquisition", ACQUISITIONS[1:3])
def test_the_like_of_a_pending_row_is_worth_less(acquisition):
    best = rows(select(q=1, acquisition=acquisition))[0]
    utility, keys = np.vstack([UTILITY, UTILITY[best]]), [*KEYS, "twin"]
    taken = select(utility=utility, keys=keys, q=1, labelled=[best], acquisition=acquisition)
    beside = select(utility=utility, keys=keys, q=1, pending=[best], acquisition=acquisition)
    assert taken[0].key == "twin"
    assert beside[0].key != "twin"


@pytest.mark.parametrize("acquisition", ACQUISITIONS[1:])
def test_picks_and_values_are_those_of_botorchs_own_loop(acquisition):
    waiting, choices = [3, 5], [row for row in range(len(KEYS)) if row not in (3, 5)]
    function = botorch_acquisition(policy(acquisition), TableModel(UTILITY))
    function.set_X_pending(rows_as_inputs(waiting))
    picked, values = optimize_acqf_discrete(function, q=6, choices=rows_as_inputs(choices), unique=True)
    picks = select(q=6, pending=waiting, acquisition=acquisition)
    assert rows(picks) == picked[:, 0].long().tolist()
    assert [pick.value for pick in picks] == pytest.approx(values.reshape(-1).tolist())


def test_where_no_sample_sees_an_improvement_the_nearest_to_one_are_taken():
    hopeless = UTILITY - UTILITY.max() - 1.0
    picks = select(utility=hopeless, q=4)
    function = botorch_acquisition(policy(), TableModel(hopeless))
    alone = function(rows_as_inputs(list(range(len(KEYS)))).unsqueeze(-2)).detach().numpy()
    assert rows(picks) == np.argsort(-alone)[:4].tolist()
    assert all(np.isfinite(pick.value) for pick in picks)


def test_greedy_takes_the_highest_means_in_order():
    picks = select(acquisition="posterior_mean", q=5)
    mean = UTILITY.mean(axis=1)
    assert rows(picks) == np.argsort(-mean)[:5].tolist()
    assert [pick.value for pick in picks] == pytest.approx(np.sort(mean)[::-1][:5])


def test_confidence_bound_and_deviation_take_first_what_their_formulas_say():
    mean, absolute = UTILITY.mean(axis=1), np.abs(UTILITY - UTILITY.mean(axis=1, keepdims=True)).mean(axis=1)
    # Both use √(π/2)·E|x − μ| for the standard deviation (Wilson et al., NeurIPS 2017).
    sigma = np.sqrt(np.pi / 2) * absolute
    assert rows(select(acquisition="qPosteriorStandardDeviation", q=1)) == [sigma.argmax()]
    assert rows(select(acquisition="qUpperConfidenceBound", q=1)) == [(mean + 2 * sigma).argmax()]


def test_controls_are_a_fair_draw_from_the_pool():
    small = UTILITY[:10]
    drawn = [
        KEYS.index(pick.key)
        for seed in range(400)
        for pick in select(
            utility=small, keys=KEYS[:10], q=2, seed=seed, acquisition="posterior_mean", random_controls=1
        )
        if pick.role == "control"
    ]
    counts = np.bincount(drawn, minlength=10)
    assert counts.sum() == 400
    assert ((counts - 40) ** 2 / 40).sum() < 27.9  # χ², nine degrees of freedom, p = 0.001


def test_one_pick_is_always_left_to_the_acquisition():
    assert [pick.role for pick in select(q=1, random_controls=3)] == ["acquisition"]
    assert [pick.role for pick in select(q=3, random_controls=9)] == ["acquisition", "control", "control"]


def test_a_short_pool_gives_what_it_has_and_an_empty_one_says_so():
    assert len(select(labelled=range(2, len(KEYS)), q=5)) == 2
    with pytest.raises(CalculationFailed) as failed:
        select(labelled=range(len(KEYS)))
    assert failed.value.failure.code is FailureCode.POOL_EXHAUSTED


CALIBRATION = Calibration(n=0, floor_kcal_mol=2.0, declared_floor_kcal_mol=2.0, source="declared")


def forecast_of(samples, spread=0.5):
    random = np.random.default_rng(0)
    truth = np.array([s.target_kcal_mol for s in samples])
    return Forecast(tuple(s.key for s in samples), truth[:, None] + spread * random.normal(size=(len(samples), 4)))


def test_a_forecast_becomes_picks_that_beat_their_group():
    samples = make_samples(64)
    labelled = {s.key: s.target_kcal_mol for s in samples[:32]}
    picks = choose(
        forecast_of(samples, spread=0.1),
        samples=samples,
        calibration=CALIBRATION,
        labelled=labelled,
        excluded=[samples[40].key],
        policy=policy("posterior_mean"),
        q=3,
        seed=0,
    ).picks
    by_key = {s.key: s for s in samples}
    best = {}
    for key, label in labelled.items():
        group = by_key[key].group
        best[group] = min(label, best.get(group, np.inf))
    gains = {s.key: best[s.group] - s.target_kcal_mol for s in samples[32:] if s.group in best and s is not samples[40]}
    assert len(gains) > 20
    for pick in picks:
        assert pick.key not in labelled
        assert pick.value == pytest.approx(gains[pick.key], abs=0.5)
    assert picks[0].value == pytest.approx(max(gains.values()), abs=0.5)


def test_of_what_is_pending_nothing_is_picked_and_its_worth_is_counted():
    samples = make_samples(64)
    labelled = {s.key: s.target_kcal_mol for s in samples[:16]}

    def chosen(**taken):
        return choose(
            forecast_of(samples),
            samples=samples,
            calibration=CALIBRATION,
            labelled=labelled,
            excluded=taken.get("excluded", ()),
            pending=taken.get("pending", ()),
            policy=policy(),
            q=2,
            seed=0,
        ).picks

    favourites = [pick.key for pick in chosen()]
    without, beside = chosen(excluded=favourites), chosen(pending=favourites)
    assert not {pick.key for pick in [*without, *beside]} & set(favourites)
    # A value is that of the whole batch, and what is pending belongs to it.
    assert beside[0].value > without[0].value


def test_keys_that_do_not_belong_together_are_refused():
    samples = make_samples(4)
    with pytest.raises(ValueError, match="nobody"):
        choose(
            forecast_of(samples),
            samples=samples,
            calibration=CALIBRATION,
            labelled={"nobody": 1.0},
            excluded=(),
            policy=policy(),
            q=1,
            seed=0,
        )
