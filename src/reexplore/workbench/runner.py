"""Single tasks, one after another, through the same store and guard as a campaign's."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

from rich.console import Console
from rich.markup import escape
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from reexplore.campaign.running.progress import Narrator
from reexplore.errors import CalculationFailed, Failure
from reexplore.execution.executor import SerialExecutor
from reexplore.execution.store import Outcome, Store
from reexplore.execution.task import Task


class Runner:
    """Runs tasks in a workspace and says so; what its store holds already is not computed again.

    `reused` are the stages whose result was found.
    """

    def __init__(self, workspace: Path, *, console: Console) -> None:
        self._store = Store(workspace / "runs" / "_store")
        self._executor = SerialExecutor(store=self._store.root, evidence=workspace / "runs" / "_evidence")
        self._console, self._narrator = console, Narrator(console)
        self.reused: list[str] = []

    def value(self, stage: str, task: Task) -> dict[str, Any]:
        """Return the value of a task; raise `CalculationFailed` when it failed."""
        return self.value_and_provenance(stage, task)[0]

    def value_and_provenance(self, stage: str, task: Task) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return the value of a task, and where and how long it ran; raise `CalculationFailed` when it failed."""
        outcome = self.outcome(stage, task)
        if outcome.value is None:
            raise CalculationFailed.of(cast(Failure, outcome.failure))
        return outcome.value, outcome.provenance

    def outcome(self, stage: str, task: Task) -> Outcome:
        """Return the outcome of a task, found or computed."""
        found = self._store.outcome(task.key)
        if found is not None:
            self.reused.append(stage)
            self._narrator.say(f"{stage}: {task.title}, {_ending(found)}, found in the store")
            return found
        columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
        with Progress(*columns, console=self._console, transient=True) as progress:
            progress.add_task(escape(f"{stage}: {task.title}"), total=None)
            outcome = self._executor.submit(task).result()
        self._narrator.say(f"{stage}: {task.title}, {_ending(outcome)} after {outcome.provenance['wall_s']:.0f} s")
        return outcome


def _ending(outcome: Outcome) -> str:
    return "done" if outcome.failure is None else f"{outcome.failure.code.value} ({outcome.failure.message})"
