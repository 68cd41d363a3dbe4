"""The ledger keeps what it was told, once, and nothing of a transaction that failed."""

import sqlite3
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from reexplore.campaign.ledger.ledger import Ledger
from reexplore.campaign.ledger.rows import AquaKeys, Choice, FinalistKeys, LabelKeys, Learned, Model, Pick
from reexplore.errors import Failure, FailureCode
from reexplore.execution.store import Outcome
from reexplore.execution.task import Task
from reexplore.surrogate.calibration import Calibration
from reexplore.tracking.records import ParityPoint

DONE = Outcome({"total_hartree": -1.0}, None, {"cpu_s": 2.0})
FAILED = Outcome(None, Failure(FailureCode.NOT_CONVERGED, "scf", "no", {"cycles": 9}), {"cpu_s": 1.0})


def task(number):
    return Task("energy", {"number": number})


#: What a round with a model taught.
LEARNED = Learned(
    labels=4,
    metrics={"x": 1.5},
    parity=(ParityPoint("a", "La(CAM-H)(H2O)6", -80.0, 5.0, -81.0, before_labelling=True),),
    model=Model(("m0", "m1"), ("f0",), "f", Calibration(2, 5.0, 5.0, "declared")),
)


def pick(candidate, number=0):
    return Pick(candidate, number, 0, "seed", None, None, None)


def test_what_was_entered_is_read_back(tmp_path):
    path = tmp_path / "ledger.sqlite"
    ledger = Ledger(path)
    ledger.plan([task(1), task(2)])
    ledger.submitted(task(1).key)
    ledger.finish(task(1).key, DONE, reused=False)
    ledger.finish(task(2).key, FAILED, reused=True)
    ledger.close()
    again = Ledger(path)
    assert again.outcome(task(1).key) == DONE
    assert again.outcome(task(2).key) == FAILED
    assert [(c.state, c.attempts, c.reused) for c in again.calculations()] == [
        ("done", 1, False),
        ("failed", 0, True),
    ]


def test_planning_twice_keeps_what_is_done(tmp_path):
    ledger = Ledger(tmp_path / "l")
    ledger.plan([task(1)])
    ledger.finish(task(1).key, DONE, reused=False)
    ledger.plan([task(1), task(2)])
    assert [c.state for c in ledger.calculations()] == ["done", "planned"]


def test_labels_come_in_the_order_of_their_picks_whichever_was_entered_first(tmp_path):
    ledger = Ledger(tmp_path / "l")
    picks = [Pick(name, 0, place, "seed", None, None, None) for place, name in enumerate("cab")]
    ledger.open_round(0, "seed", picks)
    keys = LabelKeys("s", "c", "i", "l", "w")
    for name in "abc":
        ledger.enter_label(name, keys, None)
    assert list(ledger.labels()) == ["c", "a", "b"]


def test_a_dead_drivers_submissions_are_planned_again(tmp_path):
    ledger = Ledger(tmp_path / "l")
    ledger.plan([task(1), task(2)])
    ledger.submitted(task(1).key)
    assert ledger.recall() == 1
    assert {c.state for c in ledger.calculations()} == {"planned"}


def test_what_failed_stays_failed_until_it_is_planned_again_and_its_cost_is_kept(tmp_path):
    ledger = Ledger(tmp_path / "l")
    ledger.plan([task(1)])
    ledger.submitted(task(1).key)
    crashed = Outcome(None, Failure(FailureCode.CRASHED, "energy", "by a signal", {}), {"wall_s": 1800.0, "cores": 2})
    ledger.charge(task(1).key, crashed)
    ledger.finish(task(1).key, crashed, reused=False)
    assert ledger.recall() == 0
    assert ledger.outcome(task(1).key) == crashed
    ledger.plan_again([task(1).key])
    assert ledger.outcome(task(1).key) is None
    assert ledger.core_hours() == 2.0


def test_what_stopped_the_campaign_is_tried_again_by_the_next_start(tmp_path):
    ledger = Ledger(tmp_path / "l")
    crashed = Outcome(None, Failure(FailureCode.CRASHED, "member", "by a signal", {}), {})
    ledger.plan([Task("member", {}), Task("complex", {})])
    for kind in ("member", "complex"):
        ledger.finish(Task(kind, {}).key, crashed, reused=False)
    assert ledger.recall() == 1
    assert [c.state for c in ledger.calculations()] == ["planned", "failed"]


def test_what_was_found_in_the_store_costs_nothing(tmp_path):
    ledger = Ledger(tmp_path / "l")
    ledger.plan([task(1)])
    ledger.finish(task(1).key, Outcome({}, None, {"wall_s": 3600.0, "cores": 4}), reused=True)
    assert ledger.core_hours() == 0.0


def test_the_time_on_cards_is_counted_with_every_attempt(tmp_path):
    ledger = Ledger(tmp_path / "l")
    ledger.plan([task(1), task(2), task(3)])
    on_half_a_card = {"wall_s": 3600.0, "gpus": 0.5}
    ledger.submitted(task(1).key)
    ledger.charge(task(1).key, Outcome(None, FAILED.failure, on_half_a_card))
    ledger.finish(task(1).key, Outcome({}, None, on_half_a_card), reused=False)
    ledger.finish(task(2).key, Outcome({}, None, {"wall_s": 3600.0}), reused=False)
    ledger.finish(task(3).key, Outcome({}, None, on_half_a_card), reused=True)
    assert (ledger.gpu_hours(), ledger.core_hours()) == (1.0, 3.0)
    assert [c.gpu_s for c in ledger.calculations()] == [3600.0, 0.0, 0.0]


KEYS = FinalistKeys({"complex": "s"}, {"complex": "c", "ion": "i"}, 1)


def test_a_finalist_goes_with_its_label_and_its_calculations(tmp_path):
    ledger = Ledger(tmp_path / "l")
    ledger.open_round(0, "seed", [pick("a"), pick("b")])
    ledger.enter_finalist("a", KEYS, None)
    ledger.enter_finalist("b", None, FAILED.failure)
    assert (ledger.finalists(), ledger.finalist_failures()) == ({"a": KEYS}, {"b": FAILED.failure})
    ledger.enter_aqua_ion("La", AquaKeys("s", "e"), None, relaxed=True)
    assert (ledger.aqua_ions(), ledger.aqua_ions(relaxed=True)) == ({}, {"La": AquaKeys("s", "e")})
    ledger.withdraw(candidates=["b"])
    ledger.plan_again(["e"])
    assert (ledger.finalist_failures(), ledger.aqua_ions(relaxed=True)) == ({}, {})
    ledger.withdraw(finalists=["a"])
    assert ledger.finalists() == {}


def test_a_withdrawn_label_is_pending_in_the_last_round_which_is_open_again(tmp_path):
    ledger = Ledger(tmp_path / "l")
    ledger.open_round(0, "seed", [pick("a"), pick("b")])
    ledger.enter_label("a", None, FAILED.failure)
    ledger.close_round(0, Learned(0))
    ledger.withdraw(candidates=["a"])
    ledger.reopen_last_round()
    assert ledger.label_failures() == {}
    assert (ledger.rounds()[0].finished_at, ledger.rounds()[0].learned, ledger.unsent_rounds()) == (None, None, [])


def test_a_round_is_entered_with_all_its_picks_or_not_at_all(tmp_path):
    ledger = Ledger(tmp_path / "l")
    with pytest.raises(sqlite3.IntegrityError):
        ledger.open_round(0, "seed", [pick("a"), pick("a")])
    assert ledger.rounds() == []
    assert ledger.picks() == []


def test_a_candidate_is_picked_once_in_a_campaign(tmp_path):
    ledger = Ledger(tmp_path / "l")
    ledger.open_round(0, "seed", [pick("a")])
    with pytest.raises(sqlite3.IntegrityError):
        ledger.open_round(1, "acquisition", [pick("a", 1)])


def test_labels_and_failures(tmp_path):
    ledger = Ledger(tmp_path / "l")
    ledger.open_round(0, "seed", [pick("a"), Pick("b", 0, 1, "seed", None, -50.0, 5.0)])
    keys = LabelKeys("s", "c", "i", "l", "w")
    ledger.enter_label("a", keys, None)
    ledger.enter_label("b", None, FAILED.failure)
    assert ledger.labels() == {"a": keys}
    assert ledger.label_failures() == {"b": FAILED.failure}


def test_aqua_ions_and_their_failures(tmp_path):
    ledger = Ledger(tmp_path / "l")
    ledger.enter_aqua_ion("La", None, FAILED.failure)
    ledger.enter_aqua_ion("Lu", None, FAILED.failure)
    ledger.enter_aqua_ion("La", AquaKeys("s", "e"), None)
    assert ledger.aqua_ions() == {"La": AquaKeys("s", "e")}
    assert ledger.aqua_failures() == {"Lu": FAILED.failure}


def test_aqua_ions_follow_the_series_whichever_was_entered_last(tmp_path):
    ledger = Ledger(tmp_path / "l")
    for metal in ("Lu", "Eu", "La", "Y", "Lu"):
        ledger.enter_aqua_ion(metal, AquaKeys("s", "e"), None)
    assert list(ledger.aqua_ions()) == ["Y", "La", "Eu", "Lu"]


def test_a_closed_round_waits_for_the_tracker(tmp_path):
    ledger = Ledger(tmp_path / "l")
    ledger.open_round(0, "seed", [pick("a")])
    ledger.close_round(0, LEARNED)
    assert ledger.unsent_rounds() == [0]
    ledger.mark_sent()
    assert ledger.unsent_rounds() == []
    assert ledger.rounds()[0].learned == LEARNED


def test_a_round_takes_several_choices_and_keeps_what_each_was_made_from(tmp_path):
    ledger = Ledger(tmp_path / "l")
    ledger.open_round(0, "seed", [pick("a"), pick("b")], inputs="one")
    ledger.open_round(0, "seed", [pick("c")], inputs="two")
    ledger.close_round(0, Learned(0))
    ledger.open_round(1, "acquisition", [pick("d", 1)], inputs="three")
    assert ledger.choices() == [Choice(0, 0, 0, "one"), Choice(1, 0, 2, "two"), Choice(2, 1, 0, "three")]
    with pytest.raises(sqlite3.IntegrityError):
        ledger.open_round(0, "seed", [pick("e")], inputs="late")
    assert len(ledger.choices()) == 3


def test_transactions_within_one_stand_or_fall_together(tmp_path):
    ledger = Ledger(tmp_path / "l")
    ledger.open_round(0, "seed", [pick("a")])

    def plan_and_pick_twice():
        with ledger.transaction():
            ledger.plan([task(1)])
            ledger.open_round(1, "acquisition", [pick("a", 1)])

    with pytest.raises(sqlite3.IntegrityError):
        plan_and_pick_twice()
    assert ledger.calculations() == []
    assert len(ledger.rounds()) == 1


@settings(max_examples=30, deadline=None)
@given(st.dictionaries(st.text(max_size=5), st.one_of(st.integers(), st.text(max_size=5), st.booleans()), max_size=4))
def test_a_task_key_does_not_depend_on_the_order_of_its_inputs(inputs):
    turned = dict(reversed(inputs.items()))
    assert Task("energy", inputs).key == Task("energy", turned).key
    assert Task("energy", inputs).key != Task("water", inputs).key


class LedgerLife(RuleBasedStateMachine):
    """Whatever happens to a calculation, a finished one stays as it was first entered."""

    def __init__(self):
        super().__init__()
        self.ledger = Ledger(Path(":memory:"))
        self.known = {}

    @rule(number=st.integers(0, 5))
    def plan(self, number):
        self.ledger.plan([task(number)])
        self.known.setdefault(task(number).key, None)

    @precondition(lambda self: any(v is None for v in self.known.values()))
    @rule(outcome=st.sampled_from([DONE, FAILED]))
    def finish(self, outcome):
        key = next(k for k, v in self.known.items() if v is None)
        self.ledger.submitted(key)
        self.ledger.finish(key, outcome, reused=False)
        self.known[key] = outcome

    @rule()
    def driver_dies(self):
        self.ledger.recall()

    @invariant()
    def outcomes_are_kept(self):
        assert {key: self.ledger.outcome(key) for key in self.known} == self.known


TestLedgerLife = LedgerLife.TestCase
TestLedgerLife.settings = settings(max_examples=20, deadline=None)
