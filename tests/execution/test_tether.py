"""Worker pools that have lost their driver end, with everything they started, and only those."""

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import closing

import psutil
import pytest

SLEEPER = [sys.executable, "-c", "import time; time.sleep(60)"]
#: Starts a process in a session of its own, writes down its number, and stays.
PARENT = """
import subprocess, sys, time
kept = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True)
print(kept.pid, flush=True)
time.sleep(60)
"""
HOLD = """
import sys
from reexplore.execution.tether import hold
sys.exit(hold(sys.argv[2:], patience_s=float(sys.argv[1])))
"""


def held(patience_s, *command, **options):
    return subprocess.Popen([sys.executable, "-c", HOLD, str(patience_s), *command], **options)


def is_gone(pid, within_s=10.0):
    end = time.monotonic() + within_s
    while time.monotonic() < end:
        if not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(0.05)
    return False


@pytest.mark.parametrize("code", [0, 3])
def test_the_exit_code_is_passed_on(code):
    process = held(30, sys.executable, "-c", f"raise SystemExit({code})")
    assert process.wait(timeout=30) == code


def test_a_pool_that_never_reaches_its_driver_ends():
    process = held(0.5, *SLEEPER, stderr=subprocess.PIPE, text=True)
    _, said = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "no connection to the driver" in said


def test_a_pool_stays_while_it_is_connected_and_ends_when_it_no_longer_is():
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        program = f"import socket, time; s = socket.create_connection({server.getsockname()}); time.sleep(60)"
        process = held(1.0, sys.executable, "-c", program, stderr=subprocess.DEVNULL)
        connection, _ = server.accept()
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(timeout=3)
        connection.close()
    assert process.wait(timeout=20) == 1


@pytest.mark.parametrize("victim", ["the pool", "its holder"])
def test_what_a_killed_pool_started_ends_with_it(victim):
    process = held(60, sys.executable, "-c", PARENT, stdout=subprocess.PIPE, text=True)
    worker = int(process.stdout.readline())
    (pool,) = (child for child in psutil.Process(process.pid).children())
    if victim == "the pool":
        os.kill(pool.pid, signal.SIGKILL)
        assert process.wait(timeout=20) == -signal.SIGKILL % 256
        assert is_gone(worker)
    else:
        process.kill()
        assert is_gone(pool.pid)
        # Parsl's workers look after their pool themselves; this one does not.
        psutil.Process(worker).kill()


def test_a_request_to_end_is_passed_on():
    process = held(60, *SLEEPER)
    while not psutil.Process(process.pid).children():
        time.sleep(0.05)
    process.terminate()
    assert process.wait(timeout=20) == -signal.SIGTERM % 256
