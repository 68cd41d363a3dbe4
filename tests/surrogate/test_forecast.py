"""The joint table keeps what the members said."""

import numpy as np
import pytest

from reexplore.surrogate.calibration import Calibration
from reexplore.surrogate.forecast import Forecast


def test_mean_and_spread_are_those_of_the_members():
    forecast = Forecast(("a", "b"), np.array([[1.0, 3.0, 5.0], [5.0, 5.0, 5.0]]))
    assert forecast.mean.tolist() == [3, 5]
    assert forecast.spreads.tolist() == [2, 0]
    assert forecast.spread("a") == 2
    calibration = Calibration(n=0, floor_kcal_mol=1.5, declared_floor_kcal_mol=1.5, source="declared")
    assert forecast.sigma(calibration).tolist() == [2.5, 1.5]


def test_a_forecast_survives_a_file_bit_by_bit(tmp_path):
    forecast = Forecast(("ä", "b"), np.random.default_rng(0).normal(size=(2, 4)))
    forecast.save(tmp_path / "forecast.npz")
    again = Forecast.load(tmp_path / "forecast.npz")
    assert again.keys == forecast.keys
    assert np.array_equal(again.of_members, forecast.of_members)


@pytest.mark.parametrize(
    ("keys", "table"),
    [
        (("a",), np.ones((2, 3))),
        (("a", "b"), np.ones((2, 1))),
        (("a", "a"), np.ones((2, 3))),
        (("a", "b"), np.array([[1.0, 2.0], [np.nan, 1.0]])),
    ],
)
def test_a_table_that_makes_no_sense_is_refused(keys, table):
    with pytest.raises(ValueError, match=r"keys need|every candidate once|finite"):
        Forecast(keys, table)
