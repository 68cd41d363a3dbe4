"""From tasks to outcomes, through ledger, store and workers: nothing is computed twice."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from pathlib import Path

from reexplore.campaign.elsewhere import EnergiesAwaited, write_awaited
from reexplore.campaign.ledger import Ledger
from reexplore.campaign.progress import Bar, Narrator
from reexplore.execution.executor import Executor
from reexplore.execution.store import Outcome, Store
from reexplore.execution.task import Task

#: Tasks kept with the workers per worker; more would only wait there instead of in the ledger.
_AHEAD = 2
_CHECK_EVERY_S = 5.0


class Calculator:
    """Gives tasks to the workers and enters what comes back.

    With a folder `awaited`, energies are neither computed nor looked for in the store: those the ledger lacks are
    written down there, to be computed elsewhere.
    """

    def __init__(
        self, *, ledger: Ledger, store: Store, executor: Executor, narrator: Narrator, awaited: Path | None = None
    ) -> None:
        self._ledger = ledger
        self._store = store
        self._executor = executor
        self._narrator = narrator
        self._awaited = awaited

    def run(self, tasks: Sequence[Task], *, stage: str) -> dict[str, Outcome]:
        """Return the outcome of every task by its key, computing only what neither ledger nor store has.

        Raises `EnergiesAwaited` when energies are missing that have to be imported.
        """
        distinct = {task.key: task for task in tasks}
        self._ledger.plan(list(distinct.values()))
        outcomes: dict[str, Outcome] = {}
        missing: list[Task] = []
        awaited: list[Task] = []
        for key, task in distinct.items():
            if (known := self._ledger.outcome(key)) is not None:
                outcomes[key] = known
            elif self._awaited is not None and task.kind == "energy":
                awaited.append(task)
            elif (found := self._store.outcome(key)) is not None:
                self._ledger.finish(key, found, reused=True)
                outcomes[key] = found
            else:
                missing.append(task)
        if missing:
            with self._narrator.stage(stage, len(missing)) as bar:
                outcomes |= self._compute(missing, bar)
        if awaited and self._awaited is not None:
            write_awaited(self._awaited, awaited)
            raise EnergiesAwaited(len(awaited))
        return outcomes

    def _compute(self, tasks: list[Task], bar: Bar) -> dict[str, Outcome]:
        outcomes: dict[str, Outcome] = {}
        waiting = list(reversed(tasks))
        running: dict[Future[Outcome], Task] = {}
        while waiting or running:
            while waiting and len(running) < _AHEAD * self._executor.workers:
                task = waiting.pop()
                self._ledger.submitted(task.key)
                running[self._executor.submit(task)] = task
            done, _ = wait(running, timeout=_CHECK_EVERY_S, return_when=FIRST_COMPLETED)
            if not done:
                self._executor.check()
            for future in done:
                task = running.pop(future)
                outcome = future.result()
                self._ledger.finish(task.key, outcome, reused=False)
                outcomes[task.key] = outcome
                bar.advance(_note(task, outcome))
        return outcomes


def _note(task: Task, outcome: Outcome) -> str:
    seconds = f"{outcome.provenance.get('wall_s', 0):.0f} s"
    if outcome.failure is not None:
        return f"{task.label}: {outcome.failure.code.value} ({outcome.failure.message}) after {seconds}"
    return f"{task.label}, {seconds}"
