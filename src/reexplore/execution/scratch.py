"""Where a running task puts what nobody keeps: on the node's own disk, emptied however the task ends."""

from __future__ import annotations

import os
import platform
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
from filelock import FileLock, Timeout

from reexplore.errors import ExecutionError, InputError
from reexplore.execution.run_folder import own_folder

_LOCK = ".lock"


@contextmanager
def scratch_folder(workspace: Path) -> Iterator[Path]:
    """Make a scratch folder in `$TMPDIR` where that is set, otherwise in `workspace`; remove it at the end.

    What tasks that were killed on this machine left there, folders and processes, is removed first.
    """
    shelf = _shelf(workspace)
    _sweep(shelf)
    folder = shelf / uuid.uuid4().hex[:12]
    with FileLock(_lock_path(folder)):
        folder.mkdir()
        try:
            yield folder
        finally:
            _remove(folder)


def _shelf(workspace: Path) -> Path:
    local = os.environ.get("TMPDIR")
    if local and Path(local).is_dir():
        try:
            # Others may write to $TMPDIR too: what they put in its place is not used.
            return own_folder(Path(local))
        except InputError as error:
            raise ExecutionError(str(error)) from None
    # Locks are trusted and processes are looked for on one machine only, and users sweep after themselves.
    shelf = workspace / "_scratch" / f"{platform.node()}-{os.getuid()}"
    shelf.mkdir(parents=True, exist_ok=True)
    return shelf


def _sweep(shelf: Path) -> None:
    """Remove the folders whose lock nobody holds: their tasks are dead."""
    for marker in shelf.glob(f"*{_LOCK}"):
        folder = marker.with_suffix("")
        with suppress(Timeout), FileLock(marker, timeout=0):
            # A program that a killed task had started does not die with it, but it inherited its TMPDIR.
            for pid in psutil.pids():
                with suppress(psutil.Error):
                    # Anew: what `process_iter` remembers may be a dead process whose number this one has now.
                    process = psutil.Process(pid)
                    if process.environ().get("TMPDIR") == str(folder):
                        process.kill()
            _remove(folder)


def _remove(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    if not folder.exists():
        _lock_path(folder).unlink(missing_ok=True)


def _lock_path(folder: Path) -> Path:
    return folder.with_suffix(_LOCK)
