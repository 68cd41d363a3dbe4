"""Packed results are found as before, whatever interrupts the packing."""

import json
import os
import shutil
import sqlite3
import threading
from itertools import count
from pathlib import Path

import pytest
from filelock import FileLock
from typer.testing import CliRunner

from reexplore.cli.app import app
from reexplore.errors import CampaignBusyError, ExecutionError
from reexplore.execution import archives
from reexplore.execution.child import INPUTS, LOG
from reexplore.execution.packing import contents, pack
from reexplore.execution.store import RESULT, Outcome, Store

KEYS = [f"{number:02d}" + "ab" * 15 for number in range(6)]


@pytest.fixture
def store(tmp_path):
    return fill(Store(tmp_path / "runs" / "_store"), KEYS)


def fill(store, keys):
    for key in keys:
        folder = store.workspace(key)
        (folder / INPUTS).write_text('{"inputs": {}}')
        (folder / LOG).write_text("said\n" * 100)
        store.publish(folder, key, outcome(key))
    return store


def outcome(key):
    return Outcome({"key": key, "energy": -1.5}, None, {"host": "here"})


def whole(store, keys=KEYS):
    return all(store.outcome(key) == outcome(key) for key in keys)


def results(store):
    """Return the number of results in folders and in archives."""
    return tuple(part.entries for part in contents(store)[:2])


def test_packed_results_are_read_as_before(store):
    done = pack(store)
    assert (done.results, results(store)) == (6, (0, 6))
    assert done.files_after < done.files_before - 3 * 6
    assert len(store.archives.paths()) == 1
    assert whole(store)
    assert store.file(KEYS[0], LOG).startswith(b"said")
    assert json.loads(store.file(KEYS[0], INPUTS)) == {"inputs": {}}
    assert store.file(KEYS[0], "other") is None
    assert store.outcome("ff" * 16) is None


def test_packing_again_changes_nothing(store):
    pack(store)
    (archive,) = store.archives.paths()
    before = archive.stat().st_mtime_ns
    assert pack(store).results == 0
    assert store.archives.paths() == [archive]
    assert archive.stat().st_mtime_ns == before


def test_what_came_since_joins_the_archive_until_it_is_full(store, monkeypatch):
    pack(store)
    new = ["ee" * 16]
    pack(fill(store, new))
    assert len(store.archives.paths()) == 1
    assert whole(store, [*KEYS, *new])
    monkeypatch.setattr(archives, "FULL_BYTES", 1)
    newer = ["dd" * 16]
    pack(fill(store, newer))
    assert len(store.archives.paths()) == 2
    assert whole(store, [*KEYS, *new, *newer])


def test_a_dry_run_says_what_would_happen_and_does_nothing(store, tmp_path):
    before = sorted(tmp_path.rglob("*"))
    told = pack(store, dry_run=True)
    assert sorted(tmp_path.rglob("*")) == before
    done = pack(store)
    assert (told.results, told.files_before) == (done.results, done.files_before)
    # The folders of archives and locks are new the first time.
    assert told.files_after in range(done.files_after - 2, done.files_after + 1)


def test_results_with_files_of_their_own_stay_where_tasks_read_them(store):
    folder = store.workspace("cc" * 16)
    (folder / "member.pt").write_bytes(b"weights")
    store.publish(folder, "cc" * 16, outcome("cc" * 16))
    assert pack(store).results == 6
    assert (store.folder("cc" * 16) / "member.pt").is_file()


def test_what_cannot_be_read_is_set_aside_and_not_packed(store):
    (store.folder(KEYS[0]) / RESULT).write_text("{torn")
    assert pack(store).results == 5
    assert len(list((store.root / "_quarantine").iterdir())) == 1


class Killed(BaseException):
    """Stands for a kill: nothing in the program catches it."""


@pytest.fixture
def kill_at(monkeypatch):
    """Kill at the n-th change of the file system that packing makes."""

    def arm(wanted):
        steps = count()

        def deadly(original):
            def step(*args, **kwargs):
                if next(steps) == wanted:
                    raise Killed
                return original(*args, **kwargs)

            return step

        for owner, name in ((Path, "rename"), (Path, "unlink"), (os, "unlink"), (os, "rmdir"), (archives, "sync")):
            monkeypatch.setattr(owner, name, deadly(getattr(owner, name)))
        return steps

    return arm


def test_a_kill_at_any_step_loses_nothing(tmp_path, kill_at, monkeypatch):
    # One archive that is merged, results that are in it already, and new ones.
    template = fill(Store(tmp_path / "template"), KEYS[:2])
    pack(template)
    fill(template, KEYS[1:])
    for step in range(1000):
        store = Store(tmp_path / str(step))
        shutil.copytree(template.root, store.root)
        steps = kill_at(step)
        try:
            pack(store)
        except Killed:
            killed = True
        else:
            killed = False
        monkeypatch.undo()
        assert whole(store)
        if not killed:
            break
        pack(store)
        assert whole(store)
        assert results(store) == (0, 6)
        assert len(store.archives.paths()) == 1
        assert not list(store.archives.folder.glob("*.partial"))
    assert next(steps) == step > 20


def test_a_result_is_found_at_every_moment_of_packing(tmp_path):
    store = fill(Store(tmp_path), KEYS)
    over, lost, looks = threading.Event(), [], 0

    def look():
        nonlocal looks
        while not over.is_set() or looks < 10 * len(KEYS):
            lost.extend(key for key in KEYS if store.outcome(key) != outcome(key))
            looks += len(KEYS)

    reader = threading.Thread(target=look)
    reader.start()
    for number in range(10):
        fill(store, [f"{number:02d}" + "cd" * 15])
        pack(store)
    over.set()
    reader.join()
    assert lost == []


def test_a_damaged_archive_stops_with_a_sentence(store):
    pack(store)
    (archive,) = store.archives.paths()
    data = bytearray(archive.read_bytes())
    data[:64] = b"x" * 64
    archive.write_bytes(data)
    with pytest.raises(ExecutionError, match=r"cannot be read .* bring it back from a copy"):
        store.outcome(KEYS[0])


def test_archives_are_read_by_sqlites_own_means(store):
    pack(store)
    archive = sqlite3.connect(store.archives.paths()[0])
    assert archive.execute("SELECT count(*) FROM sqlar").fetchone() == (18,)


def test_leftovers_of_killed_calculations_go_and_running_ones_stay(store):
    dead, running = "aa" * 16, "bb" * 16
    for key in (dead, running):
        store.workspace(key)
        store.lock_path(key).touch()
    with FileLock(store.lock_path(running)):
        assert pack(store, dry_run=True).leftovers == 1
        assert pack(store).leftovers == 1
    left = {path.name.split("-")[0] for path in (store.root / "_work").iterdir()}
    assert left == {running}


def test_two_do_not_pack_at_once(store):
    with FileLock(store.lock_path("pack")), pytest.raises(CampaignBusyError, match="another process packs"):
        pack(store)


def test_the_commands(store, tmp_path):
    runner = CliRunner()
    told = runner.invoke(app, ["store", "pack", "--dry-run", "--workspace", str(tmp_path)])
    assert told.exit_code == 0
    assert "6 results would be put into an archive" in told.output
    assert "6 results put" in runner.invoke(app, ["store", "pack", "--workspace", str(tmp_path)]).output
    shown = json.loads(runner.invoke(app, ["store", "show", "--json", "--workspace", str(tmp_path)]).output)
    assert shown[1] | {"bytes": 0} == {"part": "results in archives", "entries": 6, "files": 1, "bytes": 0}
    assert "results in archives" in runner.invoke(app, ["store", "show", "--workspace", str(tmp_path)]).output
