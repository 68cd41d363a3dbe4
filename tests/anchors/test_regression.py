"""A straight line gives itself back; its error is that of points that it has not seen."""

import numpy as np
import pytest

from reexplore.anchors.regression import regression


def test_a_line_gives_itself_back_without_an_error():
    found = regression([1.0, 2.0, 4.0, 7.0], [3.5, 4.0, 5.0, 6.5])
    assert (found.slope, found.intercept, found.error) == pytest.approx((0.5, 3.0, 0.0), abs=1e-12)


def test_its_error_is_that_of_points_left_out_one_by_one():
    x, y = np.array([0.0, 1.0, 2.0, 5.0, 6.0]), np.array([1.0, 0.5, 2.5, 3.0, 5.5])
    off = []
    for left_out in range(len(x)):
        slope, intercept = np.polyfit(np.delete(x, left_out), np.delete(y, left_out), 1)
        off.append(y[left_out] - slope * x[left_out] - intercept)
    assert regression(x, y).error == pytest.approx(np.sqrt(np.mean(np.square(off))))


@pytest.mark.parametrize("x", [[1.0, 2.0, 3.0], [1.0, 1.0, 1.0, 1.0], [1.0, 1.0, 1.0, 2.0]])
def test_without_enough_to_tell_there_is_none(x):
    assert regression(x, list(range(len(x)))) is None
