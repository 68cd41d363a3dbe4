"""MLflow's user interface on a store, as a child process that ends with the command."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from reexplore.errors import InputError
from reexplore.tracking.mlflow import DATABASE, Tracker
from reexplore.tracking.records import TrackingError

#: The first start on a slow file system takes about half a minute.
_START_SECONDS = 120.0
_STOP_SECONDS = 10.0


def serve(store: Path | str, *, host: str = "127.0.0.1", port: int = 5000, say: Callable[[str], None]) -> None:
    """Show a store until interrupted; `say` hears of the pages to open, one a line.

    The address of a tracking server needs no server of ours: its pages are said at once. Returns
    after Ctrl-C or SIGTERM. Raises `InputError` when there is no store or the port is taken, and
    `TrackingError` when the server does not start or ends by itself.
    """
    tracker = Tracker(store)
    if tracker.folder is None:
        _say_links(tracker, tracker.uri, say)
        return
    with running_server(tracker.folder, host=host, port=port) as (server, base_url):
        _say_links(tracker, base_url, say)
        say("Ctrl-C ends it")
        # SIGTERM would otherwise end this process and leave the server behind.
        previous = signal.signal(signal.SIGTERM, signal.default_int_handler)
        try:
            code = server.wait()
        except KeyboardInterrupt:
            return
        finally:
            signal.signal(signal.SIGTERM, previous)
        raise TrackingError(f"MLflow's server ended by itself with exit code {code}")


def _say_links(tracker: Tracker, base_url: str, say: Callable[[str], None]) -> None:
    for link in tracker.links(base_url):
        say(f"{link.title}: {link.url}")


@contextmanager
def running_server(store: Path, *, host: str, port: int) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """Run the server inside the block; give the process and the address it answers at."""
    if not (store / DATABASE).exists():
        raise InputError(f"there is no MLflow store in {store}: run a campaign first")
    _check_free(host, port)
    # All of a wildcard's addresses answer, but a browser needs one of them.
    base_url = f"http://{'127.0.0.1' if host == '0.0.0.0' else host}:{port}"
    # An empty folder to work in: a server looks for Python's modules in its own.
    with tempfile.TemporaryFile() as log, tempfile.TemporaryDirectory(prefix="mlflow-") as empty:
        server = subprocess.Popen(
            [
                *(sys.executable, "-P", "-m", "mlflow", "server", "--backend-store-uri", Tracker(store).uri),
                *("--host", host, "--port", str(port), "--workers", "1"),
            ],
            env=os.environ
            | {
                "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
                "MLFLOW_DISABLE_TELEMETRY": "true",
                "DO_NOT_TRACK": "true",
            },
            cwd=empty,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            # Its own group: Ctrl-C reaches this process alone, which then ends all of the server's.
            start_new_session=True,
        )
        try:
            _wait_until_ready(server, base_url, log)
            yield server, base_url
        finally:
            _stop(server)


def _check_free(host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise InputError(f"cannot listen on {host} port {port} ({error.strerror}): choose another port") from None


def _wait_until_ready(server: subprocess.Popen[bytes], base_url: str, log: IO[bytes]) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        if server.poll() is not None:
            raise TrackingError(f"MLflow's server did not start: {_last_line(log)}")
        try:
            with urllib.request.urlopen(f"{base_url}/health", timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    raise TrackingError(f"MLflow's server did not answer within {_START_SECONDS:.0f} s: {_last_line(log)}")


def _last_line(log: IO[bytes]) -> str:
    log.seek(0)
    lines = log.read().decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else "it printed nothing"


def _stop(server: subprocess.Popen[bytes]) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(server.pid, number)
        except ProcessLookupError:
            break
        try:
            server.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            continue
    server.wait()
