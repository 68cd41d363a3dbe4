import os
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import psutil
import pytest

from reexplore.errors import InputError
from reexplore.tracking.mlflow import Tracker
from reexplore.tracking.ui import serve
from tests.tracking.sample import campaign

SERVE = """
import sys
from reexplore.tracking.ui import serve
serve(sys.argv[1], port=int(sys.argv[2]), say=lambda line: print(line, flush=True))
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_a_folder_without_a_store_is_refused(tmp_path):
    with pytest.raises(InputError, match="run a campaign first"):
        serve(tmp_path, say=print)


def test_a_port_in_use_is_refused(tmp_path):
    (tmp_path / "mlflow.db").touch()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(InputError, match=f"port {port}.*choose another"):
            serve(tmp_path, port=port, say=print)


@pytest.mark.engine
def test_the_server_shows_the_page_and_leaves_no_process_behind(tmp_path):
    Tracker(tmp_path).sync(campaign())
    command = [sys.executable, "-c", SERVE, str(tmp_path), str(free_port())]
    ui = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ)
    # It says its links, then how to end it.
    links = dict(line.strip().split(": http", 1) for line in iter(ui.stdout.readline, "Ctrl-C ends it\n"))
    url = links["eu-cam: top candidates"]
    base, _, run = ("http" + url).partition("/#/experiments/1/runs/")
    address = f"{base}/get-artifact?path=top_candidates.html&run_uuid={run.split('/')[0]}"
    with urllib.request.urlopen(address, timeout=20) as answer:
        assert b"eu-cam: top candidates" in answer.read()
    family = psutil.Process(ui.pid).children(recursive=True)
    assert family
    ui.send_signal(signal.SIGTERM)
    assert ui.wait(20) == 0
    assert not any(p.is_running() and p.status() != psutil.STATUS_ZOMBIE for p in family)
    assert Path(tmp_path / "mlflow.db").exists()
