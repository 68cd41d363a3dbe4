"""Commands of the command line as a user gives them, in a fork of the test's process: everything is imported there."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path


def reexplore(
    *arguments: str | Path,
    cwd: Path,
    given: str = "",
    environment: Mapping[str, str] | None = None,
    encoding: str = "utf-8",
) -> subprocess.CompletedProcess[str]:
    """Give a command in a folder, with what is typed into it, and return how it ended and what it told.

    Its terminal shows what `encoding` has.
    """
    # What most commands import is there for the next one.
    import reexplore.campaign.results.plan
    import reexplore.cli.app  # noqa: F401

    with tempfile.TemporaryDirectory(prefix="command-") as name:
        streams = [Path(name) / stream for stream in ("in", "out", "err")]
        streams[0].write_text(given)
        sys.stdout.flush()
        sys.stderr.flush()
        pid = os.fork()
        if pid == 0:
            _become([str(each) for each in arguments], cwd, streams, environment or {}, encoding)
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        told, complained = (stream.read_text(encoding=encoding) for stream in streams[1:])
    return subprocess.CompletedProcess(["reexplore", *map(str, arguments)], code, told, complained)


def _become(
    arguments: Sequence[str], cwd: Path, streams: Sequence[Path], environment: Mapping[str, str], encoding: str
) -> None:
    code: object = 1
    try:
        os.setsid()
        os.chdir(cwd)
        os.environ.update(environment)
        os.dup2(os.open(streams[0], os.O_RDONLY), 0)
        for number in (1, 2):
            os.dup2(os.open(streams[number], os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
        # A test's own streams lead elsewhere.
        sys.stdin = os.fdopen(0)
        sys.stdout, sys.stderr = (os.fdopen(number, "w", encoding=encoding) for number in (1, 2))
        code = _main(arguments)
    except SystemExit as end:
        code = 0 if end.code is None else end.code
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code if isinstance(code, int) else 1)


def _main(arguments: Sequence[str]) -> int:
    from reexplore.cli import app

    sys.argv = ["reexplore", *arguments]
    app.main()
    return 0
