"""The calculations of tests that are about something else: quick to start, and each computed once in a session.

Everything around a calculation is real: its executor, its guard, its store. A process is forked from one that has the
engines loaded, where a worker starts Python anew; and what a test before has computed under the same key is taken from
there. Nothing of a test's own process gets into it. Tests of the guard, of workers and of the command line start
processes as everybody does.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import traceback
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any
from unittest.mock import patch

from filelock import FileLock

from reexplore.energies.dft.blas import openblas_environment
from reexplore.execution import child, guard, parsl
from reexplore.execution.executor import SerialExecutor
from reexplore.execution.kinds import KINDS, TaskKind
from reexplore.execution.store import RESULT, Outcome

#: What takes a second or more to load, and many calculations need.
_ENGINES = ("torch", "allegro.model", "botorch.acquisition", "sklearn.ensemble", "pyscf.dft", "rdkit.Chem.AllChem")
#: What a result has beside its files.
_OF_A_RUN = (child.INPUTS, child.LOG)


class _Parent:
    """The process that calculations are forked from; it loads what one of them had to load, for those after it."""

    def __init__(self) -> None:
        environment = openblas_environment() | os.environ | {"OMP_NUM_THREADS": "1"}
        self._process = subprocess.Popen(
            [sys.executable, "-P", __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, text=True
        )

    def run(self, declared: dict[str, Any]) -> int:
        """Run one calculation and return its exit code."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        name = uuid.uuid4().hex
        self._process.stdin.write(json.dumps(declared | {"name": name}) + "\n")
        self._process.stdin.flush()
        # What a fork of this process asked for before it was killed is answered first.
        while True:
            answered, _, code = self._process.stdout.readline().partition(" ")
            if answered == name:
                return int(code)
            if not answered:
                raise RuntimeError("the process that calculations are forked from has ended")


#: Threads and forks of a test's process take turns.
_turn = threading.Lock()
_parents: list[_Parent] = []


def _forked(declared: dict[str, Any]) -> int:
    """Run one calculation in a fork of the process that has the engines loaded, and return its exit code."""
    with _turn:
        if not _parents:
            _parents.append(_Parent())
        return _parents[0].run(declared)


def _ran(
    command: Sequence[str], *, folder: Path, log: Path, environment: Mapping[str, str], kept: Path, **_limits: Any
) -> int:
    """Stand in for `limits.run_within`: leave in the task's folder what its process would, and return its exit code."""
    made, store = Path(command[-2]), command[-1]
    key = made.name.rpartition("-")[0]
    known = kept / key
    with FileLock(kept / f"{key}.lock"):
        if known.is_dir():
            shutil.copytree(known, made, dirs_exist_ok=True)
            log.touch()
            return 0
        declared = {"folder": str(made), "store": store, "scratch": str(folder), "log": str(log)}
        code = _forked(declared | {"environment": dict(environment)})
        result = made / RESULT
        if code == 0 and result.is_file() and not Outcome.from_dict(json.loads(result.read_text())).run_only:
            partial = kept / f"{key}.partial"
            shutil.copytree(made, partial, ignore=shutil.ignore_patterns(*_OF_A_RUN))
            partial.rename(known)
        return code


@contextmanager
def quick(kept: Path) -> Iterator[None]:
    """Let this process compute so; results are kept in a folder that other processes of the session share."""
    kept.mkdir(exist_ok=True)
    with patch.object(guard, "run_within", lambda *args, **named: _ran(*args, kept=kept, **named)):
        yield


class _Here(SerialExecutor):
    """Takes the place of Parsl's workers: the driver's process runs each task at once."""

    def __init__(self, _config: object, *, store: Path, evidence: Path, say: object = None) -> None:  # noqa: ARG002
        super().__init__(store=store, evidence=evidence)


@contextmanager
def without_parsl() -> Iterator[None]:
    """Let drivers of this process run their tasks themselves."""
    with patch.object(parsl, "ParslExecutor", _Here):
        yield


def given(results: Path, store: Path, wanted: Callable[[TaskKind], bool]) -> None:
    """Put the results of those kinds that are wanted from one store into another, but none that a test made up."""
    for inputs in results.glob(f"??/*/{child.INPUTS}"):
        declared = json.loads(inputs.read_text())
        if wanted(KINDS[declared["kind"]]):
            shutil.copytree(inputs.parent, store / inputs.parent.relative_to(results))


def _serve() -> None:
    """Fork a calculation for every line of the standard input, and answer with its exit code."""
    import_module("reexplore.execution.worker_functions")
    for line in sys.stdin:
        declared = json.loads(line)
        readable, writable = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(readable)
            _calculate(declared, writable)
        os.close(writable)
        with os.fdopen(readable) as told:
            loaded = told.read().split()
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        print(declared["name"], code, flush=True)
        for name in loaded:
            import_module(name)


def _calculate(declared: dict[str, Any], writable: int) -> None:
    code = 1
    try:
        handle = os.open(declared["log"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        for stream in (1, 2):
            os.dup2(handle, stream)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.chdir(declared["scratch"])
        os.environ.clear()
        os.environ.update(declared["environment"])
        # Python remembers where temporary files go.
        tempfile.tempdir = None
        before = set(sys.modules)
        code = child.main(Path(declared["folder"]), Path(declared["store"]))
        os.write(writable, " ".join(name for name in _ENGINES if name in sys.modules.keys() - before).encode())
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    _serve()
