"""The dispatcher: once in flight however many ask, entered in few transactions, stopped and tried again as declared."""

import itertools
import json
import time
from concurrent.futures import Future

import pytest

from reexplore.campaign.ledger.ledger import Ledger
from reexplore.campaign.running.dispatcher import Dispatcher
from reexplore.campaign.running.external_energies import EnergiesAwaited
from reexplore.campaign.running.progress import Narrator
from reexplore.campaign.running.stopping import Stopped, StopRequest
from reexplore.config import EscalationEntry
from reexplore.errors import ExecutionError, Failure, FailureCode
from reexplore.execution import durable
from reexplore.execution.store import Outcome, Store
from reexplore.execution.task import Task

CRASHED = Failure(FailureCode.CRASHED, "water", "ended by signal SIGSEGV", {})
STARVED = Failure(FailureCode.OUT_OF_MEMORY, "water", "stopped at its memory limit of 2 GB", {})


class Workers:
    """Hands out futures and finishes `at_once` of them whenever the driver would wait; fails where told."""

    def __init__(self, workers=2, failures=()):
        self.workers = workers
        self.sent, self.open, self.most, self.checks = [], [], 0, 0
        self.failures = {label: list(found) for label, found in dict(failures).items()}

    def submit(self, task):
        future = Future()
        self.sent.append(task)
        self.open.append((task, future))
        self.most = max(self.most, len(self.open))
        return future

    def come_back(self, count=1):
        for task, future in self.open[:count]:
            left = self.failures.get(task.title)
            failure = left.pop(0) if left else None
            if isinstance(failure, Exception):
                future.set_exception(failure)
            else:
                future.set_result(Outcome(None if failure else {"label": task.title}, failure, {"wall_s": 1.0}))
        del self.open[:count]

    def check(self):
        self.checks += 1


def task(label, kind="water"):
    return Task(kind, {"name": label}, title=label)


@pytest.fixture
def ledger(tmp_path):
    return Ledger(tmp_path / "ledger.sqlite")


def dispatcher(ledger, tmp_path, workers, **changes):
    return Dispatcher(
        ledger=ledger,
        store=Store(tmp_path / "store"),
        executor=workers,
        narrator=Narrator(),
        **{"rules": EscalationEntry(), "stop": StopRequest()} | changes,
    )


def worked(dispatcher, workers, *jobs):
    """Let jobs go on side by side, one calculation coming back at a time, and return what they came to."""
    waiting, found = dict(enumerate(jobs)), {}
    while waiting:
        for number, job in list(waiting.items()):
            try:
                next(job)
            except StopIteration as ended:
                found[number] = ended.value
                del waiting[number]
        if waiting:
            dispatcher._turn([])
            workers.come_back()
            dispatcher.step()
    return [found[number] for number in range(len(jobs))]


def attempts(ledger):
    return {c.title: (c.state, c.attempts) for c in ledger.calculations()}


def test_what_two_jobs_ask_for_is_in_flight_once(ledger, tmp_path, capsys):
    workers = Workers()
    desk = dispatcher(ledger, tmp_path, workers)
    tasks = [task("a"), task("b"), task("c")]
    first, second = worked(desk, workers, desk.run(tasks[:2], stage="one"), desk.run(tasks[1:], stage="two"))
    assert [sent.title for sent in workers.sent] == ["a", "b", "c"]
    assert first[tasks[1].key] is second[tasks[1].key]
    assert attempts(ledger) == {"a": ("done", 1), "b": ("done", 1), "c": ("done", 1)}
    told = capsys.readouterr().out
    assert told.count(": b,") == 1


def test_jobs_go_on_side_by_side_and_what_is_due_is_begun_when_one_has_ended(ledger, tmp_path, monkeypatch):
    monkeypatch.setattr("reexplore.campaign.running.dispatcher._CHECK_EVERY_S", 0.01)
    workers, turns, closed = Workers(), [], []
    desk = dispatcher(ledger, tmp_path, workers)

    def job(name):
        try:
            yield from desk.run([task("shared"), task(name)], stage=name)
        finally:
            closed.append(name)

    def due(under_way):
        names = {"a", "b"} if "b" not in closed else {"c"}
        return {name: job(name) for name in sorted(names) if name not in {*under_way, *closed}}

    def after_turn(ended):
        turns.append(sorted(ended))
        workers.come_back(3)

    desk.side_by_side(due, after_turn=after_turn)
    assert [turn for turn in turns if turn] == [["a", "b"], ["c"]]
    assert [sent.title for sent in workers.sent] == ["shared", "a", "b", "c"]


def test_when_one_job_cannot_go_on_the_others_are_closed(ledger, tmp_path, monkeypatch):
    monkeypatch.setattr("reexplore.campaign.running.dispatcher._CHECK_EVERY_S", 0.01)
    desk, closed = dispatcher(ledger, tmp_path, Workers()), []

    def waits():
        try:
            yield from desk.run([task("a")], stage="one")
        finally:
            closed.append("a")

    def fails():
        yield
        raise ExecutionError("the water failed")

    jobs = {"waits": waits(), "fails": fails()}
    with pytest.raises(ExecutionError, match="the water failed"):
        desk.side_by_side(lambda under_way: {} if under_way else jobs, after_turn=lambda _: None)
    assert closed == ["a"]


def test_workers_are_fed_little_by_little(ledger, tmp_path):
    workers = Workers(workers=3)
    desk = dispatcher(ledger, tmp_path, workers)
    job = desk.run([task(str(number)) for number in range(40)], stage="many")
    assert next(job) is None
    assert not desk.runs_short
    worked(desk, workers, job)
    assert workers.most == 6
    assert desk.runs_short


def test_an_outcome_and_what_is_sent_for_it_are_one_transaction(ledger, tmp_path):
    workers = Workers(workers=4)
    desk = dispatcher(ledger, tmp_path, workers)
    job = desk.run([task(str(number)) for number in range(100)], stage="many")
    next(job)
    desk._turn([])
    statements = []
    ledger._db.set_trace_callback(statements.append)
    workers.come_back(8)
    desk.step()
    # Waiting for what nobody sent would take long: the eight that came back brought eight others on the way.
    assert statements.count("COMMIT") == 1
    assert len(workers.open) == 8


def test_nothing_is_begun_on_a_disk_that_is_nearly_full(ledger, tmp_path, monkeypatch):
    workers = Workers()
    made = dispatcher(ledger, tmp_path, workers)
    monkeypatch.setattr(durable, "_LEAST_FREE_GB", 1e9)
    with pytest.raises(ExecutionError, match="make room"):
        made.finish(made.run([task("water")], stage="water"))
    assert workers.sent == []


def test_what_the_store_has_is_not_sent(ledger, tmp_path):
    workers = Workers()
    desk = dispatcher(ledger, tmp_path, workers)
    store, known = Store(tmp_path / "store"), task("known")
    store.publish(store.workspace(known.key), known.key, Outcome({"x": 1}, None, {}))
    assert desk.finish(desk.run([known], stage="one"))[known.key].value == {"x": 1}
    assert workers.sent == []
    assert ledger.calculations()[0].reused


def test_what_ran_out_of_memory_gets_more_and_what_crashes_twice_has_failed(ledger, tmp_path):
    workers = Workers(failures={"a": [STARVED], "b": [CRASHED, CRASHED]})
    desk = dispatcher(ledger, tmp_path, workers)
    tasks = [task("a"), task("b")]
    (outcomes,) = worked(desk, workers, desk.run(tasks, stage="one"))
    assert outcomes[tasks[0].key].value == {"label": "a"}
    assert outcomes[tasks[1].key].failure == CRASHED
    tried = {label: [t.resources.memory_gb for t in workers.sent if t.title == label] for label in "ab"}
    assert tried == {"a": [2.0, 4.0], "b": [2.0, 2.0]}
    assert attempts(ledger) == {"a": ("done", 2), "b": ("failed", 2)}


def test_asked_to_stop_it_sends_nothing_more_and_enters_what_runs(ledger, tmp_path):
    workers, stop = Workers(workers=1), StopRequest()
    desk = dispatcher(ledger, tmp_path, workers, stop=stop)
    job = desk.run([task(str(number)) for number in range(5)], stage="many")
    next(job)
    desk._turn([])
    stop.ask("enough")
    workers.come_back(2)
    desk.step()
    with pytest.raises(Stopped, match="enough"):
        desk.finish(job)
    assert sorted(attempts(ledger).values()) == [("done", 1)] * 2 + [("planned", 0)] * 3


def test_infrastructure_fails_no_calculation(ledger, tmp_path):
    workers = Workers(failures={"b": [ExecutionError("the block is gone")]})
    desk = dispatcher(ledger, tmp_path, workers)
    with pytest.raises(ExecutionError, match="the block is gone"):
        worked(desk, workers, desk.run([task("a"), task("b")], stage="one"))
    assert attempts(ledger) == {"a": ("done", 1), "b": ("submitted", 1)}


def test_workers_are_looked_after_while_results_keep_coming(ledger, tmp_path, monkeypatch):
    workers = Workers()
    desk = dispatcher(ledger, tmp_path, workers)
    clock = itertools.count(time.monotonic(), 2.0)
    monkeypatch.setattr("reexplore.campaign.running.dispatcher.time.monotonic", lambda: next(clock))
    worked(desk, workers, desk.run([task(str(number)) for number in range(12)], stage="many"))
    assert workers.checks >= 3


def test_awaited_energies_of_all_jobs_are_written_when_nothing_else_is_left(ledger, tmp_path):
    workers = Workers()
    desk = dispatcher(ledger, tmp_path, workers, awaited=tmp_path / "awaited")
    energies = [task("e", "energy"), task("f", "energy")]
    jobs = [desk.run([energies[0], task("a")], stage="one"), desk.run(energies, stage="two")]
    with pytest.raises(EnergiesAwaited, match="2 energies"):
        worked(desk, workers, *jobs)
    written = {json.loads(path.read_text())["label"] for path in (tmp_path / "awaited").iterdir()}
    assert written == {"e", "f"}
    assert attempts(ledger)["a"] == ("done", 1)
