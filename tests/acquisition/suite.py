"""What every policy has to keep: inherit `PolicySuite` and name the policy."""

import json

import numpy as np
import pytest

from reexplore.acquisition.policy import Policy
from reexplore.acquisition.select import choose, select_batch
from reexplore.errors import CalculationFailed, FailureCode
from reexplore.surrogate.calibration import Calibration
from reexplore.surrogate.forecast import Forecast
from tests.acquisition.test_botorch_model import table
from tests.surrogate.sample import make_samples

SAMPLES = make_samples(60)
KEYS = [sample.key for sample in SAMPLES]
UTILITY = table()[: len(SAMPLES)]
Q = 6
#: From kcal/mol to kJ/mol.
SCALE = 4.184


class PolicySuite:
    """Set `policy` to a policy, of a file or of another package."""

    policy: Policy

    def select(self, *, order=None, scale=1.0, q=Q, pending=(), labelled=(), excluded=(), seed=3):
        order = np.arange(len(KEYS)) if order is None else order
        place = {int(row): number for number, row in enumerate(order)}
        return select_batch(
            scale * UTILITY[order],
            [KEYS[row] for row in order],
            policy=self.policy,
            q=q,
            pending=[place[row] for row in pending],
            labelled=[place[row] for row in labelled],
            excluded=[place[row] for row in excluded],
            described=[SAMPLES[row] for row in order],
            seed=seed,
        )

    def rows(self, picks):
        return [KEYS.index(pick.key) for pick in picks]

    def test_it_survives_json(self):
        assert Policy(**json.loads(json.dumps(self.policy.model_dump(mode="json")))) == self.policy

    def test_the_same_batch_every_time_and_in_any_order(self):
        first = self.select()
        assert first == self.select()
        order = np.random.default_rng(5).permutation(len(KEYS))
        assert [pick.key for pick in self.select(order=order)] == [pick.key for pick in first]

    def test_a_batch_has_its_size_and_nothing_twice(self):
        picks = self.select()
        assert len({pick.key for pick in picks}) == len(picks) == Q
        assert [pick.rank for pick in picks] == list(range(1, Q + 1))
        assert {pick.role for pick in picks} <= {"acquisition", "control"}
        json.dumps([pick.to_dict() for pick in picks], allow_nan=False)

    def test_what_is_taken_is_not_picked(self):
        favourites = self.rows(self.select())
        taken = {"pending": favourites[:2], "labelled": favourites[2:4], "excluded": favourites[4:]}
        assert not set(favourites) & set(self.rows(self.select(**taken)))

    def test_a_pool_smaller_than_the_batch_gives_what_it_has(self):
        left = [7, 30]
        others = [row for row in range(len(KEYS)) if row not in left]
        assert sorted(self.rows(self.select(labelled=others))) == left
        assert len(self.select(q=1)) == 1

    def test_an_empty_pool_says_so(self):
        with pytest.raises(CalculationFailed) as failed:
            self.select(labelled=range(len(KEYS)))
        assert failed.value.failure.code is FailureCode.POOL_EXHAUSTED

    def test_another_unit_of_energy_chooses_the_same(self):
        assert [p.key for p in self.select(scale=SCALE)] == [p.key for p in self.select()]

    def test_it_chooses_from_a_forecast(self):
        random = np.random.default_rng(0)
        truth = np.array([sample.target_kcal_mol for sample in SAMPLES])
        forecast = Forecast(tuple(KEYS), truth[:, None] + 0.5 * random.normal(size=(len(SAMPLES), 4)))
        labelled = {sample.key: sample.target_kcal_mol for sample in SAMPLES[:20]}
        picks = choose(
            forecast,
            samples=SAMPLES,
            calibration=Calibration(0, 2.0, 2.0, "declared"),
            labelled=labelled,
            excluded=KEYS[20:22],
            pending=KEYS[22:24],
            policy=self.policy,
            q=Q,
            seed=1,
        ).picks
        assert len({pick.key for pick in picks}) == Q
        assert not {pick.key for pick in picks} & set(KEYS[:24])
