"""A campaign on a real Slurm: in one allocation, then on blocks that are killed in every way, and its end."""

import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from contextlib import suppress
from pathlib import Path

import pytest
import yaml

from reexplore.campaign.bench import Bench
from reexplore.campaign.campaign import open_campaign, run_campaign
from reexplore.campaign.driver import open_ledger
from reexplore.campaign.progress import Narrator
from reexplore.campaign.setup import prepare
from reexplore.execution.executor import SerialExecutor
from reexplore.execution.store import Store
from reexplore.shipped import shipped_folder
from tests.execution.slurm import LONG_S, cluster, missing, wait_for

pytestmark = [pytest.mark.engine, pytest.mark.skipif(missing() is not None, reason=str(missing()))]

PROGRAMS = Path(sys.executable).parent
BATCH_SCRIPT = shipped_folder("parsl_configs") / "driver.sbatch"
MINI = {
    "name": "mini",
    "space": {
        "scaffolds": ["HOPO"],
        "substituents": ["H", "methyl"],
        "metals": ["La", "Lu"],
        "coordinations": [{"ligands": 1}],
    },
    "theory": {"level": "teacher", "builders": ["sketch"]},
    "surrogate": {"members": 2},
    "budget": {"seed_labels": 2, "batch": 2, "labels": 2},
    "execution": {"parsl": "site.py"},
}
#: The shipped site, with a Parsl that looks at Slurm and its workers more often than once a minute.
SITE = """
from parsl.providers import SlurmProvider
from reexplore.execution.sites import load_site
from reexplore.shipped import resolve

SlurmProvider.status_polling_interval = 2


def make_config(run_dir):
    options = {"partition": "debug", "walltime": "00:01:00", "drain_minutes": 0, "max_blocks": 2}
    options |= {"workers_per_node": 1, "memory_gb_per_worker": 1}
    config = load_site(resolve("parsl_configs", "slurm"), run_dir=run_dir, options=options)
    config.strategy_period = 1
    for executor in config.executors:
        executor.heartbeat_period, executor.heartbeat_threshold = 2, 8
    return config
"""
#: Python runs this before anything else: it counts the calculations that start, and holds them while asked to.
HOOK = """
import os, re, sys, time
from pathlib import Path
folder = Path(__file__).parent
if "reexplore.execution.child" in sys.orig_argv:
    with (folder / "started").open("a") as file:
        file.write(re.findall("[0-9a-f]{32}", " ".join(sys.orig_argv))[0] + "\\n")
    while (folder / "hold").exists():
        time.sleep(0.1)
"""


class Workspace:
    """A folder with a campaign, and what can be seen of it from outside."""

    def __init__(self, folder, slurm):
        self.folder, self.slurm = folder, slurm
        (folder / "mini.yaml").write_text(yaml.safe_dump(MINI))
        (folder / "site.py").write_text(SITE)
        self.hook = folder / "hook"
        self.hook.mkdir()
        (self.hook / "sitecustomize.py").write_text(HOOK)
        paths = os.pathsep.join(filter(None, [str(self.hook), os.environ.get("PYTHONPATH")]))
        self.environment = slurm.environment | {
            "PYTHONPATH": paths,
            "PATH": f"{PROGRAMS}{os.pathsep}{os.environ['PATH']}",
        }

    def drive(self, log):
        """Start a driver that submits blocks, in a process group of its own as a terminal would."""
        command = [PROGRAMS / "reexplore", "campaign", "run", "mini.yaml"]
        return subprocess.Popen(
            command,
            cwd=self.folder,
            env=self.environment,
            stdout=(self.folder / log).open("w"),
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def started(self):
        """Return how often each calculation was started."""
        with suppress(FileNotFoundError):
            return Counter((self.hook / "started").read_text().split())
        return Counter()

    def finished(self):
        """Return when each finished calculation was started, by key."""
        store = Store(self.folder / "runs" / "_store")
        keys = [path.parent.name for path in store.root.glob("??/*/result.json")]
        return {key: store.outcome(key).provenance["started_at"] for key in keys}

    def wait_for_results(self, more):
        before = len(self.finished())
        wait_for(f"{more} more results than {before}", lambda: len(self.finished()) >= before + more)

    def hold(self):
        """Let the next calculation wait at its start, and return when one does."""
        before = self.started().total()
        (self.hook / "hold").touch()
        wait_for("a calculation is held", lambda: self.started().total() > before)

    def release(self):
        (self.hook / "hold").unlink()


@pytest.fixture(scope="module")
def slurm(tmp_path_factory):
    with cluster(tmp_path_factory.mktemp("slurm")) as running:
        yield running


def test_a_campaign_in_one_allocation_and_on_blocks_that_are_killed_loses_nothing(slurm, tmp_path):
    workspace = Workspace(tmp_path, slurm)
    _in_one_allocation(workspace)
    assert workspace.started().total() == len(workspace.finished()), "a drain repeats nothing"
    # One node is kept back: what is submitted waits for the other one.
    slurm.ask("scontrol", "update", "NodeName=n2", "State=DRAIN", "Reason=later")
    driver = workspace.drive("first.log")
    wait_for("a block runs", lambda: slurm.jobs("R"))
    before = {}
    for kill in (_walltime, _cancelled, _lost_node):
        workspace.hold()
        before |= workspace.finished()
        kill(slurm)
        workspace.release()
        workspace.wait_for_results(1)
        assert driver.poll() is None
    workspace.hold()
    before |= workspace.finished()
    orphans = slurm.jobs("R", "PD")
    driver.kill()
    driver.wait()
    workspace.release()
    assert len(orphans) > 1

    driver = workspace.drive("second.log")
    assert driver.wait(timeout=240) == 0, (tmp_path / "second.log").read_text()
    told = (tmp_path / "second.log").read_text()
    # The one that was queued could not end by itself; the one that ran may have.
    assert set(re.findall(r"slurm job (\d+) of the driver before was cancelled", told)) & set(orphans)
    assert not slurm.jobs("R", "PD")
    finished = workspace.finished()
    assert before.items() <= finished.items(), "a result that was there was computed again"
    started = workspace.started()
    assert set(started) == set(finished)
    assert started.total() - len(started) <= 4, "one worker was busy at each of four kills"
    assert _decisions(tmp_path) == _decisions_of_an_undisturbed_twin(tmp_path)


def test_the_doctor_tells_what_slurm_refuses_in_its_own_words(slurm, tmp_path):
    command = [PROGRAMS / "reexplore", "doctor", "--parsl", "slurm", "--option", "partition=nowhere"]
    told = subprocess.run(
        command, cwd=tmp_path, env=slurm.environment, capture_output=True, text=True, check=False, timeout=LONG_S
    )
    assert told.returncode == 5
    assert "3 blocks of executor 'expensive' failed" in told.stderr
    assert "invalid partition specified: nowhere" in told.stderr
    assert "Traceback" not in told.stderr
    assert not slurm.jobs("R", "PD")


def _in_one_allocation(workspace):
    slurm = workspace.slurm
    options = ["--option", "workers_per_node=2", "--option", "memory_gb_per_worker=1"]
    limits = ["--nodes=2", "--time=10", f"--chdir={workspace.folder}", "--parsable"]
    told = subprocess.run(
        ["sbatch", *limits, BATCH_SCRIPT, "mini.yaml", *options],
        env=workspace.environment,
        capture_output=True,
        text=True,
        check=True,
    )
    job = told.stdout.strip()
    workspace.wait_for_results(2)
    # As Slurm does it three minutes before the walltime.
    slurm.ask("scancel", "--batch", "--signal=USR1", job)
    wait_for("the job is queued again", lambda: job in slurm.jobs("PD"))
    slurm.ask("scancel", job)
    log = (workspace.folder / f"reexplore-{job}.log").read_text()
    assert "SIGUSR1: what runs comes back first" in log
    assert "error: SIGUSR1 came: the same command goes on" in log
    assert "Traceback" not in log


def _walltime(slurm):
    (job,) = slurm.jobs("R")
    slurm.end_walltime(job)
    wait_for("the walltime has ended the job", lambda: job in slurm.jobs("TO"))


def _cancelled(slurm):
    (job,) = slurm.jobs("R")
    slurm.ask("scancel", job)
    wait_for("the job is cancelled", lambda: job in slurm.jobs("CA"))


def _lost_node(slurm):
    (job,) = slurm.jobs("R")
    slurm.kill_node(slurm.node_of(job))
    slurm.ask("scontrol", "update", "NodeName=n2", "State=RESUME")


def _decisions(folder):
    ledger = open_ledger(prepare(str(folder / "mini.yaml"), workspace=folder))
    return ledger.picks(), ledger.labels(), [(r.number, r.kind, r.learned) for r in ledger.rounds()]


def _decisions_of_an_undisturbed_twin(folder):
    """Run the same campaign in one go on the same results: only what it decides may differ."""
    twin = folder / "twin"
    shutil.copytree(folder / "runs" / "_store", twin / "runs" / "_store")
    for name in ("mini.yaml", "site.py"):
        shutil.copy(folder / name, twin)
    setup = prepare(str(twin / "mini.yaml"), workspace=twin)
    nobody = SerialExecutor(store=Path("/nonexistent"), evidence=Path("/nonexistent"))
    run_campaign(Bench(setup, open_campaign(setup), nobody, Narrator()))
    return _decisions(twin)
