"""Files that people give: looked at before they are read, so that none can fill the memory or never end."""

from __future__ import annotations

import stat
from pathlib import Path

from reexplore.errors import InputError


def read_given(path: Path, kind: str, *, largest_bytes: int) -> bytes:
    """Return the content of a file that a person named; `kind` is what it should be.

    Raises `InputError` when it cannot be read, is no plain file, or has more than `largest_bytes`.
    """
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            what = "a folder" if stat.S_ISDIR(found.st_mode) else "no plain file"
            raise InputError(f"cannot read the {kind} {path}: it is {what}")
        if found.st_size > largest_bytes:
            raise InputError(
                f"the {kind} {path} has {found.st_size / 1e6:.1f} MB, more than {largest_bytes / 1e6:g}: that is no"
                f" {kind}"
            )
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot read the {kind} {path}: {error.strerror}") from None


def read_given_text(path: Path, kind: str, *, largest_bytes: int) -> str:
    """Return the text of a file that a person named; raise `InputError` as `read_given`, and when it is no UTF-8."""
    data = read_given(path, kind, largest_bytes=largest_bytes)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"cannot read the {kind} {path}: byte {error.start + 1} is no text in UTF-8") from None
