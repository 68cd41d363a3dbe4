"""Drive a campaign from a command: one driver at a time, workers started and stopped."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from types import FrameType

from reexplore.campaign.declaration.setup import Setup
from reexplore.campaign.declaration.space import require_size
from reexplore.campaign.ledger.ledger import Ledger
from reexplore.campaign.loop import open_campaign, run_campaign
from reexplore.campaign.running.context import CampaignContext
from reexplore.campaign.running.external_energies import declare_elsewhere
from reexplore.campaign.running.lock import sole_driver
from reexplore.campaign.running.progress import Narrator
from reexplore.campaign.running.stopping import PAUSE, StopRequest, paused, signals_heeded, spent
from reexplore.errors import InputError


def drive(setup: Setup, *, narrator: Narrator, energies_elsewhere: bool = False) -> None:
    """Run the campaign to its end with the workers its Parsl configuration starts.

    With `energies_elsewhere` it waits for imported energies from then on. Raises `EnergiesAwaited` where it has to.
    """
    from reexplore.execution.parsl import ParslExecutor

    require_size(setup.space, setup.file.space.limit)
    config = setup.ready_config()
    stop = StopRequest(paused(setup.folder))
    with (
        _signals_stop_cleanly(stop),
        sole_driver(setup.folder, say=narrator.say, on_lost=stop.ask),
        closing(open_campaign(setup)) as ledger,
    ):
        budget = setup.file.budget
        stop.watch(spent(ledger.core_hours, budget.core_hours, unit="core"))
        stop.watch(spent(ledger.gpu_hours, budget.gpu_hours, unit="GPU"))
        (setup.folder / PAUSE).unlink(missing_ok=True)
        if energies_elsewhere:
            declare_elsewhere(setup, ledger)
        places = {"store": setup.store, "evidence": setup.folder / "evidence"}
        with ParslExecutor(config, **places, say=narrator.say) as executor:
            run_campaign(CampaignContext(setup, ledger, executor, narrator, stop))


def open_ledger(setup: Setup) -> Ledger:
    """Return the campaign's ledger for reading; raise `InputError` when it has not been started."""
    if not setup.ledger_path.is_file():
        raise InputError(f"{setup.folder} holds no campaign yet: start it with `reexplore campaign run {setup.source}`")
    return Ledger(setup.ledger_path, read_only=True)


@contextmanager
def _signals_stop_cleanly(stop: StopRequest) -> Iterator[None]:
    """Let the signals that ask for an end, such as SIGTERM, end the run after what is in flight.

    The second one ends it at once, as Ctrl-C does at any time.
    """

    def heed(number: int, _frame: FrameType | None) -> None:
        name = signal.Signals(number).name
        if asked:
            raise KeyboardInterrupt(name)
        asked.append(name)
        stop.ask(f"{name} came: the same command goes on")
        # Printing is not safe in a signal handler; this call is.
        os.write(2, f"{name}: what runs comes back first; a second signal stops at once\n".encode())

    asked: list[str] = []
    if threading.current_thread() is not threading.main_thread():
        # Signals come to the main thread, whose program may run several campaigns.
        yield
        return
    previous = {number: signal.signal(number, heed) for number in signals_heeded()}
    previous[signal.SIGINT] = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
