"""What goes wrong, in two kinds: errors the user mends, and failures that are data.

A `ReexploreError` ends a command with one sentence and an exit code. A `Failure` is the recorded
outcome of one calculation; the campaign goes on without it.
"""

from __future__ import annotations

import errno
import socket
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

#: What a sentence may have; more is something that was pasted in by mistake.
_LONGEST = 1000


#: What a machine runs out of beside space on its disks.
_MACHINE = {errno.EAGAIN, errno.ENOMEM, errno.EMFILE, errno.ENFILE, errno.ENOSYS}
_NETWORK = {
    errno.ENETDOWN,
    errno.ENETUNREACH,
    errno.EHOSTDOWN,
    errno.EHOSTUNREACH,
    errno.EADDRINUSE,
    errno.EADDRNOTAVAIL,
}
#: What a file system says without naming a file.
_DISK = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.EFBIG, errno.ESTALE, errno.ENOLCK}
_DATABASE_FILE = {
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_CANTOPEN,
}


def who_refused(error: Exception) -> str | None:
    """Return what outside of the program refused it, None when that was nothing but a fault of the program's own."""
    if isinstance(error, sqlite3.OperationalError):
        # The lower byte is the kind of error; what SQLite does not understand is no file system's doing.
        return "the file system" if getattr(error, "sqlite_errorcode", 0) & 0xFF in _DATABASE_FILE else None
    if isinstance(error, ConnectionError | TimeoutError | socket.gaierror):
        return "the network"
    if isinstance(error, OSError):
        if error.errno in _NETWORK:
            return "the network"
        if error.errno in _MACHINE:
            return "the operating system"
        if error.errno in _DISK or error.filename is not None:
            return "the file system"
    return None


def refusal(error: Exception) -> str:
    """Return what a file system said, in its own words and with the file, without the number of the error."""
    if isinstance(error, OSError) and error.strerror:
        place = error.filename2 or error.filename
        return f"{error.strerror}: {place}" if place else error.strerror
    return str(error)


def one_line(text: str) -> str:
    """Return a text as one line that a terminal shows and does not obey."""
    line = " ".join(text.split())
    if len(line) > _LONGEST:
        line = f"{line[: _LONGEST // 2]} … {line[-_LONGEST // 3 :]}"
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in line)


class ReexploreError(Exception):
    """A problem the user can mend: the message says in one line what, where and what to do next."""

    exit_code = 1

    def __str__(self) -> str:
        return one_line(super().__str__())


class InputError(ReexploreError):
    """The campaign file, or something it names, is wrong; nothing was changed.

    `key` is the one in the file under which it stands, where that is known; `of_key` tells it from outside.
    """

    exit_code = 2

    def __init__(self, message: str, *, key: str = "") -> None:
        super().__init__(message)
        self.key = key

    def __str__(self) -> str:
        return one_line(f"'{self.key}': {self.args[0]}") if self.key else super().__str__()


@contextmanager
def of_key(key: str) -> Iterator[None]:
    """Let what is refused inside name this key of the file, before the key inside of it that it names already."""
    try:
        yield
    except InputError as error:
        error.key = f"{key}.{error.key}" if error.key else key
        raise


class NotBegunError(InputError):
    """A campaign's ledger was made and holds nothing yet."""


class MissingEngineError(ReexploreError):
    """A program or package the campaign needs is not installed."""

    exit_code = 3


class CampaignBusyError(ReexploreError):
    """Another process drives this campaign."""

    exit_code = 4


class ExecutionError(ReexploreError):
    """The workers could not run; no calculation is to blame and all of them stay planned."""

    exit_code = 5


class IncompleteError(ReexploreError):
    """The campaign is done, and something that was asked for is not there; the message says what."""

    exit_code = 7


class WorkerInterruptedError(ExecutionError):
    """A batch system or a person ended a calculation from outside; another worker can have it at once."""


class FailureCode(StrEnum):
    """Every way in which a calculation can fail."""

    # structures
    BUILD_FAILED = "build_failed"
    LIGAND_BROKEN = "ligand_broken"
    # a centre or double bond has another configuration than the SMILES says
    OTHER_ISOMER = "other_isomer"
    DONOR_LOST = "donor_lost"
    # another atom of the ligand holds the metal in the place of a named donor
    DONOR_SWAPPED = "donor_swapped"
    # no failure: an atom that was not named holds the metal as well
    OTHER_DONOR = "other_donor"
    WATER_LOST = "water_lost"
    PROTON_TRANSFER = "proton_transfer"
    CLASH = "clash"
    # the two axial donors of a magnet no longer stand opposite
    AXIS_BENT = "axis_bent"
    # an axial ligand of a magnet holds the metal with a second atom
    LIGAND_CHELATES = "ligand_chelates"
    # structures and labels
    NOT_CONVERGED = "not_converged"
    # labels: the field has converged, to another electronic state than the one asked for
    WRONG_STATE = "wrong_state"
    # execution
    TIMEOUT = "timeout"
    OUT_OF_MEMORY = "out_of_memory"
    CRASHED = "crashed"
    # a person's word: never submitted again
    QUARANTINED = "quarantined"
    # no failure: a constraint of the campaign leaves the ligand out
    EXCLUDED = "excluded"
    # selection
    POOL_EXHAUSTED = "pool_exhausted"


#: These say something about one run on one machine, not about the chemistry: a resume tries again.
RUN_ONLY = frozenset((FailureCode.TIMEOUT, FailureCode.OUT_OF_MEMORY, FailureCode.CRASHED))


@dataclass(frozen=True)
class Failure:
    """The outcome of a calculation that did not yield a value.

    `stage` names the step inside the calculation; `evidence` holds the numbers or the path that
    show why (JSON-ready).
    """

    code: FailureCode
    stage: str
    message: str
    evidence: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.code.value}: {self.message}"

    def to_dict(self) -> dict[str, Any]:
        """Return the failure as JSON-ready values."""
        return asdict(self) | {"code": self.code.value}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Failure:
        """Rebuild a failure from `to_dict`; raise `ValueError` when it is none."""
        texts = (data.get("code"), data.get("stage"), data.get("message"))
        if not all(isinstance(text, str) for text in texts) or not isinstance(data.get("evidence"), dict):
            raise ValueError("a failure has a code, a stage, a message and evidence")
        return cls(FailureCode(data["code"]), data["stage"], data["message"], data["evidence"])


class CalculationFailed(Exception):  # noqa: N818 - it carries a value, it is not an error of the program
    """Raised inside a task to end it with a `Failure`."""

    def __init__(self, code: FailureCode, stage: str, message: str, **evidence: Any) -> None:
        super().__init__(f"{code.value} in {stage}: {message}")
        self.failure = Failure(code, stage, message, evidence)

    @classmethod
    def of(cls, failure: Failure) -> CalculationFailed:
        """Return the exception that ends a task in a failure known already."""
        return cls(failure.code, failure.stage, failure.message, **failure.evidence)
