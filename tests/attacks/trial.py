"""One command in a process of its own, and what was wrong with how it answered."""

from __future__ import annotations

import os
import re
import resource
import signal
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

#: What every command may end with; its help says what each means.
EXIT_CODES = frozenset({0, 1, 2, 3, 4, 5, 6, 7, 75, 76, 130})
LONGEST_S, LARGEST_MB = 20.0, 1000.0
#: Words that tell a programmer something, and a chemist nothing.
_WORDS = re.compile(
    r"NoneType|<class |<function |object at 0x|\b[A-Z]\w*(Error|Exception)\b|Failure\(|\bdict\b|\bint\(|\[Errno|"
    r"recursion|match pattern|\btuple\b|\bstr\b|unhashable|positional argument|has no attribute|codec"
)
_FAULT = "a fault of reexplore itself"


def patience() -> float:
    """Return how many times as long as on a quiet machine everything may take now: others may be using this one."""
    return max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))


@dataclass(frozen=True)
class Answer:
    """How a command ended: its exit code, what it told, the seconds and the memory beyond this process's own."""

    code: int
    told: str
    wall_s: float
    more_mb: float
    limit_s: float

    def complaints(self) -> list[str]:
        """Return what was wrong with it, by the names of the figures."""
        found = []
        if "Traceback" in self.told or _FAULT in self.told or self.code not in EXIT_CODES:
            found.append("tracebacks")
        if self.wall_s > self.limit_s or self.more_mb > LARGEST_MB:
            found.append("hangs")
        if self.code and _WORDS.search(self.told):
            found.append("words")
        return found


def ask(arguments: Sequence[str], workspace: Path, *, limit_s: float = LONGEST_S) -> Answer:
    """Give a command in a workspace, and return how it ended; after twice the limit it is killed.

    It is forked from this process, which has everything imported: thousands take minutes. HOME and TMPDIR are
    folders beside the workspace, so that whatever is written there can be seen.
    """
    return in_a_process(lambda: _command(arguments), workspace, limit_s=limit_s)


def in_a_process(work: Callable[[], int], workspace: Path, *, limit_s: float = LONGEST_S) -> Answer:
    """Do work in a forked process with a workspace as its folder, and return how it ended."""
    log = workspace.parent / "told.txt"
    limit_s *= patience()
    for name in ("home", "tmp"):
        (workspace.parent / name).mkdir(exist_ok=True)
    before_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    began = time.monotonic()
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid == 0:
        _become(work, workspace, log)
    code, used = None, None
    while code is None:
        done, status, used = os.wait4(pid, os.WNOHANG)
        if done:
            code = os.waitstatus_to_exitcode(status)
        elif time.monotonic() - began > 2 * limit_s:
            os.killpg(pid, signal.SIGKILL)
            code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        else:
            time.sleep(0.002)
    told = log.read_text(encoding="utf-8", errors="replace")
    more_mb = used.ru_maxrss / 1024 - before_mb if used else 0.0
    return Answer(code, told, time.monotonic() - began, more_mb, limit_s)


def _become(work: Callable[[], int], workspace: Path, log: Path) -> None:
    code = 1
    try:
        os.setsid()
        os.chdir(workspace)
        os.environ |= {"HOME": str(workspace.parent / "home"), "TMPDIR": str(workspace.parent / "tmp")}
        handle = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        for stream in (1, 2):
            os.dup2(handle, stream)
        # A test's own streams lead elsewhere.
        sys.stdout, sys.stderr = os.fdopen(1, "w", buffering=1), os.fdopen(2, "w", buffering=1)
        code = work()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _command(arguments: Sequence[str]) -> int:
    import tempfile

    from reexplore.cli import app as cli

    # Python remembers where temporary files go.
    tempfile.tempdir = None
    sys.argv = ["reexplore", *arguments]
    cli.main()
    return 0


def outside(workspace: Path, known: Iterable[str] = ("told.txt",)) -> list[str]:
    """Return the files that lie beside a workspace, in its HOME or in its TMPDIR, and take them away."""
    beside = workspace.parent
    known = {*known, workspace.name, "home", "tmp"}
    strays = [path for path in beside.iterdir() if path.name not in known]
    # What runs is kept for a moment in a folder of the user's own, which stays for the next.
    ours = f"reexplore-{os.getuid()}"
    strays += [path for name in ("home", "tmp") for path in (beside / name).glob("*") if path.name != ours]
    strays += [path for path in (beside / "tmp" / ours).glob("*") if path.is_file() and path.suffix != ".lock"]
    for path in strays:
        path.rename(beside.parent / f"stray-{time.monotonic_ns()}")
    return [str(path.relative_to(beside)) for path in strays]
