"""Run one task in a process of its own, within limits, and keep what it leaves behind.

This is what a worker executes. Native code may crash, hang or print without end: the worker
survives, the output goes to a file, and the outcome is a value in every case.
"""

from __future__ import annotations

import json
import os
import platform
import resource
import shutil
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from reexplore.device import VARIABLE
from reexplore.energies.dft.blas import openblas_environment
from reexplore.errors import ExecutionError, Failure, FailureCode
from reexplore.execution.cards import card_share, pinned
from reexplore.execution.child import INPUTS, LOG, MACHINE_FAULT
from reexplore.execution.durable import file_system
from reexplore.execution.limits import Ended, run_within, tail
from reexplore.execution.scratch import scratch_folder
from reexplore.execution.store import RESULT, Outcome, Store
from reexplore.execution.task import Task

#: How much longer than the task itself may take its key's lock is waited for.
_LOCK_SLACK_S = 600.0


def perform(task: Task, *, store: Path, evidence: Path) -> Outcome:
    """Return the stored outcome of a task, or compute, store and return it.

    Values and chemical failures are stored for every campaign, with their output. A timeout, a crash or lack of
    memory says something about this run only: its folder moves to `evidence`, the path of which the failure tells.
    Raises `ExecutionError` when the machine is at fault, a full disk for one.
    """
    # The child runs in a folder of its own, where a relative path would lead elsewhere.
    shelf = Store(store.resolve())
    with file_system(shelf.root):
        marker = shelf.lock_path(task.key)
        try:
            with FileLock(marker, timeout=task.resources.time_s + _LOCK_SLACK_S):
                found = shelf.outcome(task.key)
                outcome = found if found is not None else _compute(task, shelf, evidence.resolve())
                if not outcome.run_only:
                    # Whoever comes now finds the outcome, and a file for every lock would fill a quota.
                    marker.unlink(missing_ok=True)
        except Timeout:
            raise ExecutionError(
                f"somebody has held {marker} for longer than the task may take: the process ended with its machine,"
                " so remove that file, or it still computes the same, so wait"
            ) from None
        return outcome


def _compute(task: Task, store: Store, evidence: Path) -> Outcome:
    folder = store.workspace(task.key)
    started, cpu_before = time.time(), _children_cpu_s()
    with scratch_folder(store.root) as scratch:
        declared = {
            "kind": task.kind,
            "label": task.title,
            "inputs": task.inputs,
            "memory_gb": task.resources.memory_gb,
            "scratch": str(scratch),
            "checkpoint": str(store.checkpoint(task.key)),
        }
        (folder / INPUTS).write_text(json.dumps(declared))
        ended = _run_child(task, folder, scratch, store)
    provenance = {
        "host": platform.node(),
        "started_at": started,
        "wall_s": time.time() - started,
        "cpu_s": _children_cpu_s() - cpu_before,
        "cores": task.resources.cores,
    }
    result = folder / RESULT
    outcome = None
    told = json.loads(result.read_text()) if ended is None and result.is_file() else None
    if share := card_share(task, told and told["provenance"].get("card")):
        provenance["gpus"] = share
    if told is not None:
        outcome = Outcome.from_dict(told | {"provenance": provenance | told["provenance"]})
        if not outcome.run_only:
            store.publish(folder, task.key, outcome)
            shutil.rmtree(store.checkpoint(task.key), ignore_errors=True)
            return outcome
    kept = evidence / folder.name
    kept.parent.mkdir(parents=True, exist_ok=True)
    shutil.move(folder, kept)
    found = {"path": str(kept), "output": tail(kept / LOG)}
    if outcome is not None and outcome.failure is not None:
        return replace(outcome, failure=replace(outcome.failure, evidence=outcome.failure.evidence | found))
    code, message = ended or (FailureCode.CRASHED, "it ended without a result")
    return Outcome(None, Failure(code, task.kind, message, found), provenance)


def _run_child(task: Task, folder: Path, scratch: Path, store: Store) -> Ended | None:
    limits = task.resources
    # Whatever a task and the programs it starts call temporary goes where it is removed with the rest.
    environment = openblas_environment() | dict(os.environ) | pinned(os.environ) | {"TMPDIR": str(scratch)}
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
        environment[name] = str(limits.cores)
    environment[VARIABLE] = task.device if task.may_use_card else "cpu"
    log = folder / LOG
    ended = run_within(
        _command(folder, store),
        folder=scratch,
        log=log,
        environment=environment,
        time_s=limits.time_s,
        memory_gb=limits.memory_gb,
        card=task.may_use_card,
    )
    if ended == MACHINE_FAULT:
        told = tail(log).strip().splitlines()
        raise ExecutionError(
            "a worker's machine is at fault, no calculation is"
            f" ({told[-1] if told else 'it said nothing'}); try `reexplore doctor`"
        )
    if isinstance(ended, int):
        return None if ended == 0 else (FailureCode.CRASHED, f"ended with exit code {ended}")
    return ended


def _command(folder: Path, store: Store) -> list[str]:
    return [sys.executable, "-P", "-m", "reexplore.execution.child", str(folder), str(store.root)]


def _children_cpu_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def perform_json(task: dict[str, Any], store: str, evidence: str) -> dict[str, Any]:
    """Call `perform` with plain values, as they travel to a worker."""
    return perform(Task(**task), store=Path(store), evidence=Path(evidence)).to_dict()
