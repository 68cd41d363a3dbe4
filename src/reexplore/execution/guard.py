"""Run one task in a process of its own, with a time and memory limit, and keep what it leaves behind.

This is what a worker executes. Native code may crash, hang or print a hundred kilobytes: the worker
survives, the output goes to a file, and the outcome is a value in every case.
"""

from __future__ import annotations

import ctypes
import json
import os
import platform
import resource
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
from filelock import FileLock

from reexplore.energies.blas import openblas_environment
from reexplore.errors import ExecutionError, Failure, FailureCode
from reexplore.execution.child import INPUTS, LOG, MACHINE_FAULT, SCRATCH
from reexplore.execution.store import RESULT, Outcome, Store
from reexplore.execution.task import Task

_POLL_S = 0.25
_TAIL_BYTES = 2000
_PR_SET_PDEATHSIG = 1


def perform(task: Task, *, store: Path, evidence: Path) -> Outcome:
    """Return the stored outcome of a task, or compute, store and return it.

    Values and chemical failures are stored for every campaign. A timeout, a crash or lack of memory
    says something about this run only: its folder moves to `evidence` and the failure is returned.
    """
    # The child runs in a folder of its own, where a relative path would lead elsewhere.
    shelf = Store(store.resolve())
    with FileLock(shelf.lock_path(task.key)):
        found = shelf.outcome(task.key)
        return found if found is not None else _compute(task, shelf, evidence.resolve())


def _compute(task: Task, store: Store, evidence: Path) -> Outcome:
    folder = store.workspace(task.key)
    declared = {
        "kind": task.kind,
        "label": task.label,
        "inputs": task.inputs,
        "memory_gb": task.resources.memory_gb,
        "checkpoint": str(store.checkpoint(task.key)),
    }
    (folder / INPUTS).write_text(json.dumps(declared))
    started, cpu_before = time.time(), _children_cpu_s()
    try:
        ended = _run_child(task, folder, store)
    except ExecutionError as error:
        told = _tail(folder / LOG).strip().splitlines()
        raise ExecutionError(f"{error} ({told[-1] if told else 'it said nothing'}); try `reexplore doctor`") from None
    provenance = {
        "host": platform.node(),
        "started_at": started,
        "wall_s": time.time() - started,
        "cpu_s": _children_cpu_s() - cpu_before,
        "cores": task.resources.cores,
    }
    shutil.rmtree(folder / SCRATCH, ignore_errors=True)
    result = folder / RESULT
    outcome = None
    if ended is None and result.is_file():
        outcome = Outcome.from_dict(json.loads(result.read_text()) | {"provenance": provenance})
        if not outcome.run_only:
            result.write_text(json.dumps(outcome.to_dict()))
            store.publish(folder, task.key)
            shutil.rmtree(store.checkpoint(task.key), ignore_errors=True)
            return outcome
    kept = evidence / folder.name
    kept.parent.mkdir(parents=True, exist_ok=True)
    shutil.move(folder, kept)
    found = {"path": str(kept), "output": _tail(kept / LOG)}
    if outcome is not None and outcome.failure is not None:
        return replace(outcome, failure=replace(outcome.failure, evidence=outcome.failure.evidence | found))
    code, message = ended or (FailureCode.CRASHED, "it ended without a result")
    return Outcome(None, Failure(code, task.kind, message, found), provenance)


def _run_child(task: Task, folder: Path, store: Store) -> tuple[FailureCode, str] | None:
    limits = task.resources
    threads = str(limits.cores)
    environment = openblas_environment() | dict(os.environ)
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
        environment[name] = threads
    with (folder / LOG).open("wb") as log:
        process = subprocess.Popen(
            _command(folder, store),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=environment,
            cwd=folder,
            start_new_session=True,
            preexec_fn=_die_with_parent,  # noqa: PLW1509 - the worker has no other thread that forks
        )
        try:
            return _watch(process, limits.time_s, limits.memory_gb)
        finally:
            _kill_group(process)


def _command(folder: Path, store: Store) -> list[str]:
    return [sys.executable, "-m", "reexplore.execution.child", str(folder), str(store.root)]


def _watch(process: subprocess.Popen[bytes], time_s: float, memory_gb: float) -> tuple[FailureCode, str] | None:
    deadline = time.monotonic() + time_s
    while True:
        try:
            code = process.wait(timeout=_POLL_S)
            break
        except subprocess.TimeoutExpired:
            if time.monotonic() > deadline:
                return FailureCode.TIMEOUT, f"stopped after its time limit of {time_s:.0f} s"
            if _memory_gb(process.pid) > memory_gb:
                return FailureCode.OUT_OF_MEMORY, f"stopped at its memory limit of {memory_gb:g} GB"
    if code == 0:
        return None
    if code == MACHINE_FAULT:
        raise ExecutionError("a worker's machine is at fault, no calculation is")
    if code < 0:
        return FailureCode.CRASHED, f"ended by signal {signal.Signals(-code).name}"
    return FailureCode.CRASHED, f"ended with exit code {code}"


def _memory_gb(pid: int) -> float:
    try:
        process = psutil.Process(pid)
        family = [process, *process.children(recursive=True)]
        return float(sum(member.memory_info().rss for member in family)) / 2**30
    except psutil.NoSuchProcess:
        return 0.0


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return
    process.wait()


def _die_with_parent() -> None:
    # A worker that is killed must not leave its calculation running beside the next attempt.
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _children_cpu_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _tail(path: Path) -> str:
    data = path.read_bytes()[-_TAIL_BYTES:]
    return data.decode(errors="replace")


def perform_json(task: dict[str, Any], store: str, evidence: str) -> dict[str, Any]:
    """Call `perform` with plain values, as they travel to a worker."""
    return perform(Task(**task), store=Path(store), evidence=Path(evidence)).to_dict()
