"""The ledger keeps what it was told, once, and nothing of a transaction that failed."""

import sqlite3

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from reexplore.campaign.ledger import AquoKeys, Choice, LabelKeys, Ledger, Pick
from reexplore.errors import Failure, FailureCode, InputError
from reexplore.execution.store import Outcome
from reexplore.execution.task import Task

DONE = Outcome({"total_hartree": -1.0}, None, {"cpu_s": 2.0})
FAILED = Outcome(None, Failure(FailureCode.NOT_CONVERGED, "scf", "no", {"cycles": 9}), {"cpu_s": 1.0})


def task(number):
    return Task("energy", {"number": number})


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
    assert [(c["state"], c["attempts"], c["reused"]) for c in again.calculations()] == [
        ("done", 1, False),
        ("failed", 0, True),
    ]


def test_planning_twice_keeps_what_is_done(tmp_path):
    ledger = Ledger(tmp_path / "l")
    ledger.plan([task(1)])
    ledger.finish(task(1).key, DONE, reused=False)
    ledger.plan([task(1), task(2)])
    assert [c["state"] for c in ledger.calculations()] == ["done", "planned"]


def test_a_dead_drivers_submissions_are_planned_again(tmp_path):
    ledger = Ledger(tmp_path / "l")
    ledger.plan([task(1), task(2)])
    ledger.submitted(task(1).key)
    assert ledger.recall() == 1
    assert {c["state"] for c in ledger.calculations()} == {"planned"}


def test_a_run_only_failure_is_tried_again_and_a_chemical_one_is_not(tmp_path):
    ledger = Ledger(tmp_path / "l")
    ledger.plan([task(1), task(2)])
    crashed = Outcome(None, Failure(FailureCode.CRASHED, "energy", "by a signal", {"path": "x"}), {})
    ledger.finish(task(1).key, crashed, reused=False)
    ledger.finish(task(2).key, FAILED, reused=False)
    assert ledger.recall() == 1
    assert ledger.outcome(task(1).key) is None
    assert ledger.outcome(task(2).key) == FAILED


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


def test_aquo_ions_and_their_failures(tmp_path):
    ledger = Ledger(tmp_path / "l")
    ledger.enter_aquo_ion("La", None, FAILED.failure)
    ledger.enter_aquo_ion("Lu", None, FAILED.failure)
    ledger.enter_aquo_ion("La", AquoKeys("s", "e"), None)
    assert ledger.aquo_ions() == {"La": AquoKeys("s", "e")}
    assert ledger.aquo_failures() == {"Lu": FAILED.failure}


@pytest.fixture
def version_1(tmp_path):
    """Return a ledger as it was before it kept aquo ions, with one label."""
    ledger = Ledger(tmp_path / "old")
    ledger.open_round(0, "seed", [pick("a")])
    ledger.enter_label("a", LabelKeys("s", "c", "i", "l", "w"), None)
    ledger.close()
    db = sqlite3.connect(tmp_path / "old")
    db.execute("DROP TABLE aquo_ion")
    db.execute("DROP TABLE choice")
    db.execute("PRAGMA user_version = 1")
    db.commit()
    db.close()
    return tmp_path / "old"


def test_aquo_ions_follow_the_series_whichever_was_entered_last(tmp_path):
    ledger = Ledger(tmp_path / "l")
    for metal in ("Lu", "Eu", "La", "Y", "Lu"):
        ledger.enter_aquo_ion(metal, AquoKeys("s", "e"), None)
    assert list(ledger.aquo_ions()) == ["Y", "La", "Eu", "Lu"]


def test_an_old_ledger_is_read_as_it_is(version_1):
    before = version_1.read_bytes()
    reader = Ledger(version_1, read_only=True)
    assert list(reader.labels()) == ["a"]
    assert reader.aquo_ions() == reader.aquo_failures() == {}
    assert version_1.read_bytes() == before


def test_an_old_ledger_that_is_written_to_learns_of_aquo_ions(version_1):
    ledger = Ledger(version_1)
    ledger.enter_aquo_ion("La", AquoKeys("s", "e"), None)
    ledger.close()
    again = Ledger(version_1)
    assert list(again.labels()) == ["a"]
    assert list(again.aquo_ions()) == ["La"]


def test_a_closed_round_waits_for_the_tracker(tmp_path):
    ledger = Ledger(tmp_path / "l")
    ledger.open_round(0, "seed", [pick("a")])
    ledger.close_round(0, {"metrics": {"x": 1.5}})
    assert ledger.unsent_rounds() == [0]
    ledger.mark_sent()
    assert ledger.unsent_rounds() == []
    assert ledger.rounds()[0].learned == {"metrics": {"x": 1.5}}


def test_a_round_takes_several_choices_and_keeps_what_each_was_made_from(tmp_path):
    ledger = Ledger(tmp_path / "l")
    ledger.open_round(0, "seed", [pick("a"), pick("b")], inputs="one")
    ledger.open_round(0, "seed", [pick("c")], inputs="two")
    ledger.close_round(0, {"metrics": {}})
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


def test_a_file_that_is_no_ledger_is_refused(tmp_path):
    (tmp_path / "l").write_text("something else entirely, and long enough to be read as a page" * 40)
    with pytest.raises(InputError, match="is not a ledger"):
        Ledger(tmp_path / "l")


def test_a_ledger_of_another_version_is_refused(tmp_path):
    db = sqlite3.connect(tmp_path / "l")
    db.execute("PRAGMA user_version = 99")
    db.commit()
    db.close()
    with pytest.raises(InputError, match="ledger version 99"):
        Ledger(tmp_path / "l")


def test_a_reader_does_not_write(tmp_path):
    Ledger(tmp_path / "l").close()
    reader = Ledger(tmp_path / "l", read_only=True)
    with pytest.raises(sqlite3.OperationalError):
        reader.plan([task(1)])


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
        self.ledger = Ledger(":memory:")
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
