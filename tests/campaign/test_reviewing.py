"""What people decide reaches the next choice, in both modes of steering, and nothing of it is lost."""

from collections import Counter

import pytest

from reexplore.campaign.declaration.assembled import pool_of
from reexplore.campaign.driver import open_ledger
from reexplore.campaign.loop import open_campaign, run_campaign
from reexplore.campaign.results.replay import replay
from reexplore.campaign.results.snapshot import campaign_record
from reexplore.campaign.running.context import CampaignContext
from reexplore.campaign.running.inbox import leave, waiting
from reexplore.campaign.running.progress import Narrator
from reexplore.tracking.decisions import Decision
from tests.campaign.test_asynchronous import Threads, asynchronous, run

BUDGET = {"seed_labels": 4, "batch": 2, "labels": 8}


@pytest.fixture(params=["rounds", "asynchronous"])
def setup(request, tmp_path):
    # The tracker is a folder with nothing in it.
    return asynchronous(tmp_path, steering=request.param, budget=BUDGET, tracking={"store": "nothing"})


def said(verdict, candidate=None, *, by="anna", comment="because", at=1.0, identity=None, **family):
    identity = identity or f"{verdict} {candidate} {family} {by}"
    return Decision(identity, at, by, "command", verdict, comment, candidate=candidate, family=family)


def begun(setup):
    """Begin a campaign, so that there is a ledger."""
    open_campaign(setup).close()
    return pool_of(setup, ())


def agrees_with_its_replay(setup):
    ledger = open_ledger(setup)
    found = list(replay(setup, ledger))
    assert len(found) == len(ledger.choices())
    assert [pick for each in found for pick in each.entered] == ledger.picks()
    assert all(each.agrees for each in found)
    return ledger


def test_promoted_first_rejected_and_held_never(setup):
    pool = begun(setup)
    keys = list(pool)
    wanted, unwanted, on_hold = keys[3:6], keys[0], keys[7]
    decisions = [said("promote", key) for key in reversed(wanted)]
    leave(setup.folder, [*decisions, said("reject", unwanted), said("hold", on_hold)])
    run(setup)
    assert not waiting(setup.folder)
    ledger = agrees_with_its_replay(setup)
    picks = ledger.picks()
    assert [pick.candidate for pick in picks[:3]] == wanted[::-1]
    assert {pick.role for pick in picks[:3]} == {"promoted"}
    assert {pick.role for pick in picks[3:]}.isdisjoint({"promoted"})
    assert not {unwanted, on_hold} & {pick.candidate for pick in picks}
    assert {choice.decisions for choice in ledger.choices()} == {5}
    rows = {row.key: row for row in campaign_record(setup, ledger).rows}
    assert rows[unwanted].status == "rejected"
    assert rows[unwanted].rank is None
    assert rows[unwanted].reason.startswith("rejected by anna")
    assert rows[on_hold].review.startswith("held by anna")


def test_said_while_it_runs_it_is_heard_at_the_next_choice(setup):
    """A batch that people fill wholly asks no model; a family that is rejected is chosen no more."""
    pool = begun(setup)
    ledger = open_campaign(setup)
    executor = Threads(setup.store, computed=Counter())
    told = []

    class Listening(Narrator):
        def say(self, text):
            if "learning from" in text or text.startswith("round 0 closed"):
                told or leave(setup.folder, decisions)
                told.append(text)

    picked = lambda: {pick.candidate for pick in ledger.picks()}  # noqa: E731
    decisions = [said("reject", scaffold="HOPO")]
    with executor.pool:
        run_campaign(CampaignContext(setup, ledger, executor, Listening()))
    later = [c for c in ledger.choices() if c.decisions]
    assert later
    cam = {key for key, candidate in pool.items() if candidate.ligand.scaffold == "CAM"}
    first = later[0]
    mine = [p for p in ledger.picks() if (p.round, p.position) >= (first.round, first.first)]
    assert mine
    assert {pick.candidate for pick in mine} <= cam
    assert picked() >= {p.candidate for p in mine}
    ledger.close()
    agrees_with_its_replay(setup)


def test_a_pool_that_is_set_aside_wholly_ends_and_goes_on_when_it_is_cleared(setup):
    begun(setup)
    leave(setup.folder, [said("hold", metal="*")])
    run(setup)
    assert open_ledger(setup).picks() == []
    leave(setup.folder, [said("clear", metal="*")])
    run(setup)
    ledger = agrees_with_its_replay(setup)
    assert len(ledger.labels()) == BUDGET["labels"]


def test_two_people_with_opposite_decisions_the_later_one_wins_and_both_are_kept(setup):
    key = list(begun(setup))[2]
    # Found in the other order: what counts is when they were said.
    leave(setup.folder, [said("reject", key, by="bob", at=20.0), said("promote", key, by="anna", at=10.0)])
    run(setup)
    ledger = open_ledger(setup)
    assert [decision.by for decision in ledger.decisions()] == ["anna", "bob"]
    assert key not in {pick.candidate for pick in ledger.picks()}
    first, second = campaign_record(setup, ledger).decisions
    assert (first.replaced_by, second.replaced_by) == (2, None)
    row = next(row for row in campaign_record(setup, ledger).rows if row.key == key)
    assert [decision.verdict for decision in row.decisions] == ["promote", "reject"]


def test_a_driver_that_dies_between_ledger_and_inbox_enters_nothing_twice(setup):
    key = list(begun(setup))[2]
    decision = said("reject", key)
    leave(setup.folder, [decision])
    ledger = open_campaign(setup)
    assert ledger.enter_decision(decision)
    ledger.close()
    run(setup)
    assert not waiting(setup.folder)
    assert open_ledger(setup).decisions() == [decision]


def test_with_an_objective_a_decision_is_about_the_whole_ligand(tmp_path):
    objective = [{"property": "selectivity", "metals": ["Lu", "La"], "direction": "lower"}]
    options = {"steering": "rounds", "budget": BUDGET, "tracking": {"store": "nothing"}}
    setup = asynchronous(tmp_path, objective=objective, **options)
    pool = begun(setup)
    names = {candidate.name: key for key, candidate in pool.items()}
    wanted, unwanted = names["Lu(CAM-methyl)(H2O)6"], names["La(HOPO-fluoro)(H2O)6"]
    leave(setup.folder, [said("promote", wanted), said("reject", unwanted)])
    run(setup)
    ledger = agrees_with_its_replay(setup)
    picked = [pool[pick.candidate].name for pick in ledger.picks()]
    assert set(picked[:2]) == {"La(CAM-methyl)(H2O)6", "Lu(CAM-methyl)(H2O)6"}
    assert not {name for name in picked if "HOPO-fluoro" in name}
    assert len(picked) == BUDGET["labels"]
    rows = {row.ligand: row for row in campaign_record(setup, ledger).by_goals}
    assert (rows["HOPO-fluoro"].status, rows["HOPO-fluoro"].rank) == ("rejected", None)
    assert rows["HOPO-fluoro"].reason == "rejected by anna, 1970-01-01 00:00 UTC: because"
