"""Why a driver hands out no more work: it was asked to stop, it is paused, or its core-hours are spent.

What runs comes back first and is entered; then the driver ends with an exit code that says whether giving the
same command again is all it takes.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from reexplore.errors import ReexploreError

#: A campaign's folder holds this file while the campaign is paused.
PAUSE = "pause"


class Held(str):
    """A reason that stands until a person takes it away: starting again at once would stop again at once."""

    __slots__ = ()


class Stopped(ReexploreError):  # noqa: N818 - a driver that was asked to stop is no error
    """The driver stopped because it was to; nothing finished is lost.

    The exit code is 75 when the same command goes on, as a batch script that resubmits itself gives it, and 76 for
    a `Held` reason, with which it must not.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.exit_code = 76 if isinstance(reason, Held) else 75


def signals_heeded() -> list[signal.Signals]:
    """Return the signals that ask a driver to end: SIGTERM, a closed terminal's, and what batch systems send first.

    A closed terminal is of no concern under nohup, which has SIGHUP ignored.
    """
    asking = (signal.SIGTERM, signal.SIGUSR1, signal.SIGHUP)
    return [number for number in asking if signal.getsignal(number) is not signal.SIG_IGN]


class EndedEarly(BaseException):
    """A signal came before the driver drives; no `except Exception` on the way may take it for a fault."""

    exit_code = Stopped("").exit_code


def heed_from_the_start() -> None:
    """Let a signal that comes before the driver drives end the process as a stop, with nothing lost."""

    def stop(number: int, _frame: FrameType | None) -> None:
        raise EndedEarly(f"{signal.Signals(number).name} came before anything was handed out: the same command goes on")

    for number in signals_heeded():
        signal.signal(number, stop)


class _Wish:
    """What this process was asked, and what else may stop it: a process drives one campaign at a time."""

    asked: str | None = None
    conditions: tuple[Callable[[], str | None], ...] = ()


def ask(reason: str) -> None:
    """Ask the driver of this process to stop; safe in a signal handler, and the first reason stays."""
    _Wish.asked = _Wish.asked or reason


def reason() -> str | None:
    """Return why no more work may be handed out, or None; cheap enough to ask before every submission."""
    return _Wish.asked or next((told for condition in _Wish.conditions if (told := condition())), None)


@contextmanager
def watching(*conditions: Callable[[], str | None]) -> Iterator[None]:
    """Let `reason` look at these conditions too; what was asked before is forgotten at the end."""
    _Wish.conditions = conditions
    try:
        yield
    finally:
        _Wish.conditions = ()
        _Wish.asked = None


def paused(folder: Path) -> Callable[[], str | None]:
    """Return the condition that a campaign's folder holds the pause file."""
    file, told = folder / PAUSE, Held("paused: `reexplore campaign resume` goes on")
    return lambda: told if file.exists() else None


def spent(core_hours: Callable[[], float], limit: float | None) -> Callable[[], str | None]:
    """Return the condition that a campaign has used up its core-hours; without a limit it never has."""

    def condition() -> str | None:
        if limit is None or (used := core_hours()) < limit:
            return None
        return Held(f"{used:.1f} of {limit:g} core-hours are spent: raise budget.core_hours, then resume")

    return condition
