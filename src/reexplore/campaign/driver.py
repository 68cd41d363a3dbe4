"""Drive a campaign from a command: one driver at a time, workers started and stopped."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import closing, contextmanager
from types import FrameType

from reexplore.campaign import stopping
from reexplore.campaign.bench import Bench
from reexplore.campaign.campaign import open_campaign, run_campaign
from reexplore.campaign.elsewhere import declare_elsewhere
from reexplore.campaign.ledger import Ledger
from reexplore.campaign.lock import sole_driver
from reexplore.campaign.progress import Narrator
from reexplore.campaign.setup import Setup, require_size
from reexplore.errors import InputError


def drive(setup: Setup, *, narrator: Narrator, energies_elsewhere: bool = False) -> None:
    """Run the campaign to its end with the workers its Parsl configuration starts.

    With `energies_elsewhere` it waits for imported energies from then on. Raises `EnergiesAwaited` where it has to.
    """
    from reexplore.execution.parsl import ParslExecutor

    require_size(setup.space, setup.file.space.limit)
    with (
        sole_driver(setup.folder, say=narrator.say),
        _signals_stop_cleanly(),
        closing(open_campaign(setup)) as ledger,
        stopping.watching(stopping.paused(setup.folder)),
    ):
        (setup.folder / stopping.PAUSE).unlink(missing_ok=True)
        if energies_elsewhere:
            declare_elsewhere(setup, ledger)
        executor = ParslExecutor(setup.parsl_config(), store=setup.store, evidence=setup.folder / "evidence")
        with executor:
            run_campaign(Bench(setup, ledger, executor, narrator))


def open_ledger(setup: Setup) -> Ledger:
    """Return the campaign's ledger for reading; raise `InputError` when it has not been started."""
    if not setup.ledger_path.is_file():
        raise InputError(f"{setup.folder} holds no campaign yet: start it with `reexplore campaign run {setup.source}`")
    return Ledger(setup.ledger_path, read_only=True)


@contextmanager
def _signals_stop_cleanly() -> Iterator[None]:
    def stop(number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt(signal.Signals(number).name)

    previous = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, previous)
