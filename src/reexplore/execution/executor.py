"""What the campaign asks of anything that runs tasks, and the plainest thing that does."""

from __future__ import annotations

from concurrent.futures import Future
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from reexplore.execution.guard import perform
from reexplore.execution.store import Outcome
from reexplore.execution.task import Task


class Executor(Protocol):
    """Runs tasks somewhere; used as a context manager."""

    @property
    def workers(self) -> int:
        """Return how many tasks run at the same time, as far as is known."""

    def submit(self, task: Task) -> Future[Outcome]:
        """Start a task and return its future outcome."""

    def check(self) -> None:
        """Raise `ExecutionError` when the workers can no longer be reached."""

    def __enter__(self) -> Self:
        """Start the workers."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop the workers."""


class SerialExecutor:
    """Runs each task at once, in this process's child; for tests and for finding faults."""

    workers = 1

    def __init__(self, *, store: Path, evidence: Path) -> None:
        self._store = store
        self._evidence = evidence

    def submit(self, task: Task) -> Future[Outcome]:
        """Run the task and return its finished future."""
        future: Future[Outcome] = Future()
        future.set_result(perform(task, store=self._store, evidence=self._evidence))
        return future

    def check(self) -> None:
        """Return at once: there are no workers to lose."""

    def __enter__(self) -> Self:
        """Return the executor; there is nothing to start."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Do nothing; there is nothing to stop."""
