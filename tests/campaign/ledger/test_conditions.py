"""What a person says of calculations is read as typed, and nothing in it is ever evaluated."""

from dataclasses import replace

import pytest

from reexplore.campaign.ledger.conditions import parse_where
from reexplore.campaign.ledger.rows import Calculation
from reexplore.errors import Failure, FailureCode, InputError

ENERGY = Calculation(
    key="3fa0",
    kind="energy",
    title="Lu(CAM-H)(H2O)6",
    state="done",
    attempts=1,
    reused=False,
    core_s=60.0,
    gpu_s=0.0,
    submitted_at=1789999940.0,
    finished_at=1790000000.0,
    failure=None,
    host="n17.cluster",
)
LOST = Failure(FailureCode.CRASHED, "relax", "ended by signal SIGSEGV", {})
CRASHED = replace(ENERGY, kind="complex", state="failed", failure=LOST, host=None)


@pytest.mark.parametrize(
    ("text", "energy", "crashed"),
    [
        ("kind=energy", True, False),
        ("host=n17*", True, False),
        ("kind = energy and host=n17*", True, False),
        ("code=crashed", False, True),
        ("label=Lu(*", True, True),
        ("after=2026-09-20 and before=2026-09-23", True, True),
        ("before=2026-09-20T10:00", False, False),
    ],
)
def test_conditions(text, energy, crashed):
    matches = parse_where(text)
    assert (matches(ENERGY), matches(CRASHED)) == (energy, crashed)


@pytest.mark.parametrize(
    "text", ["", "kind", "kind=", "level=quick", "kind=energy or code=crashed", "__import__('os')"]
)
def test_anything_else_is_refused_with_an_example(text):
    if text == "kind=energy or code=crashed":
        # One value, which nothing has.
        assert not parse_where(text)(ENERGY)
        return
    with pytest.raises(InputError, match=r'is no condition: give NAME=VALUE.+example: "kind=energy'):
        parse_where(text)


def test_a_date_that_is_none_is_refused():
    with pytest.raises(InputError, match="'soon' is no date: give 2026-11-21"):
        parse_where("before=soon")
