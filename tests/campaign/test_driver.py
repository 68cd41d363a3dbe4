"""Signals end a run after what is in flight, and a second one ends it at once."""

import os
import signal
import subprocess
import sys
import time

import pytest
import yaml

from reexplore.campaign.driver import _signals_stop_cleanly
from reexplore.campaign.running.stopping import Stopped, StopRequest, signals_heeded
from tests.campaign.test_loop import SMALL


@pytest.fixture(autouse=True)
def at_a_terminal():
    """Let SIGHUP mean what it means at a terminal, also where the tests run under nohup."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGUSR1, signal.SIGHUP])
def test_the_first_signal_asks_and_the_second_ends(number, capfd):
    before = {each: signal.getsignal(each) for each in (signal.SIGTERM, signal.SIGUSR1)}
    stop = StopRequest()
    with _signals_stop_cleanly(stop):
        assert stop.reason is None
        os.kill(os.getpid(), number)
        assert stop.reason == f"{number.name} came: the same command goes on"
        assert Stopped(stop.reason).exit_code == 75
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGTERM)
    assert f"{number.name}: what runs comes back first; a second signal stops at once" in capfd.readouterr().err
    assert {each: signal.getsignal(each) for each in before} == before


def test_under_nohup_a_closed_terminal_is_of_no_concern(monkeypatch):
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        assert signal.SIGHUP not in signals_heeded()
        stop = StopRequest()
        with _signals_stop_cleanly(stop):
            os.kill(os.getpid(), signal.SIGHUP)
            assert stop.reason is None
    finally:
        signal.signal(signal.SIGHUP, before)


@pytest.mark.engine
@pytest.mark.parametrize(
    ("number", "after_s"),
    [(signal.SIGTERM, 0.0), (signal.SIGTERM, 0.3), (signal.SIGTERM, 0.7), (signal.SIGHUP, 0.3), (signal.SIGINT, 0.3)],
)
def test_a_signal_before_anything_runs_is_a_stop_as_well(tmp_path, number, after_s):
    (tmp_path / "small.yaml").write_text(yaml.safe_dump(SMALL))
    # Its own words tell that it listens: before that no program of Python can.
    code = (
        "import sys, time\n"
        "from reexplore.cli import app as cli\n"
        "heed = cli.heed_from_the_start\n"
        "cli.heed_from_the_start = lambda: (heed(), print('listening', flush=True))\n"
        "sys.argv = ['reexplore', 'campaign', 'run', 'small.yaml']\n"
        "cli.main()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as driver:
        try:
            assert driver.stdout.readline() == "listening\n"
            time.sleep(after_s)
            driver.send_signal(number)
            told = driver.communicate(timeout=60)[1]
        finally:
            driver.kill()
    assert driver.returncode == (130 if number == signal.SIGINT else 75)
    assert "the same command goes on" in told
    assert "Traceback" not in told


def test_it_ends_in_the_middle_of_an_import_whatever_a_library_catches(tmp_path):
    (tmp_path / "greedy.py").write_text(
        "import os, signal\ntry:\n    os.kill(os.getpid(), signal.SIGTERM)\nexcept:\n    pass\n"
    )
    code = (
        "from reexplore.campaign.running.stopping import heed_from_the_start\n"
        "heed_from_the_start()\nimport greedy\nprint(1)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert (ended.returncode, ended.stdout) == (75, "")
    assert ended.stderr == "stopped: SIGTERM came while nothing was computed: the same command goes on\n"
