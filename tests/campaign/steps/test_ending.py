"""A campaign ends when a rule of its file holds, says why, ends alike after a kill, and goes on without the rule."""

from collections import Counter

import pytest

from reexplore.campaign.driver import open_ledger
from reexplore.campaign.results.status import campaign_status, status_lines
from reexplore.campaign.steps.ending import verdicts
from reexplore.errors import InputError
from tests.campaign.test_asynchronous import Killed, run
from tests.campaign.test_loop import decisions, small

NOWHERE = {"tracking": {"store": "http://127.0.0.1:9"}}
#: Networks are made up, and expect every candidate to be far better than the labels.
NEVER, AT_ONCE = {"expected_improvement_below": 1e-9}, {"expected_improvement_below": 1e6}


def campaign(folder, stop, *, labels=8, steering="rounds"):
    budget = {"seed_labels": 4, "batch": 2, "labels": labels} | ({"stop": stop} if stop else {})
    return small(folder, budget=budget, steering=steering, **NOWHERE)


def ended(setup):
    ledger = open_ledger(setup)
    return len(ledger.labels()), verdicts(ledger), campaign_status(setup, ledger)


@pytest.mark.parametrize("steering", ["rounds", "asynchronous"])
def test_a_rule_ends_it_and_without_the_rule_it_goes_on(tmp_path, steering):
    setup = campaign(tmp_path, AT_ONCE, steering=steering)
    run(setup)
    labels, told, status = ended(setup)
    assert labels < 8
    assert told[-1].ends
    assert told[-1].evidence[0].value > 0
    assert "expected_improvement_below" in status.ended
    assert "change or leave out budget.stop.expected_improvement_below" in status.ended
    assert status.ended in status_lines(status)
    # Run again, nothing is chosen.
    run(setup)
    assert ended(setup)[0] == labels
    run(campaign(tmp_path, NEVER, steering=steering))
    labels, told, status = ended(campaign(tmp_path, NEVER, steering=steering))
    assert labels == 8
    assert not told[-1].ends
    assert "all 8 labels" in status.ended


def test_a_campaign_that_was_killed_ends_like_an_undisturbed_one(tmp_path):
    stop = {"same_best": {"best": 1, "rounds": 1}, "no_improvement_rounds": 1}
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir(), second.mkdir()
    undisturbed, killed = campaign(first, stop), campaign(second, stop)
    run(undisturbed)
    computed = Counter()
    for kill_at in (20, 9, 7, None):
        try:
            run(killed, kill_at=kill_at, computed=computed)
        except Killed:
            continue
    assert decisions(killed) == decisions(undisturbed)
    told = ended(undisturbed)[1]
    assert ended(killed)[1] == told
    assert [each.holds for each in told[0].evidence] == [False, False]
    assert "looks back 1 rounds, and 0 have followed" in told[0].evidence[1].told


def test_a_rule_that_says_nothing_is_refused(tmp_path):
    with pytest.raises(InputError, match="stop has no rule"):
        campaign(tmp_path, {"same_best": None})


def test_without_rules_a_declaration_is_as_it_was(tmp_path):
    assert "stop" not in campaign(tmp_path, None).resolved()["budget"]
    assert campaign(tmp_path, NEVER).resolved()["budget"]["stop"] == {
        "expected_improvement_below": 1e-9,
        "no_improvement_rounds": None,
        "same_best": None,
    }
