"""Run tasks with Parsl: the settings every site needs, and the executor the campaign uses."""

from __future__ import annotations

import atexit
import importlib.util
import inspect
import os
import shutil
import sys
from concurrent.futures import Future
from dataclasses import asdict
from functools import partial
from pathlib import Path
from types import ModuleType, TracebackType
from typing import TYPE_CHECKING, Any, Self

from reexplore.errors import ExecutionError, InputError
from reexplore.execution.guard import perform_json
from reexplore.execution.store import Outcome
from reexplore.execution.task import Task

if TYPE_CHECKING:
    from parsl.config import Config
    from parsl.dataflow.dflow import DataFlowKernel

#: Infrastructure may fail a task this often before it is given back to the ledger.
_RETRIES = 3


def executor_settings() -> dict[str, Any]:
    """Return what every HighThroughputExecutor of a site file should be given.

    The interchange dies with the driver (Parsl issue 3663: a killed driver otherwise leaves it and
    the jobs running, and their results are lost). One bad block does not fail every queued task.
    """
    from parsl.jobs.error_handlers import windowed_error_handler

    programs = Path(sys.executable).parent
    # Parsl looks its programs up on PATH; `.venv/bin/reexplore` has to work without activation.
    if str(programs) not in os.environ["PATH"].split(os.pathsep):
        os.environ["PATH"] = f"{programs}{os.pathsep}{os.environ['PATH']}"
    settings: dict[str, Any] = {
        "heartbeat_period": 15,
        "heartbeat_threshold": 60,
        "prefetch_capacity": 0,
        "block_error_handler": partial(windowed_error_handler, threshold=3),
    }
    setsid, setpriv = shutil.which("setsid"), shutil.which("setpriv")
    if setsid and setpriv:
        tied = [setpriv, "--pdeathsig", "TERM", str(programs / "interchange.py")]
        # A session of its own: Ctrl-C in the terminal must reach the driver alone, which then stops the rest.
        settings["interchange_launch_cmd"] = [setsid, *tied]
    return settings


def config_settings(run_dir: Path) -> dict[str, Any]:
    """Return what every `parsl.Config` of a site file should be given; the ledger is the memo."""
    return {
        "run_dir": str(run_dir),
        "retries": _RETRIES,
        "retry_handler": _retry_cost,
        "usage_tracking": 0,
        "exit_mode": "skip",
        "strategy_period": 5,
    }


def _retry_cost(error: BaseException, _record: Any) -> float:
    # Only a lost worker or node is tried again; every other error is a verdict.
    return 1.0 if type(error).__name__ in ("WorkerLost", "ManagerLost") else _RETRIES + 1.0


def load_site(path: Path, *, run_dir: Path, options: dict[str, Any]) -> Config:
    """Return the Parsl configuration a site file makes; raise `InputError` when it cannot."""
    module = _import(path)
    make_config = getattr(module, "make_config", None)
    if make_config is None:
        raise InputError(f"{path}: a Parsl config file defines `make_config(run_dir, ...)`")
    known = [name for name in inspect.signature(make_config).parameters if name != "run_dir"]
    for name in options:
        if name not in known:
            raise InputError(f"{path} takes no option '{name}': its options are {', '.join(known) or 'none'}")
    try:
        config: Config = make_config(run_dir, **options)
        workers = worker_count(config)
    except Exception as error:
        raise InputError(
            f"{path} cannot make a configuration of execution.options: {type(error).__name__}: {error}"
        ) from error
    if workers < 1:
        raise InputError(f"{path} makes a configuration without workers: give at least one")
    return config


def _import(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"reexplore_site_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise InputError(f"{path} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise InputError(f"{path} cannot be imported: {type(error).__name__}: {error}") from error
    return module


def worker_count(config: Config) -> int:
    """Return how many workers a configuration may start in all, counting nodes and blocks."""
    return sum(
        int(executor.max_workers_per_node) * executor.provider.nodes_per_block * executor.provider.max_blocks
        for executor in config.executors
    )


class ParslExecutor:
    """Runs each task on a Parsl worker; the worker guards it in a process of its own."""

    def __init__(self, config: Config, *, store: Path, evidence: Path) -> None:
        self._config = config
        self._places = (str(store), str(evidence))
        self._kernel: DataFlowKernel | None = None

    @property
    def workers(self) -> int:
        """Return how many workers the configuration may start in all."""
        return worker_count(self._config)

    def submit(self, task: Task) -> Future[Outcome]:
        """Send the task to a worker."""
        if self._kernel is None:
            raise ExecutionError("the executor is used inside `with`")
        sent = self._app(asdict(task), *self._places)
        future: Future[Outcome] = Future()
        sent.add_done_callback(lambda done: _pass_on(done, future))
        return future

    def check(self) -> None:
        """Raise `ExecutionError` when the interchange, which carries every task, has died."""
        for executor in self._config.executors:
            if not self._interchange_lives(executor):
                raise ExecutionError(
                    f"Parsl's interchange of executor '{executor.label}' has died;"
                    f" see {self._config.run_dir}, then run `reexplore campaign resume`"
                )

    def __enter__(self) -> Self:
        """Start Parsl; its log files go to the campaign's folder."""
        import parsl

        self._kernel = parsl.load(self._config)
        self._app = parsl.python_app(perform_json, data_flow_kernel=self._kernel)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop the workers."""
        import parsl

        if self._kernel is None:
            return
        if all(self._interchange_lives(executor) for executor in self._config.executors):
            self._kernel.cleanup()
        else:
            # Parsl's own clean-up would wait for the dead interchange for ever.
            atexit.unregister(self._kernel.atexit_cleanup)
            for executor in self._config.executors:
                executor.provider.cancel(list(executor.blocks_to_job_id.values()))
        parsl.clear()
        self._kernel = None

    @staticmethod
    def _interchange_lives(executor: Any) -> bool:
        process = executor.interchange_proc
        return process is None or process.poll() is None


def _pass_on(done: Future[dict[str, Any]], future: Future[Outcome]) -> None:
    error = done.exception()
    if error is None:
        future.set_result(Outcome.from_dict(done.result()))
    elif isinstance(error, ExecutionError):
        future.set_exception(error)
    else:
        future.set_exception(ExecutionError(f"a task did not come back: {type(error).__name__}: {error}"))
