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


def test_a_file_of_a_version_before_is_read(tmp_path):
    keys, said = ("0f", "a1"), np.random.default_rng(0).normal(size=(2, 3))
    np.savez(tmp_path / "forecast.npz", keys=np.array(keys, dtype=np.str_), member_kcal_mol=said)
    again = Forecast.load(tmp_path / "forecast.npz")
    assert again.keys == keys
    assert np.array_equal(again.of_members, said)


def test_rows_come_in_the_order_of_the_table_and_strangers_have_none():
    forecast = Forecast(("c", "aa", "b"), np.zeros((3, 2)))
    assert forecast.rows(["b", "c", "aa!", "x", "a"]) == {"c": 0, "b": 2}
    assert list(forecast.rows({"b", "c"})) == ["c", "b"]
    assert forecast.rows([]) == {}
    assert [forecast.keys[row] for row in forecast.order] == ["aa", "b", "c"]


def test_a_summary_has_the_mean_and_the_spread_of_all_members():
    said = np.random.default_rng(1).normal(size=(5, 16))
    whole = Forecast([*"abcde"], said)
    brief = Forecast.summed_up(whole.names, said)
    assert brief.of_members.shape == (5, 2)
    np.testing.assert_allclose(brief.mean, whole.mean)
    np.testing.assert_allclose(brief.spreads, whole.spreads)
    parts = [Forecast(whole.names[:2], said[:2]), Forecast(whole.names[2:], said[2:])]
    assert Forecast.joined(parts).keys == whole.keys
    assert np.array_equal(Forecast.joined(parts).of_members, said)


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
