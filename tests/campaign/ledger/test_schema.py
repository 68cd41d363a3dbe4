"""A ledger's file: old ones load for ever, readers never write, and what cannot be read is said in a sentence."""

import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from reexplore.campaign.ledger import schema
from reexplore.campaign.ledger.ledger import Ledger
from reexplore.campaign.ledger.rows import AquaKeys
from reexplore.campaign.ledger.schema import SCHEMA_VERSION
from reexplore.errors import FailureCode, InputError
from reexplore.execution.task import Task

#: Written by the reexplore of each version, with the same campaign in its second round.
OLD = sorted((Path(__file__).parents[2] / "data" / "ledgers").glob("version-*.sqlite"))

KILLED = """
import os, sys
from pathlib import Path
from reexplore.campaign.ledger import schema
from reexplore.campaign.ledger.ledger import Ledger
from reexplore.execution.task import Task
if sys.argv[2] == "DELETE":
    schema.networked = lambda path: "nfs4"
ledger = Ledger(Path(sys.argv[1]))
ledger.plan([Task("energy", {"number": 1})])
ledger._db.execute("PRAGMA cache_spill = 1")
ledger._db.execute("PRAGMA cache_size = 1")
ledger._db.execute("BEGIN IMMEDIATE")
for number in range(2, 400):
    ledger.plan([Task("energy", {"number": number})])
os._exit(9)
"""


def structure(db):
    names = [name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name")]
    return {name: db.execute(f"PRAGMA table_info({name})").fetchall() for name in names}


def files(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_there_is_an_old_ledger_of_every_version():
    assert [path.stem for path in OLD] == [f"version-{number}" for number in range(1, SCHEMA_VERSION + 1)]


@pytest.mark.parametrize("old", OLD, ids=lambda path: path.stem)
@pytest.mark.parametrize("read_only", [True, False])
def test_an_old_ledger_loads(old, read_only, tmp_path):
    path = Path(shutil.copy(old, tmp_path))
    ledger = Ledger(path, read_only=read_only)
    assert list(ledger.labels()) == ["v1|a"]
    assert ledger.label_failures()["v1|b"].code is FailureCode.TIMEOUT
    assert [p.candidate for p in ledger.picks()] == ["v1|a", "v1|b", "v1|c"]
    assert [r.finished_at is None for r in ledger.rounds()] == [False, True]
    assert [p.name for p in ledger.proposed()] == (["bred-0-1"] if old.stem >= "version-7" else [])
    # Six terms of six minutes on two cores, two hours that ran out of time, and one result found in the store.
    assert ledger.core_hours() == pytest.approx(6 * 0.2 + 2)
    assert len(ledger.aqua_ions()) == (0 if old.stem == "version-1" else 1)
    relaxed = old.stem >= "version-5"
    assert list(ledger.finalists()) == (["v1|a"] if relaxed else [])
    assert list(ledger.finalist_failures()) == (["v1|c"] if relaxed else [])
    assert len(ledger.aqua_ions(relaxed=True)) == relaxed
    decided = old.stem >= "version-6"
    assert [d.said for d in ledger.decisions()] == (
        [
            "rejected by anna, 2026-11-21 21:13 UTC: too heavy",
            "promoted by bob, 2026-11-21 21:13 UTC, without a reason",
        ]
        if decided
        else []
    )
    assert {choice.decisions for choice in ledger.choices()} <= {2 if decided else 0}
    if read_only:
        assert files(tmp_path) == {old.name: old.read_bytes()}
    else:
        assert ledger.recall() == 1
        ledger.enter_aqua_ion("Lu", AquaKeys("s", "e"), None)
        ledger.close()
        assert "Lu" in Ledger(path, read_only=True).aqua_ions()


@pytest.mark.parametrize("old", OLD, ids=lambda path: path.stem)
def test_an_old_ledger_becomes_what_a_new_one_is(old, tmp_path):
    path = Path(shutil.copy(old, tmp_path))
    Ledger(path).close()
    Ledger(tmp_path / "new").close()
    assert structure(sqlite3.connect(path)) == structure(sqlite3.connect(tmp_path / "new"))


@pytest.mark.parametrize("journal", ["WAL", "DELETE"])
def test_a_reader_sees_what_a_killed_driver_had_committed_and_writes_nothing(journal, tmp_path):
    path = tmp_path / "ledger.sqlite"
    subprocess.run([sys.executable, "-c", KILLED, path, journal], check=False)
    # It died in the middle of a transaction, with some of it in the file or its log already.
    assert Path(f"{path}-{'wal' if journal == 'WAL' else 'journal'}").stat().st_size > 0
    before = files(tmp_path)
    reader = Ledger(path, read_only=True)
    assert [c.key for c in reader.calculations()] == [Task("energy", {"number": 1}).key]
    with pytest.raises(sqlite3.OperationalError):
        reader.recall()
    assert files(tmp_path) == before
    assert Ledger(path).recall() == 0


def test_a_reader_is_not_disturbed_by_a_busy_driver(tmp_path):
    path = tmp_path / "ledger.sqlite"
    driver = Ledger(path)
    with driver.transaction():
        driver.plan([Task("energy", {"number": 1})])
        assert Ledger(path, read_only=True).calculations() == []
    assert len(Ledger(path, read_only=True).calculations()) == 1


def test_a_copy_is_made_anew_when_the_ledger_changed_meanwhile(tmp_path, monkeypatch):
    path = tmp_path / "ledger.sqlite"
    Ledger(path).close()
    copied, copyfile = [], shutil.copyfile

    def copy_beside_a_checkpoint(source, target):
        copyfile(source, target)
        copied.append(source)
        if len(copied) == 1:
            late = Ledger(path)
            late.plan([Task("energy", {"number": 1})])
            late.close()

    monkeypatch.setattr(schema.shutil, "copyfile", copy_beside_a_checkpoint)
    assert len(Ledger(path, read_only=True).calculations()) == 1
    assert len(copied) == 2


def test_on_a_network_file_system_there_is_no_write_ahead_log(tmp_path, monkeypatch):
    Ledger(tmp_path / "l").close()
    monkeypatch.setattr(schema, "networked", lambda _path: "lustre")
    Ledger(tmp_path / "l").plan([Task("energy", {"number": 1})])
    assert list(files(tmp_path)) == ["l"]


@pytest.mark.parametrize("damage", ["nothing of SQLite", "a page torn off", "a page of zeros"])
@pytest.mark.parametrize("read_only", [True, False])
def test_a_ledger_that_cannot_be_read_is_refused_and_left_as_it_is(damage, read_only, tmp_path):
    path = Path(shutil.copy(OLD[-1], tmp_path / "ledger.sqlite"))
    data = path.read_bytes()
    page = {"nothing of SQLite": b"something else" * 999, "a page torn off": data[:-5000]}
    path.write_bytes(page.get(damage, data[:8192] + bytes(4096) + data[12288:]))
    before = files(tmp_path)
    with pytest.raises(InputError, match=r"ledger.sqlite is not a ledger that can be read \(.+\); move it away"):
        Ledger(path, read_only=read_only)
    assert files(tmp_path) == before


@pytest.mark.parametrize("read_only", [True, False])
def test_a_ledger_of_a_later_version_is_refused(read_only, tmp_path):
    db = sqlite3.connect(tmp_path / "l")
    db.execute("PRAGMA user_version = 99")
    db.commit()
    db.close()
    with pytest.raises(InputError, match="ledger version 99; this reexplore reads versions up to"):
        Ledger(tmp_path / "l", read_only=read_only)


def test_an_empty_file_is_no_campaign(tmp_path):
    (tmp_path / "l").touch()
    with pytest.raises(InputError, match="holds no campaign yet"):
        Ledger(tmp_path / "l", read_only=True)
