"""What a network is to learn beside the composition line."""

import json

import numpy as np
import pytest

from reexplore.surrogate.residual import Residual

ROWS = [{"C": float(count), "O": float(count % 3)} for count in range(12)]
TARGET = np.array([-5.0 * row["C"] + 2.0 * row["O"] for row in ROWS]) + 9.0 * np.sin(np.arange(12.0))
INSIDE = np.arange(9)


def test_what_is_learned_has_unit_variance_and_leads_back_to_the_label():
    residual = Residual.of(ROWS, TARGET, INSIDE)
    learned = residual.learned(ROWS, TARGET)
    assert (learned[INSIDE].mean(), learned[INSIDE].std()) == pytest.approx((0.0, 1.0))
    assert residual.prior.predict(ROWS) + residual.added_kcal_mol(learned) == pytest.approx(TARGET)


def test_labels_that_are_all_on_the_line_are_not_blown_up():
    residual = Residual.of(ROWS, np.full(12, -42.0), INSIDE)
    assert residual.scale_kcal_mol == 1.0
    assert residual.learned(ROWS, np.full(12, -42.0)) == pytest.approx(np.zeros(12), abs=1e-9)


def test_it_survives_a_member_file():
    residual = Residual.of(ROWS, TARGET, INSIDE)
    assert Residual.from_dict(json.loads(json.dumps(residual.to_dict() | {"version": 1}))) == residual
