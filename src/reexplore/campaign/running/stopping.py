"""Why a driver hands out no more work: it was asked to stop, it is paused, or its core-hours are spent.

What runs comes back first and is entered; then the driver ends with an exit code that says whether giving the
same command again is all it takes.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from reexplore.errors import ReexploreError

#: Exit codes of a stopped driver: the same command goes on, or waits for a person.
_GOES_ON, _WAITS = 75, 76
#: The exit code of a shell for Ctrl-C.
INTERRUPTED = 130
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
        self.exit_code = _WAITS if isinstance(reason, Held) else _GOES_ON


def signals_heeded() -> list[signal.Signals]:
    """Return the signals that ask a driver to end: SIGTERM, a closed terminal's, and what batch systems send first.

    A closed terminal is of no concern under nohup, which has SIGHUP ignored.
    """
    asking = (signal.SIGTERM, signal.SIGUSR1, signal.SIGHUP)
    return [number for number in asking if signal.getsignal(number) is not signal.SIG_IGN]


def heed_from_the_start() -> None:
    """Let a signal that comes while nothing is computed end the process at once: nothing can be lost.

    It ends there and then. An error raised in the middle of an import may be swallowed by a library, and may leave the
    interpreter's lock on imports behind, for which every later fork waits.
    """

    def end(number: int, _frame: FrameType | None) -> None:
        name = signal.Signals(number).name
        os.write(2, f"stopped: {name} came while nothing was computed: the same command goes on\n".encode())
        os._exit(INTERRUPTED if number == signal.SIGINT else _GOES_ON)

    for number in (*signals_heeded(), signal.SIGINT):
        signal.signal(number, end)


class StopRequest:
    """What one driver was asked, and what else may stop it."""

    def __init__(self, *conditions: Callable[[], str | None]) -> None:
        self._asked: str | None = None
        self._conditions = conditions

    def ask(self, reason: str) -> None:
        """Ask the driver to stop; safe in a signal handler, and the first reason stays."""
        self._asked = self._asked or reason

    def watch(self, *conditions: Callable[[], str | None]) -> None:
        """Let `reason` look at these conditions too."""
        self._conditions += conditions

    @property
    def reason(self) -> str | None:
        """Return why no more work may be handed out, or None; cheap enough to ask before every submission."""
        return self._asked or next((told for condition in self._conditions if (told := condition())), None)


def paused(folder: Path) -> Callable[[], str | None]:
    """Return the condition that a campaign's folder holds the pause file."""
    file, told = folder / PAUSE, Held("paused: `reexplore campaign resume` goes on")
    return lambda: told if file.exists() else None


def spent(hours: Callable[[], float], limit: float | None, *, unit: str) -> Callable[[], str | None]:
    """Return the condition that a campaign has used up its hours, of the `unit` core or GPU; without a limit never."""

    def condition() -> str | None:
        if limit is None or (used := hours()) < limit:
            return None
        return Held(f"{used:.1f} of {limit:g} {unit}-hours are spent: raise budget.{unit.lower()}_hours, then resume")

    return condition
