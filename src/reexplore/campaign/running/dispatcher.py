"""From tasks to outcomes, through ledger, store and workers: nothing is computed twice.

Whatever needs outcomes is a *job*: a generator that yields while it waits and returns what it came to. One job runs to
its end, or many go on side by side. `Dispatcher.step` is the only place where the driver waits for its workers.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Collection, Generator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TypeVar

from reexplore.campaign.ledger.ledger import Ledger
from reexplore.campaign.running.external_energies import EnergiesAwaited, write_awaited
from reexplore.campaign.running.progress import Bar, Narrator
from reexplore.campaign.running.stopping import Stopped, StopRequest
from reexplore.config import EscalationEntry
from reexplore.errors import Failure
from reexplore.execution.durable import require_room
from reexplore.execution.escalation import next_attempt
from reexplore.execution.executor import Executor
from reexplore.execution.kinds import KINDS
from reexplore.execution.store import Outcome, Store
from reexplore.execution.task import Task

_T = TypeVar("_T")
#: Something that needs outcomes: it yields whenever it has to wait for some.
Job = Generator[None, None, _T]
#: Returns the jobs to begin beside those that are under way, whose names it is given.
Due = Callable[[Collection[str]], Mapping[str, Job[None]]]

#: Tasks kept with the workers per worker; more would only wait there instead of in the ledger.
_AHEAD = 2
_CHECK_EVERY_S = 5.0


@dataclass(eq=False)
class _Request:
    """What a job waits for."""

    outcomes: dict[str, Outcome]
    missing: set[str]
    bar: Bar | None = None


@dataclass(eq=False)
class _Calculation:
    """A calculation under way, once however many ask for it: its task as declared and as it is tried next."""

    key: str
    task: Task
    attempt: Task
    requests: list[_Request]
    failures: list[Failure] = field(default_factory=list)


class Dispatcher:
    """Gives tasks to the workers and enters what comes back.

    `device` is where those compute that can choose. With a folder `awaited`, energies are neither computed nor looked
    for in the store: those the ledger lacks are written down there, to be computed elsewhere.
    """

    def __init__(
        self,
        *,
        ledger: Ledger,
        store: Store,
        executor: Executor,
        narrator: Narrator,
        rules: EscalationEntry,
        stop: StopRequest,
        device: str = "auto",
        awaited: Path | None = None,
    ) -> None:
        self._ledger = ledger
        self._store = store
        self._executor = executor
        self._narrator = narrator
        self._rules = rules
        self._device = device
        self._stop = stop
        self._awaited = awaited
        self._asked: dict[str, _Calculation] = {}
        self._waiting: deque[_Calculation] = deque()
        self._elsewhere: list[Task] = []
        self._running = 0
        self._returned: SimpleQueue[tuple[_Calculation, Future[Outcome]]] = SimpleQueue()
        self._checked_at = time.monotonic()

    @property
    def runs_short(self) -> bool:
        """Return whether there are fewer calculations than are kept with the workers: some will be idle soon."""
        return len(self._asked) < _AHEAD * self._executor.workers

    @property
    def _room(self) -> int:
        return _AHEAD * self._executor.workers - self._running

    def run(self, tasks: Sequence[Task], *, stage: str) -> Job[dict[str, Outcome]]:
        """Return the outcome of every task by its key, computing only what neither ledger nor store has."""
        distinct = {task.key: task for task in tasks}
        request = _Request({}, set())
        with self._ledger.transaction():
            self._ledger.plan(list(distinct.values()))
            for key, task in distinct.items():
                if (known := self._known(key, task)) is not None:
                    request.outcomes[key] = known
                else:
                    request.missing.add(key)
        if not request.missing:
            return request.outcomes
        require_room(self._store.root)
        with self._narrator.stage(stage, len(request.missing)) as request.bar:
            for key, task in distinct.items():
                if key in request.missing:
                    self._ask(key, task, request)
            while request.missing:
                yield
        return request.outcomes

    def finish(self, job: Job[_T]) -> _T:
        """Return what a job comes to when there is no other; raises what `step` raises."""
        while True:
            try:
                next(job)
            except StopIteration as ended:
                came_to: _T = ended.value
                return came_to
            self.step()

    def side_by_side(self, due: Due, *, after_turn: Callable[[Collection[str]], None]) -> None:
        """Let jobs go on side by side until none is under way and none is due; raises what `step` raises.

        What is due is asked for whenever a job has ended or the workers will be idle soon. `after_turn` is called
        each time every job has gone on as far as it can, and told the names of those that ended.
        """
        jobs = dict(due(()))
        try:
            while jobs:
                ended = [name for name, job in jobs.items() if not _goes_on(job)]
                for name in ended:
                    del jobs[name]
                begun = due(jobs) if ended or self.runs_short else {}
                jobs |= begun
                if not (ended or begun):
                    self.step()
                after_turn(ended)
        finally:
            for job in jobs.values():
                job.close()

    def step(self) -> None:
        """Hand out what the workers can take, wait for something to come back, and enter it.

        Raises `Stopped` when no more is to be handed out and nothing runs any more, `EnergiesAwaited` when only
        energies are missing that have to be imported, and `ExecutionError` when the workers cannot be reached.
        """
        if self._waiting and self._room:
            self._turn([])
        if self._running:
            self._turn(self._back())
        elif told := self._stop.reason:
            raise Stopped(told)
        elif self._elsewhere and self._awaited is not None:
            write_awaited(self._awaited, self._elsewhere)
            raise EnergiesAwaited(len(self._elsewhere))

    def _known(self, key: str, task: Task) -> Outcome | None:
        """Return what ledger or store know of a task; an energy from elsewhere is never taken from the store."""
        known = self._ledger.outcome(key)
        if known is not None and self._is_usable(known, key, task):
            return known
        if key in self._asked or self._is_awaited(task):
            return None
        found = self._store.outcome(key)
        if found is None or not self._is_usable(found, key, task):
            return None
        self._ledger.finish(key, found, reused=True)
        return found

    def _is_usable(self, outcome: Outcome, key: str, task: Task) -> bool:
        """Return whether the store holds what later calculations read there of an outcome."""
        kind = KINDS[task.kind]
        if outcome.run_only or not kind.is_read_later:
            return True
        if outcome.failure is not None:
            return self._store.outcome(key) is not None
        return self._store.holds(key, kind.file)

    def _ask(self, key: str, task: Task, request: _Request) -> None:
        if key in self._asked:
            self._asked[key].requests.append(request)
            return
        self._asked[key] = calculation = _Calculation(key, task, replace(task, device=self._device), [request])
        if self._is_awaited(task):
            self._elsewhere.append(task)
        else:
            self._waiting.append(calculation)

    def _is_awaited(self, task: Task) -> bool:
        return self._awaited is not None and KINDS[task.kind].is_importable

    def _turn(self, back: list[tuple[_Calculation, Outcome]]) -> None:
        """Enter what came back and hand out as much again, in one transaction: results are in the store already."""
        sent: list[_Calculation] = []
        with self._ledger.transaction():
            for calculation, outcome in back:
                self._enter(calculation, outcome)
            while self._waiting and len(sent) < self._room and self._stop.reason is None:
                sent.append(self._waiting.popleft())
                self._ledger.submitted(sent[-1].key)
        for calculation in sent:
            future = self._executor.submit(calculation.attempt)
            self._running += 1
            future.add_done_callback(partial(self._comes_back, calculation))

    def _comes_back(self, calculation: _Calculation, done: Future[Outcome]) -> None:
        # Called in a thread of the executor's: the driver takes it from here.
        self._returned.put((calculation, done))

    def _back(self) -> list[tuple[_Calculation, Outcome]]:
        """Wait for calculations to come back and return all that did, none when it takes long."""
        back: list[tuple[_Calculation, Outcome]] = []
        try:
            waiting_s = _CHECK_EVERY_S
            while True:
                calculation, done = self._returned.get(timeout=waiting_s)
                self._running -= 1
                back.append((calculation, done.result()))
                waiting_s = 0.0
        except Empty:
            pass
        if time.monotonic() - self._checked_at > _CHECK_EVERY_S:
            self._executor.check()
            self._checked_at = time.monotonic()
        return back

    def _enter(self, calculation: _Calculation, outcome: Outcome) -> None:
        if outcome.failure is not None and outcome.run_only:
            calculation.failures.append(outcome.failure)
            again = next_attempt(calculation.task, calculation.failures, self._rules)
            if again is not None:
                self._ledger.charge(calculation.key, outcome)
                self._narrator.say(f"  {_note(calculation.task, outcome)}; trying again")
                calculation.attempt = again
                self._waiting.appendleft(calculation)
                return
        self._ledger.finish(calculation.key, outcome, reused=False)
        del self._asked[calculation.key]
        # Told once, however many have asked for it.
        note = _note(calculation.task, outcome)
        for request in calculation.requests:
            request.outcomes[calculation.key] = outcome
            request.missing.discard(calculation.key)
            if request.bar is not None:
                request.bar.advance(note)
                note = ""


def _goes_on(job: Job[None]) -> bool:
    """Let a job go on to where it has to wait; return whether there is such a place."""
    try:
        next(job)
    except StopIteration:
        return False
    return True


def _note(task: Task, outcome: Outcome) -> str:
    seconds = f"{outcome.provenance.get('wall_s', 0):.0f} s"
    if outcome.failure is not None:
        return f"{task.title}: {outcome.failure.code.value} ({outcome.failure.message}) after {seconds}"
    return f"{task.title}, {seconds}"
