"""What disks, clocks, trackers and people do to a campaign: one sentence, nothing lost, and a resume ends alike."""

import errno
import itertools
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from mlflow import MlflowClient

from reexplore.campaign.declaration.setup import prepare
from reexplore.campaign.driver import open_ledger
from reexplore.campaign.ledger.ledger import Ledger
from reexplore.campaign.results.status import campaign_status
from reexplore.campaign.running.lock import sole_driver
from reexplore.execution import durable
from reexplore.execution.store import RESULT
from reexplore.tracking.records import TrackingError
from tests.campaign import crashing
from tests.campaign.crashing import LEDGER, apart, differences, executions, files, ledger_rows
from tests.commands import reexplore

pytestmark = [pytest.mark.engine, pytest.mark.mlflow]
REEXPLORE = Path(sys.executable).parent / "reexplore"
EXECUTION_FAILED = 5


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """Return the workspace of a small campaign that ran to its end, and the points it passed."""
    workspace = tmp_path_factory.mktemp("undisturbed") / "w"
    workspace.mkdir()
    with crashing.stand_ins():
        yield workspace, crashing.run(workspace)


@pytest.fixture
def workspace(tmp_path, undisturbed):
    """Return a fresh workspace; what it comes to is compared by `ends_like`."""
    (tmp_path / "w").mkdir()
    return tmp_path / "w"


def ends_like(undisturbed, workspace):
    """Return whether a campaign came to what the undisturbed one came to, and show what is otherwise."""
    golden = undisturbed[0]
    lines = differences(ledger_rows(golden / LEDGER), ledger_rows(workspace / LEDGER), "table")
    lines += differences(files(golden), files(workspace), "file")
    assert lines == []
    return True


def told(workspace):
    return (workspace / "error.txt").read_text()


@pytest.mark.parametrize(
    ("refusal", "sentence"),
    [
        (errno.ENOSPC, "No space left on device"),
        (errno.EDQUOT, "Disk quota exceeded"),
        (errno.EROFS, "Read-only file system"),
    ],
    ids=["disk full", "quota", "read-only folder"],
)
def test_a_file_system_that_refuses_stops_the_campaign_and_a_resume_goes_on(undisturbed, workspace, refusal, sentence):
    # Each start gets further before the next refusal.
    refusals = (1, 60, 150, 150, 150, 150)
    for refuse_from in refusals:
        assert apart(workspace, refuse_from=refuse_from, refuse_with=refusal) == EXECUTION_FAILED, told(workspace)
        assert sentence in told(workspace)
    assert apart(workspace) == 0, told(workspace)
    assert ends_like(undisturbed, workspace)
    assert sum((executions(workspace) - executions(undisturbed[0])).values()) <= len(refusals)


def test_a_disk_that_is_really_full(undisturbed, tmp_path):
    """SQLite's own writing fails here too, which no wrapper around Python's can do."""
    disk = tmp_path / "disk"
    disk.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", disk]
    mounted = subprocess.run(command, capture_output=True, text=True, check=False)
    if mounted.returncode:
        pytest.skip(f"a small disk can be mounted by root only: {mounted.stderr.strip()}")
    try:
        workspace = disk / "w"
        workspace.mkdir()
        codes = []
        for size in ("300k", "500k", "700k", "1m", "16m"):
            subprocess.run(["mount", "-o", f"remount,size={size}", disk], check=True)
            # A stage would not be begun for want of the room it may need: here the writing itself is to fail.
            codes.append(apart(workspace, first=lambda: setattr(durable, "_LEAST_FREE_GB", 0.0)))
        assert codes[0] == EXECUTION_FAILED
        assert set(codes[:-1]) <= {EXECUTION_FAILED, 0}
        assert codes[-1] == 0, told(workspace)
        assert ends_like(undisturbed, workspace)
    finally:
        subprocess.run(["umount", disk], check=True)


def test_torn_and_foreign_result_files_are_set_aside_and_computed_anew(undisturbed, workspace):
    shutil.copytree(undisturbed[0] / "runs" / "_store", workspace / "runs" / "_store")
    results = sorted((workspace / "runs" / "_store").glob("??/*/" + RESULT))
    torn, foreign, other = results[:3]
    torn.write_bytes(torn.read_bytes()[:40])
    foreign.write_bytes(other.read_bytes())
    assert apart(workspace) == 0, told(workspace)
    again = {line.split()[0] for line in executions(workspace)}
    assert {torn.parent.name, foreign.parent.name} <= again
    aside = {path.name[:32] for path in (workspace / "runs" / "_store" / "_quarantine").iterdir()}
    assert aside == {torn.parent.name, foreign.parent.name}
    shutil.rmtree(workspace / "runs" / "_store" / "_quarantine")
    assert files(workspace).keys() == files(undisturbed[0]).keys()
    assert {k: v for k, v in files(workspace).items() if k.startswith("runs/_store")} == {
        k: v for k, v in files(undisturbed[0]).items() if k.startswith("runs/_store")
    }


@pytest.mark.parametrize("step_s", [-86400.0, 86400.0], ids=["backwards", "forwards"])
def test_a_clock_that_jumps_decides_nothing(undisturbed, workspace, step_s):
    def jump_with_every_look():
        jumps = itertools.count()
        plain = time.time
        time.time = lambda: plain() + step_s * (next(jumps) // 7)

    assert apart(workspace, first=jump_with_every_look, kill_at=len(undisturbed[1]) // 2) == crashing.KILLED
    assert apart(workspace, first=jump_with_every_look) == 0, told(workspace)
    assert ends_like(undisturbed, workspace)
    setup = prepare(str(workspace / "small.yaml"), workspace=workspace)
    json.dumps(campaign_status(setup, open_ledger(setup)).to_dict(), allow_nan=False)


def test_a_second_driver_is_refused_in_one_sentence_and_changes_nothing(workspace):
    assert apart(workspace, kill_at=400) == crashing.KILLED
    setup = prepare(str(workspace / "small.yaml"), workspace=workspace)
    with sole_driver(setup.folder):
        before = ledger_rows(workspace / LEDGER), files(workspace)
        for verb in (["run"], ["resume"], ["sync"]):
            ended = reexplore("campaign", *verb, "small.yaml", cwd=workspace)
            assert ended.returncode == 4
            assert f"is driven by process {os.getpid()}" in ended.stderr
            assert "Traceback" not in ended.stderr
        assert (ledger_rows(workspace / LEDGER), files(workspace)) == before


def test_mlflow_down_for_the_whole_run_is_synced_after(undisturbed, workspace):
    def tracker_is_down():
        class Down:
            def __init__(self, store):
                raise TrackingError(f"{store} does not answer")

        crashing.mlflow.Tracker = Down

    assert apart(workspace, first=tracker_is_down) == 0, told(workspace)
    assert (workspace / "told.txt").read_text().count("MLflow was not reached") >= 3
    assert Ledger(workspace / LEDGER, read_only=True).unsent_rounds() == [0, 1, 2]
    # The same command as a user's, with MLflow itself, in a process without stand-ins.
    subprocess.run([REEXPLORE, "campaign", "sync", "small.yaml"], cwd=workspace, check=True, capture_output=True)
    assert Ledger(workspace / LEDGER, read_only=True).unsent_rounds() == []
    setup = prepare(str(workspace / "small.yaml"), workspace=workspace)
    client = MlflowClient(f"sqlite:///{setup.tracking}/mlflow.db")
    runs = [run for e in client.search_experiments() for run in client.search_runs([e.experiment_id])]
    assert len(runs) >= 1 + 3
