"""What people write is understood, or named in a sentence."""

import pytest

from reexplore.errors import InputError
from reexplore.tracking.decisions import VERDICTS, Decision, plain, verdict_of


@pytest.mark.parametrize("verdict", VERDICTS)
@pytest.mark.parametrize("spelled", [str, str.upper, str.title, lambda word: f"  {word}\n", lambda word: f"{word}!"])
def test_a_verdict_is_understood_however_it_is_spelled(verdict, spelled):
    assert verdict_of(spelled(verdict)) == verdict


@pytest.mark.parametrize(("said", "hint"), [("promte", "promote"), ("rejekt", "reject"), ("hodl", "hold")])
def test_what_is_near_is_named(said, hint):
    with pytest.raises(InputError, match=f"'{said}' is none of promote, reject, hold, clear; did you mean {hint}"):
        verdict_of(said)


def test_what_is_far_has_no_hint():
    with pytest.raises(InputError, match=r"'🙂 ok \? �' is none of promote, reject, hold, clear$"):
        verdict_of("🙂 ok ?\t\x1b")


def test_a_comment_is_one_line_that_no_terminal_obeys():
    assert plain("a\nb\x1b[31mc\u202e") == "a b\N{REPLACEMENT CHARACTER}[31mc\N{REPLACEMENT CHARACTER}"
    assert len(plain("x" * 5000)) == 1000


def test_a_decision_says_who_when_and_why():
    made = Decision("1", 0.0, "anna", "command", "hold", "pKa first", family={"scaffold": "CAM", "metal": "L*"})
    assert made.said == "held by anna, 1970-01-01 00:00 UTC: pKa first"
    assert made.subject == "scaffold=CAM,metal=L*"
