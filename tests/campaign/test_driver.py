"""Signals end a run after what is in flight, and a second one ends it at once."""

import os
import signal

import pytest

from reexplore.campaign import stopping
from reexplore.campaign.driver import _signals_stop_cleanly


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGUSR1])
def test_the_first_signal_asks_and_the_second_ends(number, capfd):
    before = {each: signal.getsignal(each) for each in (signal.SIGTERM, signal.SIGUSR1)}
    with stopping.watching(), _signals_stop_cleanly():
        assert stopping.reason() is None
        os.kill(os.getpid(), number)
        assert stopping.reason() == f"{number.name} came: the same command goes on"
        assert stopping.Stopped(stopping.reason()).exit_code == 75
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGTERM)
    assert f"{number.name}: what runs comes back first; a second signal stops at once" in capfd.readouterr().err
    assert {each: signal.getsignal(each) for each in before} == before
