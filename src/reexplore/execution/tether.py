"""A worker pool that cannot outlive its driver: `python -m reexplore.execution.tether COMMAND ARGUMENT...`.

Parsl's pool ends by itself when it hears nothing of its interchange. It does not where the interchange died before its
first answer, and where the pool itself is killed its workers stay. Here both end within a minute.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from types import FrameType

import psutil

#: So long may a pool be without a connection: Parsl's interchange tries as long for a lost one.
PATIENCE_S = 45.0
_LOOK_EVERY_S = 2.0
_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36
_PASSED_ON = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def hold(command: list[str], *, patience_s: float = PATIENCE_S) -> int:
    """Run a command as long as it has a TCP connection, and return its exit code; nothing it started is left.

    `patience_s` is how long it may be without one, at its start for example.
    """
    libc, holder = ctypes.CDLL(None), os.getpid()
    # What the command leaves behind becomes a child of this process, not of the machine's first one.
    libc.prctl(_PR_SET_CHILD_SUBREAPER, 1)

    # A request that comes before it can be passed on waits: it would end this process alone.
    signal.pthread_sigmask(signal.SIG_BLOCK, _PASSED_ON)

    def tie() -> None:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _PASSED_ON)
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != holder:
            os._exit(1)

    process = subprocess.Popen(command, preexec_fn=tie)  # noqa: PLW1509 - this process has no other thread

    def pass_on(number: int, _frame: FrameType | None) -> None:
        process.send_signal(number)

    for number in _PASSED_ON:
        signal.signal(number, pass_on)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _PASSED_ON)
    try:
        return _watched(process, patience_s)
    finally:
        members = psutil.Process().children(recursive=True)
        left = [folder for member in members for folder in _socket_folders(member)]
        for member in members:
            with suppress(psutil.NoSuchProcess):
                member.kill()
        for folder in left:
            shutil.rmtree(folder, ignore_errors=True)


def _watched(process: subprocess.Popen[bytes], patience_s: float) -> int:
    connected_at = time.monotonic()
    while True:
        with suppress(subprocess.TimeoutExpired):
            return process.wait(timeout=min(_LOOK_EVERY_S, patience_s / 4))
        if _is_connected(process.pid):
            connected_at = time.monotonic()
        elif time.monotonic() - connected_at > patience_s:
            sys.stderr.write(f"no connection to the driver for {patience_s:.0f} s: these workers end\n")
            return 1


def _is_connected(pid: int) -> bool:
    with suppress(psutil.NoSuchProcess):
        found = psutil.Process(pid).net_connections("tcp")
        return any(connection.status == psutil.CONN_ESTABLISHED for connection in found)
    return False


def _socket_folders(member: psutil.Process) -> list[Path]:
    """Return the temporary folders that multiprocessing made for the sockets a process listens at.

    A process that is killed leaves them behind.
    """
    with suppress(psutil.NoSuchProcess):
        paths = [Path(str(connection.laddr)) for connection in member.net_connections("unix")]
        return [path.parent for path in paths if path.parent.name.startswith("pymp-")]
    return []


def launch_command(parsl_command: str) -> str:
    """Return the command with which Parsl starts a pool, held here; the programs are found on its PATH."""
    # With -P no module is taken from the working folder.
    return f"{Path(sys.executable).name} -P -m reexplore.execution.tether {parsl_command}"


if __name__ == "__main__":
    sys.exit(hold(sys.argv[1:]))
