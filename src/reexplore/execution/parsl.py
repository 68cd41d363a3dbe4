"""Run tasks with Parsl, on the workers of a site."""

from __future__ import annotations

import atexit
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from reexplore.errors import ExecutionError, Failure, FailureCode
from reexplore.execution.blocks import Jobs, Watch
from reexplore.execution.escalation import POISON, WORKERS_LOST
from reexplore.execution.guard import perform_json
from reexplore.execution.sites import LOST_NODES, serving, worker_count
from reexplore.execution.store import Outcome
from reexplore.execution.task import Task

if TYPE_CHECKING:
    from parsl.config import Config
    from parsl.dataflow.dflow import DataFlowKernel

#: What Parsl's clean-up may still take once an interchange is gone; it gives its own processes ten seconds to end.
_AFTER_INTERCHANGE_S = 30
#: So long may the interchange take to accept a task. Parsl would offer it for ever to one that has died, in a thread
#: that Python waits for at its end.
_ACCEPTED_S = 30


class ParslExecutor:
    """Runs each task on a Parsl worker; the worker guards it in a process of its own.

    Batch jobs that a driver before left behind are cancelled at the start, and `say` is told so.
    """

    def __init__(
        self, config: Config, *, store: Path, evidence: Path, say: Callable[[str], None] | None = None
    ) -> None:
        self._config = config
        self._places = (str(store), str(evidence))
        self._say = say or (lambda _sentence: None)
        self._jobs = Jobs(Path(config.run_dir) / "jobs.jsonl")
        self._watches = {executor.label: Watch(executor) for executor in config.executors}
        self._kernel: DataFlowKernel | None = None

    @property
    def workers(self) -> int:
        """Return how many workers the configuration may start in all."""
        return worker_count(self._config)

    def submit(self, task: Task) -> Future[Outcome]:
        """Send the task to a worker of the executor that takes its kind."""
        label = serving(task.kind, list(self._watches), card=task.insists_on_card)
        sent = self.call(label, perform_json, asdict(task), *self._places)
        future: Future[Outcome] = Future()
        sent.add_done_callback(lambda done: self._pass_on(done, task, label, future))
        return future

    def call(self, label: str, function: Callable[..., Any], *arguments: Any) -> Future[Any]:
        """Run any function of this package on a worker of the executor with this label."""
        import parsl

        if self._kernel is None:
            raise ExecutionError("the executor is used inside `with`")
        app = parsl.python_app(function, data_flow_kernel=self._kernel, executors=[label])
        called: Future[Any] = app(*arguments)
        return called

    def check(self) -> None:
        """Raise `ExecutionError` when an interchange has died, or blocks fail or stay away; all tasks stay planned."""
        for watch in self._watches.values():
            if complaint := watch.complaint():
                raise ExecutionError(
                    f"{complaint}; mend that and give the same command again (Parsl's logs: {self._config.run_dir})"
                )

    def __enter__(self) -> Self:
        """Start Parsl; its log files go to the campaign's folder."""
        import zmq
        from parsl.dataflow.dflow import DataFlowKernel

        for sentence in self._jobs.cancel_orphans(self._config.executors):
            self._say(sentence)
        for executor in self._config.executors:
            self._jobs.record(executor)
        # A kernel of its own: Parsl has one place for the kernel of a process, and a process may run several campaigns.
        try:
            self._kernel = DataFlowKernel(self._config)
        except Exception as error:
            if self._interchanges_live:
                raise
            raise ExecutionError(
                "Parsl's interchange died at its start; give the same command again (Parsl's logs:"
                f" {self._config.run_dir})"
            ) from error
        for executor in self._config.executors:
            executor.outgoing_q.zmq_socket.setsockopt(zmq.SNDTIMEO, 1000 * _ACCEPTED_S)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop the workers and end their batch jobs."""
        if self._kernel is None:
            return
        if not (self._interchanges_live and self._cleaned_up(self._kernel)):
            atexit.unregister(self._kernel.atexit_cleanup)
            for executor in self._config.executors:
                executor.provider.cancel(list(executor.blocks_to_job_id.values()))
        self._kernel = None

    @property
    def _interchanges_live(self) -> bool:
        return all(watch.interchange_lives for watch in self._watches.values())

    def _cleaned_up(self, kernel: DataFlowKernel) -> bool:
        """Let Parsl clean up; return False when that does not end: it waits for ever for an interchange that died.

        Its clean-up ends the interchanges itself, so that one may be dead for a while.
        """
        failed: list[Exception] = []

        def clean() -> None:
            try:
                kernel.cleanup()
            except Exception as error:  # raised again below, where somebody hears it
                failed.append(error)

        cleaning = threading.Thread(target=clean, name="Parsl's clean-up", daemon=True)
        cleaning.start()
        patience_s = _AFTER_INTERCHANGE_S
        while cleaning.is_alive() and patience_s > 0:
            cleaning.join(timeout=1)
            patience_s = _AFTER_INTERCHANGE_S if self._interchanges_live else patience_s - 1
        if failed:
            raise failed[0]
        return not cleaning.is_alive()

    def _pass_on(self, done: Future[dict[str, Any]], task: Task, label: str, future: Future[Outcome]) -> None:
        error = done.exception()
        if error is None:
            self._watches[label].came_back()
            future.set_result(Outcome.from_dict(done.result()))
        elif isinstance(error, ExecutionError):
            future.set_exception(error)
        elif type(error).__name__ == "WorkerLost":
            # Its worker died under it more than once, while the other workers of the node went on.
            found = {"path": str(self._config.run_dir), "output": str(error), WORKERS_LOST: POISON}
            failure = Failure(FailureCode.CRASHED, task.kind, "it took its worker down twice", found)
            future.set_result(Outcome(None, failure, {}))
        elif type(error).__name__ == "ManagerLost":
            future.set_exception(ExecutionError(f"{task.title} lost its node {LOST_NODES} times: {error}"))
        elif not self._watches[label].interchange_lives:
            future.set_exception(ExecutionError(f"Parsl's interchange of executor '{label}' has died"))
        else:
            future.set_exception(ExecutionError(f"a task did not come back: {type(error).__name__}: {error}"))
