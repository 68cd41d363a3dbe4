"""Pieces of work side by side, each in a process of its own that computes on one thread and ends with its driver."""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import signal
from collections.abc import Callable, Hashable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import Any, TypeVar

from reexplore.errors import ExecutionError

K = TypeVar("K", bound=Hashable)
R = TypeVar("R")

_PR_SET_PDEATHSIG = 1


def side_by_side(
    function: Callable[..., R],
    jobs: Mapping[K, tuple[Any, ...]],
    *,
    workers: int,
    of: str,
    prepare: Callable[..., None] | None = None,
    given: tuple[Any, ...] = (),
) -> Iterator[tuple[K, R]]:
    """Yield each job with what `function` returns of its arguments, when it is done.

    `prepare` is called with what is `given` once in each process. What a job is to leave behind it writes itself: when
    the caller stops, all processes are killed. `of` names the whole work in the `ExecutionError` that is raised when a
    process was killed from outside.
    """
    context, workers = multiprocessing.get_context("spawn"), min(workers, len(jobs))
    with _one_thread_each(), ProcessPoolExecutor(workers, context, _begin, (os.getpid(), prepare, given)) as pool:
        try:
            running = {pool.submit(function, *arguments): job for job, arguments in jobs.items()}
            for done in as_completed(running):
                yield running[done], done.result()
        except BrokenProcessPool:
            raise ExecutionError(
                f"a process of {of} was killed, by a lack of memory perhaps: the same command goes on, with"
                " fewer --workers if need be"
            ) from None
        except BaseException:
            # What a job has done is kept by itself: nothing that counts is lost.
            for child in multiprocessing.active_children():
                child.kill()
            raise


def _begin(driver: int, prepare: Callable[..., None] | None, given: tuple[Any, ...]) -> None:
    """Let the process end with its driver."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != driver:
        os._exit(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if prepare is not None:
        prepare(*given)


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """Let processes that are started inside compute on one thread."""
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    before = {name: os.environ.get(name) for name in names}
    os.environ |= dict.fromkeys(names, "1")
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
