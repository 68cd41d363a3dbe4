"""One driver a campaign: refused while another lives, on this machine or elsewhere, and never a chore."""

import json
import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from reexplore.campaign.running import lock
from reexplore.campaign.running.lock import Pulse, holder, sole_driver
from reexplore.errors import CampaignBusyError

HOLD = """
import sys, time
from pathlib import Path
from reexplore.campaign.running.lock import sole_driver
with sole_driver(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(300)
"""


@pytest.fixture
def other_process(tmp_path):
    process = subprocess.Popen([sys.executable, "-c", HOLD, tmp_path], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()


@pytest.fixture(params=["ext4", "nfs4"])
def kind_of_disk(request, monkeypatch):
    monkeypatch.setattr(lock, "networked", lambda _path: None if request.param == "ext4" else request.param)


def test_a_second_driver_is_refused_with_the_name_of_the_first(tmp_path, kind_of_disk, other_process):
    told = f"is driven by process {other_process.pid} on .+: wait for it"
    with pytest.raises(CampaignBusyError, match=told), sole_driver(tmp_path):
        pass
    assert holder(tmp_path).pid == other_process.pid


def test_a_killed_driver_is_taken_over_at_once_and_that_is_said(tmp_path, kind_of_disk, other_process):
    other_process.send_signal(signal.SIGKILL)
    other_process.wait()
    said = []
    started = time.monotonic()
    with sole_driver(tmp_path, say=said.append):
        assert holder(tmp_path).pid == os.getpid()
    assert time.monotonic() - started < lock.LEASE_S / 2
    assert [sentence.split(" on ")[0] for sentence in said] == [f"the driver before, process {other_process.pid}"]


def test_who_ends_leaves_nothing_to_remove(tmp_path):
    with sole_driver(tmp_path):
        pass
    assert holder(tmp_path) is None
    with sole_driver(tmp_path, say=pytest.fail):
        pass


def _as_if_of_another_machine(folder):
    """Rewrite what names the holder so that it seems to be a process of a node called n17."""
    record = folder / "driver.json"
    record.write_text(json.dumps(json.loads(record.read_text()) | {"host": "n17", "boot": "another"}))
    marker = folder / "driver.lease"
    marker.write_text(marker.read_text().replace(lock.platform.node(), "n17"))


def test_a_driver_on_another_machine_is_refused_while_it_touches_its_lease(tmp_path, kind_of_disk, other_process):
    _as_if_of_another_machine(tmp_path)
    other_process.send_signal(signal.SIGKILL)  # its heart is beaten here, by hand
    other_process.wait()
    beats = threading.Timer(1.0, lambda: os.utime(tmp_path / "driver.lease"))
    beats.start()
    with pytest.raises(CampaignBusyError, match="on n17"), sole_driver(tmp_path):
        pass


def test_a_dead_driver_on_another_machine_is_taken_over_after_watching(tmp_path, monkeypatch, kind_of_disk):
    script = HOLD.replace("with sole", "from reexplore.campaign.running import lock\nlock.LEASE_S = 2.0\nwith sole")
    process = subprocess.Popen([sys.executable, "-c", script, tmp_path], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "held\n"
    process.kill()
    process.wait()
    _as_if_of_another_machine(tmp_path)
    # Its clock was an hour ahead of ours: only whether the lease is touched counts.
    os.utime(tmp_path / "driver.lease", (time.time() + 3600,) * 2)
    monkeypatch.setattr(lock, "LEASE_S", 2.0)
    said = []
    with sole_driver(tmp_path, say=said.append):
        assert holder(tmp_path).pid == os.getpid()
    assert said[0].startswith(f"watching for 2 s whether the driver, process {process.pid} on n17")


def test_a_pulse_is_felt_while_the_driver_lives(tmp_path, other_process):
    pulse = Pulse(tmp_path)
    assert pulse.beats()
    other_process.kill()
    other_process.wait()
    assert not pulse.beats()


def test_the_pulse_of_a_driver_on_another_machine_is_its_touching_of_the_lease(tmp_path, monkeypatch, other_process):
    _as_if_of_another_machine(tmp_path)
    monkeypatch.setattr(lock, "LEASE_S", 0.5)
    pulse = Pulse(tmp_path)
    assert pulse.beats()
    time.sleep(0.6)
    assert not pulse.beats()
    os.utime(tmp_path / "driver.lease", (1.0, 1.0))
    assert pulse.beats()
