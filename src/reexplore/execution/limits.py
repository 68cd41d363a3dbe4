"""One program within limits of time, memory and output: whatever it does, it ends, and how is known."""

from __future__ import annotations

import ctypes
import os
import re
import resource
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import psutil

from reexplore.errors import ExecutionError, FailureCode, WorkerInterruptedError
from reexplore.execution.cards import VISIBLE

Ended = tuple[FailureCode, str]

_POLL_S = 0.25
_GIB = 2**30
#: Stacks of threads and what libraries reserve without touching it, beside the memory a task declares.
_RESERVED_GIB = 1.0
_PR_SET_PDEATHSIG = 1
_TAIL_BYTES = 2000
#: What a program may print, and what is left of both ends when it prints more.
_MOST_OUTPUT_BYTES = 8 * 2**20
_KEPT_BYTES = 2**20
_VMSTAT = Path("/proc/vmstat")
#: Where there is a card its driver reserves far more address space than it touches; where the machine has it.
_CARDS = (Path("/dev/nvidiactl"), Path("/dev/kfd"))
#: How Python, C++, PyTorch, CUDA, OpenBLAS and Fortran say that an allocation failed.
_NO_MEMORY = re.compile(
    rb"MemoryError|std::bad_alloc|[Cc]an(no|')t allocate memory|OutOfMemoryError|out of memory|malloc failed"
)
_NO_DISK = re.compile(rb"No space left on device|Disk quota exceeded")
#: Nothing inside a calculation sends these: a batch system or a person does.
_FROM_OUTSIDE = frozenset((signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2))


def run_within(
    command: Sequence[str],
    *,
    folder: Path,
    log: Path,
    environment: dict[str, str],
    time_s: float,
    memory_gb: float,
    card: bool = False,
) -> int | Ended:
    """Run a program in `folder` and return its exit code, or the failure that ended it.

    `time_s` is wall time, `memory_gb` what all its processes hold together; on a `card` they may reserve more. Its
    output goes to `log`, whose middle is cut out when it grows beyond a few megabytes. Nothing it started is left when
    this returns. Raises `WorkerInterruptedError` when it was ended from outside and `ExecutionError` when it says that
    a disk is full.
    """
    kills_before = _kernel_kills()
    with log.open("ab") as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=environment,
            cwd=folder,
            start_new_session=True,
            preexec_fn=_confine(memory_gb, card=card),  # noqa: PLW1509 - the worker has no other thread that forks
        )
        try:
            code = _watch(process, log, time_s, memory_gb)
        finally:
            _kill_family(process)
            _cut_middle(log)
    if not isinstance(code, int) or code == 0:
        return code
    said = tail(log).encode()
    if _NO_DISK.search(said):
        raise ExecutionError("a disk is full where a worker writes, no calculation is to blame")
    if _NO_MEMORY.search(said):
        return FailureCode.OUT_OF_MEMORY, f"an allocation failed within its memory limit of {memory_gb:g} GB"
    if code > 0:
        return code
    if -code in _FROM_OUTSIDE:
        raise WorkerInterruptedError(f"a calculation was ended from outside by {signal.Signals(-code).name}")
    if -code == signal.SIGKILL and _kernel_kills() > kills_before:
        return FailureCode.OUT_OF_MEMORY, "the kernel ended it when its machine ran out of memory"
    return FailureCode.CRASHED, f"ended by signal {signal.Signals(-code).name}"


def tail(log: Path) -> str:
    """Return the last lines of an output."""
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - _TAIL_BYTES))
        return file.read().decode(errors="replace")


def _watch(process: subprocess.Popen[bytes], log: Path, time_s: float, memory_gb: float) -> int | Ended:
    deadline = time.monotonic() + time_s
    while True:
        with suppress(subprocess.TimeoutExpired):
            return process.wait(timeout=_POLL_S)
        if time.monotonic() > deadline:
            return FailureCode.TIMEOUT, f"stopped after its time limit of {time_s:.0f} s"
        if sum(_resident_gb(member) for member in _family(process.pid)) > memory_gb:
            return FailureCode.OUT_OF_MEMORY, f"stopped at its memory limit of {memory_gb:g} GB"
        _cut_middle(log)


def _confine(memory_gb: float, *, card: bool) -> Callable[[], None]:
    """Return what the new process does to itself before it becomes the program."""
    worker = os.getpid()
    ceiling = int((memory_gb + _RESERVED_GIB) * _GIB)
    if card and (any(os.environ.get(name) for name in VISIBLE) or any(path.exists() for path in _CARDS)):
        ceiling = resource.RLIM_INFINITY

    def confine() -> None:
        # A worker that is killed must not leave its calculation running beside the next attempt.
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != worker:
            os._exit(1)
        # What allocates faster than it is looked at meets this ceiling. Of address space alone, libraries reserve
        # twenty times what they touch; of writable private memory they do not.
        _, most = resource.getrlimit(resource.RLIMIT_DATA)
        if most == resource.RLIM_INFINITY or ceiling < most:
            resource.setrlimit(resource.RLIMIT_DATA, (ceiling, most))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        # When the machine itself runs out of memory, the calculation goes before its worker or the driver.
        with suppress(OSError):
            Path("/proc/self/oom_score_adj").write_text("500")

    return confine


def _family(pid: int) -> list[psutil.Process]:
    try:
        process = psutil.Process(pid)
        return [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def _resident_gb(process: psutil.Process) -> float:
    try:
        return float(process.memory_info().rss) / _GIB
    except psutil.NoSuchProcess:
        return 0.0


def _kill_family(process: subprocess.Popen[bytes]) -> None:
    # Those that left the process group are still its children.
    for member in _family(process.pid):
        with suppress(psutil.NoSuchProcess):
            member.kill()
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _kernel_kills() -> int:
    """Return how many processes this machine's kernel has ended for want of memory, in control groups too."""
    counts = dict(line.split() for line in _VMSTAT.read_text().splitlines()) if _VMSTAT.is_file() else {}
    return int(counts.get("oom_kill", 0))


def _cut_middle(log: Path) -> None:
    size = log.stat().st_size
    if size <= _MOST_OUTPUT_BYTES:
        return
    # The program appends: what it prints meanwhile comes after what is written here.
    with log.open("r+b") as file:
        file.seek(size - _KEPT_BYTES)
        end = file.read(_KEPT_BYTES)
        file.truncate(_KEPT_BYTES)
    with log.open("ab") as file:
        file.write(f"\n[... {size - 2 * _KEPT_BYTES:,} bytes left out here ...]\n".encode() + end)
