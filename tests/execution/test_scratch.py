"""Scratch lies on the node's own disk, and is emptied by whoever comes next when its task was killed."""

import os
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from reexplore.errors import ExecutionError
from reexplore.execution.scratch import scratch_folder


@pytest.fixture
def local(tmp_path, monkeypatch):
    folder = tmp_path / "local"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    return folder


def everything(folder):
    return [path for path in folder.rglob("*") if not path.name.startswith("reexplore-")]


def test_it_is_on_the_nodes_own_disk_where_there_is_one(tmp_path, local):
    with scratch_folder(tmp_path / "store") as folder:
        assert folder.is_relative_to(local)
        (folder / "integrals").write_bytes(b"x")
    assert everything(local) == []
    assert not (tmp_path / "store").exists()


@pytest.mark.parametrize("set_to", [None, "/there/is/no/such/folder"])
def test_otherwise_it_is_in_the_workspace(tmp_path, monkeypatch, set_to):
    monkeypatch.delenv("TMPDIR", raising=False)
    if set_to:
        monkeypatch.setenv("TMPDIR", set_to)
    with scratch_folder(tmp_path) as folder:
        assert folder.is_relative_to(tmp_path)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_it_is_emptied_however_the_task_ends(tmp_path, local):
    class Killed(BaseException):
        pass

    def task():
        with scratch_folder(tmp_path) as folder:
            (folder / "deep").mkdir()
            (folder / "deep" / "file").touch()
            raise Killed

    with pytest.raises(Killed):
        task()
    assert everything(local) == []


def test_what_a_killed_task_left_is_removed_by_the_next_with_its_processes(tmp_path, local):
    # The killed task's own child goes on as CREST would: only its TMPDIR tells whose it was.
    script = f"""
import os, subprocess, time
from pathlib import Path
from reexplore.execution.scratch import scratch_folder
with scratch_folder(Path({str(tmp_path)!r})) as folder:
    (folder / "integrals").write_bytes(b"x" * 1000)
    environment = os.environ | {{"TMPDIR": str(folder)}}
    orphan = subprocess.Popen(["sleep", "64.5"], env=environment, stdout=subprocess.DEVNULL, start_new_session=True)
    print(orphan.pid, folder, flush=True)
    time.sleep(60)
"""
    task = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    pid, left = task.stdout.readline().split()
    with scratch_folder(tmp_path) as running:
        assert Path(left).is_dir(), "the task is running: its folder is left alone"
        task.kill()
        task.wait()
        orphan = psutil.Process(int(pid))
        # As if another process had had that number when this one last looked at all of them.
        next(p for p in psutil.process_iter() if p == orphan)._create_time = 1.0
        with scratch_folder(tmp_path):
            assert not Path(left).exists()
            assert running.is_dir()
        assert _ended(orphan)
    assert everything(local) == []


def _ended(process):
    # A dead process whose parent is gone stays on the list until the machine's first process takes note of it.
    for _ in range(600):
        if not process.is_running() or process.status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(0.1)
    return False


def test_a_folder_of_somebody_else_is_not_used(tmp_path, local):
    (local / f"reexplore-{os.getuid()}").symlink_to(tmp_path)
    with pytest.raises(ExecutionError, match="belongs to somebody else: set TMPDIR"), scratch_folder(tmp_path):
        pass
