"""A name for Parsl's folder that no shell obeys: Parsl writes paths into scripts and glob patterns without quotes."""

from __future__ import annotations

import hashlib
import os
import re
import stat
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from reexplore.errors import InputError

if TYPE_CHECKING:
    from parsl.config import Config

#: What neither a shell nor a glob pattern takes for anything but itself.
_PLAIN = re.compile(r"[A-Za-z0-9_./+=:@,-]+")
#: A socket's path has 107 characters at most; multiprocessing puts its own behind the temporary folder.
_LONGEST_SOCKET, _LISTENER = 107, len("/pymp-abcdefgh/listener-abcdefgh")


def is_plain(path: Path) -> bool:
    """Return whether a path means itself wherever it is written."""
    return _PLAIN.fullmatch(str(path)) is not None


def require_reachable(config: Config, run_dir: Path) -> None:
    """Raise `InputError` when batch jobs would be given a folder whose name a shell obeys."""
    from parsl.providers import LocalProvider

    if is_plain(run_dir) or all(isinstance(executor.provider, LocalProvider) for executor in config.executors):
        return
    raise InputError(
        f"the folder {run_dir} has characters in its name that a batch system's shell obeys: use one whose name is of"
        " letters, digits and _ . + = : @ , -"
    )


def plainly_named(folder: Path) -> Path:
    """Return a folder by a plain name: itself, or a link to it in the temporary folder; it is made if it is not there.

    Raises `InputError` when the temporary folder's own name is of no use.
    """
    temporary = Path(tempfile.gettempdir())
    if len(str(temporary)) + _LISTENER > _LONGEST_SOCKET:
        raise InputError(
            f"TMPDIR is too long for the workers' sockets: {len(str(temporary))} characters, and"
            f" {_LONGEST_SOCKET - _LISTENER} are left: set TMPDIR=/tmp or another short folder"
        )
    if not is_plain(folder) and not is_plain(temporary):
        raise InputError(f"TMPDIR is {temporary}, a name with characters that a shell obeys: set TMPDIR=/tmp")
    folder.mkdir(parents=True, exist_ok=True)
    if is_plain(folder):
        return folder
    link = own_folder(temporary) / f"run-{hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]}"
    with suppress(FileExistsError):
        link.symlink_to(folder, target_is_directory=True)
    if not link.is_symlink() or link.resolve() != folder.resolve():
        raise InputError(f"{link} is in the way of a link to {folder}: remove it")
    return link


def own_folder(base: Path) -> Path:
    """Return this user's folder in one that everybody may write to; raise `InputError` when somebody else made it."""
    own = base / f"reexplore-{os.getuid()}"
    with suppress(FileExistsError):
        own.mkdir(mode=0o700)
    found = own.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        raise InputError(f"{own} belongs to somebody else: set TMPDIR to a folder of your own")
    return own
