"""Writing so that it lasts: synced to the disk, and a disk that refuses is nobody's failure but its own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from reexplore.errors import ExecutionError, refusal

#: What a round may well write; with less left on the disk it is better not begun.
_LEAST_FREE_GB = 1.0
_LEAST_FREE_FILES = 2000


@contextmanager
def file_system(place: Path) -> Iterator[None]:
    """Turn whatever the file system refuses inside, a full disk, a quota, a read-only folder, into `ExecutionError`."""
    try:
        yield
    except OSError as error:
        raise ExecutionError(
            f"the file system of {place} refused ({refusal(error)}): mend that, then give the same command again;"
            " nothing finished is lost"
        ) from error


def require_room(place: Path) -> None:
    """Raise `ExecutionError` when the disk of a folder is nearly full; quotas are not seen from here."""
    with file_system(place):
        place.mkdir(parents=True, exist_ok=True)
        found = os.statvfs(place)
    free_gb = found.f_bavail * found.f_frsize / 1e9
    # Some file systems make their files' numbers up as they go and report none at all.
    files = found.f_favail if found.f_files else _LEAST_FREE_FILES
    if free_gb < _LEAST_FREE_GB or files < _LEAST_FREE_FILES:
        raise ExecutionError(
            f"the disk of {place} has {free_gb:.2f} GB and {files:,} files left: make room (`reexplore store pack` puts"
            " finished results into a few files), then give the same command again; nothing finished is lost"
        )


def sync(path: Path) -> None:
    """Bring a file, or a folder's list of files, to the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
