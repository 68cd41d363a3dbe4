"""Values in refusals: one line, short, whatever YAML held."""

import datetime
import math

import pytest

from reexplore.inputs.shown import shown


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null"),
        (True, "true"),
        ([False, None, 1.5], "[false, null, 1.5]"),
        ({"a": "x"}, "{'a': 'x'}"),
        ("", "''"),
        ("a\nb\x1b", r"'a\nb\x1b'"),
        (math.inf, "inf"),
        (datetime.date(2026, 1, 1), "the date 2026-01-01"),
        (datetime.datetime(2026, 1, 1, 12), "the date 2026-01-01 12:00:00"),
        ([1, 2, 3, 4, 5], "[1, 2, 3, 4, …]"),
    ],
)
def test_a_value_as_a_person_reads_it(value, text):
    assert shown(value) == text


def test_a_number_that_python_does_not_print():
    assert shown(10**5000) == "a whole number of some 5,000 digits"


def test_what_is_long_deep_or_holds_itself_is_short():
    itself = []
    itself.append(itself)
    deep = []
    for _ in range(10_000):
        deep = [deep]
    for value in (itself, deep, "x" * 10**6, 10**2000, {str(k): [k] * 99 for k in range(99)}):
        assert len(shown(value)) < 200
        assert "…" in shown(value)
