"""One driver a campaign: a lock that names its holder, is judged across machines, and never has to be removed by hand.

On a disk of this machine the kernel's own lock is exact and ends with its process. Whether a driver on another machine
still lives is seen from its lease: a file it touches from time to time. Clocks of two machines are never compared;
a lease is dead when it was not touched while this process watched it.
"""

from __future__ import annotations

import json
import os
import platform
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil
from filelock import FileLock, LeaseCompromise, SoftFileLease, Timeout

from reexplore.errors import CampaignBusyError
from reexplore.execution.file_systems import networked

#: Seconds without a sign of life after which a driver on another machine counts as dead.
LEASE_S = 60.0
_LEASE = "driver.lease"
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")

#: Whoever hears a sentence.
Say = Callable[[str], None]


@dataclass(frozen=True)
class Holder:
    """The process that drives a campaign."""

    host: str
    pid: int
    boot: str
    since: str

    @classmethod
    def me(cls) -> Holder:
        """Return this process."""
        boot = _BOOT_ID.read_text().strip() if _BOOT_ID.is_file() else ""
        return cls(platform.node(), os.getpid(), boot, time.strftime("%Y-%m-%d %H:%M:%S"))

    @property
    def here(self) -> bool:
        """Return whether it is or was a process of this machine since it was started."""
        me = Holder.me()
        return (self.host, self.boot) == (me.host, me.boot)

    @property
    def gone(self) -> bool:
        """Return whether it is known to have ended; of another machine's processes this is not known from here."""
        return not psutil.pid_exists(self.pid) if self.here else self.host == platform.node()

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host} since {self.since}"


def holder(folder: Path) -> Holder | None:
    """Return who drives a campaign, or drove it last and ended without a word; None when nobody does."""
    try:
        return Holder(**json.loads((folder / "driver.json").read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
    except (ValueError, TypeError):
        # Written by a reexplore of another version, or torn: it decides nothing, the locks do.
        return Holder("?", 0, "", "?")


@contextmanager
def sole_driver(folder: Path, *, say: Say | None = None, on_lost: Say | None = None) -> Iterator[None]:
    """Hold the campaign's lock; raise `CampaignBusyError`, which names the holder, when another process has it.

    The lock of a dead process is taken over, and `say` told so. When another process takes over this one, `on_lost` is
    told. Of a process on another machine that is known only
    after watching its lease for a minute.
    """
    folder.mkdir(parents=True, exist_ok=True)
    tell, told_lost = say or _silent, on_lost or _silent
    with ExitStack() as held:
        before = _acquire(folder, tell, told_lost, held)
        if before is not None:
            tell(f"the driver before, {before}, ended without a word: going on from what it left")
        record = folder / "driver.json"
        partial = folder / f"driver.json.{os.getpid()}.partial"
        partial.write_text(json.dumps(asdict(Holder.me())), encoding="utf-8")
        partial.replace(record)
        held.callback(record.unlink, missing_ok=True)
        yield


def _acquire(folder: Path, tell: Say, told_lost: Say, held: ExitStack) -> Holder | None:
    """Take both locks and return the dead driver they were taken over from, if there was one."""

    def taken_over(lost: LeaseCompromise) -> None:
        told_lost(f"the hold on the campaign was lost ({lost.reason}): another driver may have it now")

    lease = SoftFileLease(folder / _LEASE, lease_duration=LEASE_S, on_compromise=taken_over)
    marker = Path(lease.lock_file)
    try:
        if networked(folder) is None:
            # On a network file system the lock of a node that died may stay for ever: there the lease stands alone.
            held.enter_context(FileLock(folder / "driver.lock", timeout=0, fallback_to_soft=False))
        before = holder(folder)
        watched, began = _touched(marker), time.monotonic()
        lives_here = before is not None and before.here and not before.gone
        if watched is not None and (before is None or not (before.here or before.gone)):
            tell(f"watching for {LEASE_S:.0f} s whether the driver, {before or 'unnamed'}, still lives")

        def lives() -> bool:
            # A process of this machine needs no watching, but its number may be another's by now: the lease knows.
            return _touched(marker) not in (watched, None) or (lives_here and time.monotonic() - began > 1)

        lease.acquire(timeout=LEASE_S + 15, cancel_check=lives if watched is not None else None)
        held.callback(lease.release)
    except Timeout:
        raise CampaignBusyError(f"{folder} is driven by {holder(folder) or '?'}: wait for it or stop it") from None
    return before


def _touched(marker: Path) -> int | None:
    try:
        return marker.stat().st_mtime_ns
    except FileNotFoundError:
        return None


def _silent(_sentence: str) -> None:
    """Tell nobody."""


class Pulse:
    """Whether somebody drives a campaign, watched from any machine."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._touched: int | None = None
        self._touched_at = time.monotonic()

    def beats(self) -> bool:
        """Return whether somebody does; a driver on another machine counts as dead a while after its last sign."""
        found = holder(self._folder)
        if found is None or found.gone:
            return False
        if found.here:
            return True
        if (touched := _touched(self._folder / _LEASE)) != self._touched:
            self._touched, self._touched_at = touched, time.monotonic()
        return time.monotonic() - self._touched_at < LEASE_S
