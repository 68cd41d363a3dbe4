"""Label, learn and choose side by side: nothing twice, nothing lost, and every choice can be made again."""

import hashlib
import json
import signal
import subprocess
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace

import numpy as np
import pytest

from reexplore.campaign.declaration.assembled import pool_of
from reexplore.campaign.driver import open_ledger
from reexplore.campaign.loop import open_campaign, run_campaign
from reexplore.campaign.results.replay import replay
from reexplore.campaign.running.context import CampaignContext
from reexplore.campaign.running.progress import Narrator
from reexplore.errors import Failure, FailureCode, InputError
from reexplore.execution import guard
from reexplore.execution.kinds import FORECAST_FILE, MEMBER_FILE
from reexplore.execution.store import Outcome, Store
from reexplore.execution.worker_functions import Context
from reexplore.surrogate.forecast import Forecast
from reexplore.surrogate.samples import samples_from_text
from tests.calculations import given
from tests.campaign.test_loop import REEXPLORE, SMALL, _wait_for_done, small

BUDGET = {"seed_labels": 4, "batch": 2, "labels": 9}


class Killed(BaseException):
    """Stands in for the end of the driver's process."""


class Threads:
    """Runs tasks in two threads; networks are made up in this process, energies are those of the teacher."""

    workers = 2

    def __init__(self, store, *, computed, kill_at=None, broken=()):
        self.store = Store(store)
        self.pool = ThreadPoolExecutor(self.workers)
        self.submitted, self.computed = 0, computed
        self.kill_at, self.broken = kill_at, broken

    def submit(self, task):
        self.submitted += 1
        if self.submitted == self.kill_at:
            raise Killed
        return self.pool.submit(self._perform, task)

    def check(self):
        """Threads are always there."""

    def _perform(self, task):
        if (known := self.store.outcome(task.key)) is not None:
            return known
        self.computed[task.key] += 1
        broken = task.kind == "complex" and task.title in self.broken
        if not broken and task.kind not in _MADE_UP:
            return guard.perform(task, store=self.store.root, evidence=self.store.root.parent / "evidence")
        folder = self.store.workspace(task.key)
        if broken:
            outcome = Outcome(None, Failure(FailureCode.CLASH, "quality", "made to fail", {}), {})
        else:
            value = _MADE_UP[task.kind](task.inputs, Context(folder, folder, folder, self.store, 1, 8.0))
            outcome = Outcome(value, None, {})
        self.store.publish(folder, task.key, outcome)
        return outcome


def _member(inputs, context):
    known = samples_from_text(context.store.get_text(inputs["samples"]))
    mean = float(np.mean([sample.target_kcal_mol for sample in known]))
    mine = known[inputs["member"] :: inputs["members"]]
    (context.folder / MEMBER_FILE).write_text(f"member {inputs['member']} of {len(known)} samples")
    return {"out_of_fold_kcal_mol": {sample.key: mean for sample in mine}}


def _predict(inputs, context):
    from reexplore.chemistry.families import Family

    family = Family.from_text(context.store.get_text(inputs["family"]))
    keys = [candidate.key for candidate in family.candidates()]
    said = [[_number(key + member) for member in inputs["members"]] for key in keys]
    Forecast(tuple(keys), np.array(said)).save(context.folder / FORECAST_FILE)
    return {"candidates": len(keys)}


_MADE_UP = {"member": _member, "predict": _predict}


def _number(text):
    return -100 - int(hashlib.sha256(text.encode()).hexdigest()[:4], 16) / 2**10


def asynchronous(tmp_path, **changes):
    """Return a small campaign whose tracker is nowhere."""
    made = {"steering": "asynchronous", "budget": BUDGET, "tracking": {"store": "http://127.0.0.1:9"}}
    return small(tmp_path, **(made | changes))


def run(setup, **options):
    """Run a campaign and return how often each calculation was computed."""
    executor = Threads(setup.store, **({"computed": Counter()} | options))
    ledger = open_campaign(setup)
    try:
        with executor.pool:
            run_campaign(CampaignContext(setup, ledger, executor, Narrator()))
    finally:
        ledger.close()
    return executor.computed


def inputs_of(setup, ledger):
    return [json.loads(Store(setup.store).get_text(choice.inputs)) for choice in ledger.choices()]


def require_sound(setup):
    """Check what holds for every asynchronous campaign that came to its end."""
    ledger = open_ledger(setup)
    assert len(ledger.labels()) == BUDGET["labels"]
    assert all(one.finished_at is not None and one.model for one in ledger.rounds())
    picked = [pick.candidate for pick in ledger.picks()]
    assert len(picked) == len(set(picked)) == len(ledger.labels()) + len(ledger.label_failures())
    # Nothing is learned twice and nothing in vain.
    trained = [c for c in ledger.calculations() if c.kind == "member"]
    assert len(trained) == SMALL["surrogate"]["members"] * len(ledger.rounds())
    assert ledger.rounds()[-1].learned.labels == BUDGET["labels"]
    told = [point.key for one in ledger.rounds() for point in one.learned.parity]
    expected = {p.candidate for p in ledger.picks() if p.predicted is not None} & ledger.labels().keys()
    assert len(told) == len(set(told))
    assert set(told) == expected
    replayed = list(replay(setup, ledger))
    assert len(replayed) == len(ledger.choices()) > 2
    assert [pick for each in replayed for pick in each.entered] == ledger.picks()
    assert all(each.agrees for each in replayed)
    return ledger


def test_an_asynchronous_campaign_ends_with_its_labels_and_can_be_replayed(tmp_path):
    setup = asynchronous(tmp_path)
    computed = run(setup)
    ledger = require_sound(setup)
    assert set(computed.values()) == {1}
    # Some choice was made while others were being labelled, and knew of them.
    taken = set()
    for inputs, choice in zip(inputs_of(setup, ledger), ledger.choices(), strict=True):
        mine = {p.candidate for p in ledger.picks() if p.round == choice.round and p.position >= choice.first}
        assert not taken & mine or any(other.round == choice.round for other in ledger.choices())
        if "forecast" in inputs:
            assert taken == {*inputs["labelled"], *inputs.get("pending", ()), *inputs["excluded"]}
        taken = {*inputs.get("pending", ()), *inputs.get("labelled", ()), *taken} | _picked_by(ledger, choice)
    assert any(inputs.get("pending") for inputs in inputs_of(setup, ledger))


def _picked_by(ledger, choice):
    later = [c.first for c in ledger.choices() if c.round == choice.round and c.number > choice.number]
    end = min(later, default=10**6)
    return {p.candidate for p in ledger.picks() if p.round == choice.round and choice.first <= p.position < end}


def test_what_fails_is_replaced(tmp_path):
    setup = asynchronous(tmp_path)
    first = next(iter(pool_of(setup, ()).values()))
    others = [first.name.replace("La", metal) for metal in ("La", "Lu")]
    run(setup, broken=others)
    ledger = require_sound(setup)
    assert {f.code for f in ledger.label_failures().values()} <= {FailureCode.CLASH}


def test_killed_again_and_again_it_loses_nothing_and_keeps_its_choices(tmp_path):
    setup = asynchronous(tmp_path)
    computed, choices, picks, kills = Counter(), [], [], 0
    for kill_at in (3, 8, 14, 9, 11, 7, 13, None):
        try:
            run(setup, kill_at=kill_at, computed=computed)
        except Killed:
            kills += 1
        ledger = open_ledger(setup)
        assert ledger.choices()[: len(choices)] == choices
        assert ledger.picks()[: len(picks)] == picks
        choices, picks = ledger.choices(), ledger.picks()
        ledger.close()
    assert kills >= 4
    ledger = require_sound(setup)
    # Threads outlive this driver: what was in flight is finished, and found.
    assert set(computed.values()) == {1}
    # A choice that had not been made when its driver ended is made anew, with what was known by then.
    assert {c.state for c in ledger.calculations() if c.kind != "select"} == {"done"}


def test_a_choice_that_was_tampered_with_is_told(tmp_path):
    setup = asynchronous(tmp_path, budget=BUDGET | {"labels": 6})
    run(setup)
    ledger = open_ledger(setup)
    last = list(replay(setup, ledger))[-1]
    assert last.agrees
    assert not replace(last, again=last.again[:-1]).agrees
    wrong = replace(last.again[0], predicted=last.again[0].predicted + 1e-3)
    assert not replace(last, again=[wrong, *last.again[1:]]).agrees


def test_rounds_can_be_replayed_too(tmp_path):
    setup = asynchronous(tmp_path, steering="rounds")
    run(setup)
    ledger = require_sound(setup)
    assert [choice.round for choice in ledger.choices()] == list(range(len(ledger.rounds())))
    assert not any("pending" in inputs for inputs in inputs_of(setup, ledger))


def test_rounds_killed_again_and_again_end_like_undisturbed_ones(tmp_path):
    ended = []
    for name, kills in (("undisturbed", ()), ("killed", (5, 12, 9, 14, 6, 11))):
        (tmp_path / name).mkdir()
        setup = asynchronous(tmp_path / name, steering="rounds")
        computed = Counter()
        for kill_at in (*kills, None):
            with suppress(Killed):
                run(setup, kill_at=kill_at, computed=computed)
        assert set(computed.values()) == {1}
        ledger = open_ledger(setup)
        ended.append((ledger.picks(), list(ledger.labels().items()), [r.learned for r in ledger.rounds()]))
    assert ended[0] == ended[1]


def test_a_campaign_keeps_its_steering(tmp_path):
    open_campaign(asynchronous(tmp_path)).close()
    with pytest.raises(InputError, match="steering: 'asynchronous' -> 'rounds'"):
        open_campaign(asynchronous(tmp_path, steering="rounds"))


@pytest.mark.engine
def test_killed_and_resumed_with_real_workers_it_can_be_replayed(tmp_path):
    changes = {"surrogate": {"members": 2, "model": "composition"}}
    changes |= {"budget": {"seed_labels": 4, "batch": 2, "labels": 6}}
    other = tmp_path / "other"
    other.mkdir()
    run(small(other, **changes, steering="asynchronous"))
    setup = asynchronous(tmp_path, **changes)
    # Geometries and energies are there; its workers learn and choose.
    given(other / "runs" / "_store", setup.store, lambda kind: kind.is_chemistry)
    driver = subprocess.Popen(
        [REEXPLORE, "campaign", "run", "small.yaml"],
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _wait_for_done(setup, "member", 1)
    driver.send_signal(signal.SIGKILL)
    driver.wait()
    for verb in ("resume", "replay"):
        command = [REEXPLORE, "campaign", verb, "small.yaml"]
        ended = subprocess.run(command, cwd=tmp_path, check=False, capture_output=True, text=True)
        assert ended.returncode == 0, ended.stderr
    assert "the same" in ended.stdout
    assert "DIFFERENT" not in ended.stdout
    assert len(open_ledger(setup).labels()) == 6
