"""Campaigns whose drivers, workers, interchanges, jobs and nodes are killed, and what that cost.

    python -m tests.execution.killing local [--kills 20] [--seed 1] [--steering asynchronous]
    python -m tests.execution.killing slurm

Prints one JSON object. A calculation is *lost* when a result that was there at a kill is missing in the end or was
computed again; it is *repeated* when it was under way at a kill and was started again.
"""

import argparse
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import yaml

from reexplore.campaign.declaration.setup import prepare
from reexplore.campaign.driver import drive, open_ledger
from reexplore.campaign.running.progress import Narrator
from reexplore.execution.store import Store
from reexplore.shipped import shipped_folder
from tests.attacks.trial import patience
from tests.execution.processes import processes
from tests.execution.slurm import Slurm, cluster, wait_for

PROGRAMS = Path(sys.executable).parent
BATCH_SCRIPT = shipped_folder("parsl_configs") / "driver.sbatch"
#: A campaign of twenty calculations that learns nothing.
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
#: One that learns twice, for many kills.
SMALL = MINI | {
    "space": MINI["space"] | {"scaffolds": ["HOPO", "CAM"], "substituents": ["H", "methyl", "fluoro"]},
    "budget": {"seed_labels": 4, "batch": 2, "labels": 6},
}
#: Shipped sites, with a Parsl that looks at its jobs and workers more often than it does elsewhere.
_SITE = """
from parsl.providers import SlurmProvider
from reexplore.execution.sites import load_site
from reexplore.shipped import resolve

SlurmProvider.status_polling_interval = 2


def make_config(run_dir):
    config = load_site(resolve("parsl_configs", {name!r}), run_dir=run_dir, options={options!r})
    config.strategy_period = 1
    for executor in config.executors:
        executor.heartbeat_period, executor.heartbeat_threshold = 2, 8
    return config
"""
LOCAL = _SITE.format(name="local", options={"workers": 2})
ON_SLURM = _SITE.format(
    name="slurm",
    options={"partition": "debug", "walltime": "00:01:00", "drain_minutes": 0, "max_blocks": 2}
    | {"workers_per_node": 1, "memory_gb_per_worker": 1},
)
#: Python runs this before anything else: it counts the calculations that start, and holds them while asked to.
_HOOK = """
import re, sys, time
from pathlib import Path
folder = Path(__file__).parent
if "reexplore.execution.child" in sys.orig_argv:
    with (folder / "started").open("a") as file:
        file.write(re.findall("[0-9a-f]{32}", " ".join(sys.orig_argv))[0] + "\\n")
    while (folder / "hold").exists():
        time.sleep(0.1)
"""


@dataclass(frozen=True)
class Kill:
    """What was there just before a kill: results, how often calculations had been started, which were under way."""

    finished: dict[str, float]
    started: Counter[str]
    running: set[str]


@dataclass
class Observed:
    """A folder with a campaign, what can be seen of it from outside, and what every kill found."""

    folder: Path
    campaign: dict[str, Any]
    site: str
    environment: dict[str, str]
    kills: list[Kill] = field(default_factory=list)
    drivers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def __post_init__(self) -> None:
        (self.folder / "mini.yaml").write_text(yaml.safe_dump(self.campaign))
        (self.folder / "site.py").write_text(self.site)
        self.hook = self.folder / "hook"
        self.hook.mkdir()
        (self.hook / "sitecustomize.py").write_text(_HOOK)
        paths = os.pathsep.join(filter(None, [str(self.hook), os.environ.get("PYTHONPATH")]))
        programs = f"{PROGRAMS}{os.pathsep}{os.environ['PATH']}"
        self.environment = self.environment | {"PYTHONPATH": paths, "PATH": programs}

    def drive(self, log: str) -> subprocess.Popen[bytes]:
        """Start a driver, in a process group of its own as a terminal would."""
        with (self.folder / log).open("a") as file:
            driver = subprocess.Popen(
                [PROGRAMS / "reexplore", "campaign", "run", "mini.yaml"],
                cwd=self.folder,
                env=self.environment,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.drivers.append(driver)
        return driver

    @contextmanager
    def followed(self) -> Iterator[None]:
        """Let no driver outlive what is done here, and tell with an error what the drivers printed."""
        try:
            yield
        except (TimeoutError, RuntimeError, subprocess.TimeoutExpired) as error:
            for log in sorted(self.folder.glob("*.log")):
                error.add_note(f"{log.name}: {log.read_text()[-2000:]}")
            raise
        finally:
            for driver in self.drivers:
                driver.kill()
                driver.wait()

    def started(self) -> Counter[str]:
        """Return how often each calculation was started."""
        with suppress(FileNotFoundError):
            return Counter((self.hook / "started").read_text().split())
        return Counter()

    def finished(self) -> dict[str, float]:
        """Return when each finished calculation was started, by key."""
        store = Store(self.folder / "runs" / "_store")
        keys = [path.parent.name for path in store.root.glob("??/*/result.json")]
        return {key: store.outcome(key).provenance["started_at"] for key in keys}

    def wait_for_results(self, more: int) -> None:
        """Return when so many more results are there."""
        before = len(self.finished())
        wait_for(f"{more} more results than {before}", lambda: len(self.finished()) >= before + more)

    def hold(self) -> None:
        """Let the next calculation wait at its start, and return when one does."""
        before = self.started().total()
        (self.hook / "hold").touch()
        wait_for("a calculation is held", lambda: self.started().total() > before)

    def release(self) -> None:
        """Let calculations go on."""
        (self.hook / "hold").unlink()

    def note_kill(self) -> None:
        """Keep what is there at this moment, just before a kill."""
        running = {key for key, _, _ in _busy_workers(self.folder)}
        self.kills.append(Kill(self.finished(), self.started(), running))

    def figures(self) -> dict[str, int]:
        """Return what the kills cost, now that the campaign has ended."""
        finished, started = self.finished(), self.started()
        lost = {key for kill in self.kills for key, at in kill.finished.items() if finished.get(key) != at}
        repeated = [sum(started[key] > kill.started[key] for key in kill.running) for kill in self.kills]
        return {
            "kills": len(self.kills),
            "lost": len(lost),
            "repeated": started.total() - len(started),
            "repeated_max_per_kill": max(repeated),
            "running_max_per_kill": max(len(kill.running) for kill in self.kills),
        }

    def end_state(self) -> Any:
        """Return all that the campaign decided and found, without times and hosts."""
        return end_state(self.folder)


def end_state(folder: Path) -> Any:
    """Return all that the campaign in a folder decided and found, without times and hosts."""
    ledger = open_ledger(prepare(str(folder / "mini.yaml"), workspace=folder))
    calculations = sorted((row.key, row.kind, row.state) for row in ledger.calculations())
    return calculations, ledger.picks(), ledger.labels(), [(r.number, r.kind, r.learned) for r in ledger.rounds()]


def kill_on_this_machine(folder: Path, *, kills: int, seed: int, steering: str = "rounds") -> dict[str, Any]:
    """Kill what a campaign runs on at random moments, start again what ended, and return what it cost.

    Killed are driver, interchange, pool, worker and the process that calculates. `processes_left` are those that
    belong to the campaign ninety seconds after its end. Of an asynchronous campaign only the first choice does not
    depend on what came back first: compared are its numbers, candidate by candidate, not which were chosen.
    """
    # One kill needs no campaign that learns, which takes a minute more.
    declared = MINI if kills == 1 else SMALL
    campaign = Observed(folder, declared | {"steering": steering}, LOCAL, dict(os.environ))
    with campaign.followed():
        victims = _at_random(campaign, kills, random.Random(seed))
    undisturbed, found = _undisturbed(folder / "undisturbed", campaign.campaign), campaign.end_state()
    identical = found == undisturbed if steering == "rounds" else _agree(found, undisturbed)
    left = _left_behind(folder)
    return campaign.figures() | {"victims": dict(victims), "identical": identical, "processes_left": left}


def _agree(found: Any, undisturbed: Any) -> bool:
    """Return whether two asynchronous campaigns bought as many labels and say the same of what both labelled."""
    ours, theirs = found[2], undisturbed[2]
    return len(ours) == len(theirs) and all(ours[key] == theirs[key] for key in ours.keys() & theirs.keys())


def _left_behind(folder: Path) -> int:
    def ours() -> list[int]:
        return [p.pid for p in processes() if str(folder) in " ".join(p.info["cmdline"] or ())]

    with suppress(TimeoutError):
        wait_for("no process is left", lambda: not ours(), timeout_s=90)
    return len(ours())


#: How a driver ends whose victim this was; others it outlives.
_FATAL = {"driver": -9, "interchange": 5}


def _at_random(campaign: Observed, kills: int, draw: random.Random) -> Counter[str]:
    driver, struck = campaign.drive("driver.log"), set[str]()
    victims = Counter[str]()
    while len(campaign.kills) < kills:
        if driver.poll() == 0:
            raise RuntimeError(f"the campaign was done after {len(campaign.kills)} kills: take a larger one")
        _wait_for_work(campaign)
        time.sleep(draw.uniform(0, 4))
        victim = draw.choice(("driver", "interchange", "pool", "worker", "calculation"))
        process = _find(victim, driver, campaign.folder, struck)
        if process is None:
            continue
        if not process.is_running():
            # It ended by itself meanwhile: nobody was struck.
            continue
        campaign.note_kill()
        victims[victim] += 1
        with suppress(psutil.NoSuchProcess):
            process.kill()
        if victim in _FATAL:
            # A driver notices by itself that its interchange is gone.
            code = driver.wait(timeout=240 * patience())
            if code != _FATAL[victim]:
                raise RuntimeError(f"after the {victim} was killed the driver ended with {code}")
            driver = campaign.drive("driver.log")
    if (code := driver.wait(timeout=1800)) != 0:
        raise RuntimeError(f"the last driver ended with {code}")
    return victims


def _wait_for_work(campaign: Observed) -> None:
    before = campaign.started().total()
    wait_for("a calculation starts", lambda: campaign.started().total() > before, timeout_s=240 * patience())


def _find(victim: str, driver: subprocess.Popen[bytes], folder: Path, struck: set[str]) -> psutil.Process | None:
    with suppress(psutil.Error):
        itself = psutil.Process(driver.pid)
        if victim == "driver":
            return itself if driver.poll() is None else None
        if victim == "interchange":
            return next((p for p in itself.children(recursive=True) if "interchange" in " ".join(p.cmdline())), None)
        # The same calculation is not struck twice: two lost workers are its own fault by rule.
        busy = list(_busy_workers(folder))
        if busy and victim == "pool" and not struck & {key for key, _, _ in busy}:
            struck |= {key for key, _, _ in busy}
            return busy[0][1].parent()
        for key, worker, calculation in busy if victim != "pool" else ():
            if key not in struck:
                struck.add(key)
                return worker if victim == "worker" else calculation
    return None


def _busy_workers(folder: Path) -> Iterator[tuple[str, psutil.Process, psutil.Process]]:
    """Yield what is calculated for the campaign in this folder, with the worker that guards it and the process."""
    for process in processes():
        told = " ".join(process.info["cmdline"] or ())
        ours = "reexplore.execution.child" in told and str(folder) in told
        if ours and (worker := process.parent()) is not None:
            yield re.findall("[0-9a-f]{32}", told)[0], worker, process


def _undisturbed(folder: Path, campaign: dict[str, Any]) -> Any:
    folder.mkdir()
    (folder / "mini.yaml").write_text(yaml.safe_dump(campaign | {"execution": {"parsl": "local"}}))
    drive(prepare(str(folder / "mini.yaml"), workspace=folder), narrator=Narrator())
    return end_state(folder)


def kill_on_slurm(slurm: Slurm, folder: Path) -> Observed:
    """Run a campaign in one allocation, then on blocks that are killed in every way; return it at its end.

    The kills are: the walltime, `scancel`, a node that is lost, SIGKILL of the driver.
    """
    campaign = Observed(folder, MINI, ON_SLURM, slurm.environment)
    with campaign.followed():
        _in_one_allocation(campaign, slurm)
        _on_blocks(campaign, slurm)
    return campaign


def _on_blocks(campaign: Observed, slurm: Slurm) -> None:
    # One node is kept back: what is submitted waits for the other one.
    slurm.ask("scontrol", "update", "NodeName=n2", "State=DRAIN", "Reason=later")
    driver = campaign.drive("first.log")
    wait_for("a block runs", lambda: slurm.jobs("R"))
    for kill in (_walltime, _cancelled, _lost_node):
        campaign.hold()
        campaign.note_kill()
        kill(slurm)
        campaign.release()
        campaign.wait_for_results(1)
    campaign.hold()
    campaign.note_kill()
    orphans = slurm.jobs("R", "PD")
    driver.kill()
    if (code := driver.wait()) != -9:
        raise RuntimeError(f"the driver ended with {code}")
    campaign.release()
    if (code := campaign.drive("second.log").wait(timeout=240)) != 0:
        raise RuntimeError(f"the second driver ended with {code}")
    told = (campaign.folder / "second.log").read_text()
    # The one that was queued could not end by itself; the one that ran may have.
    if not set(re.findall(r"slurm job (\d+) of the driver before was cancelled", told)) & set(orphans):
        raise RuntimeError(f"nothing was said of the jobs {orphans}")


def _in_one_allocation(campaign: Observed, slurm: Slurm) -> None:
    options = ["--option", "workers_per_node=2", "--option", "memory_gb_per_worker=1"]
    limits = ["--nodes=2", "--time=10", f"--chdir={campaign.folder}", "--parsable"]
    told = subprocess.run(
        ["sbatch", *limits, BATCH_SCRIPT, "mini.yaml", *options],
        env=campaign.environment,
        capture_output=True,
        text=True,
        check=True,
    )
    job = told.stdout.strip()
    campaign.wait_for_results(2)
    # As Slurm does it three minutes before the walltime.
    slurm.ask("scancel", "--batch", "--signal=USR1", job)
    wait_for("the job is queued again", lambda: job in slurm.jobs("PD"))
    slurm.ask("scancel", job)
    log = (campaign.folder / f"reexplore-{job}.log").read_text()
    if "SIGUSR1 came: the same command goes on" not in log or "Traceback" in log:
        raise RuntimeError(f"the driver did not drain: {log}")
    if campaign.started().total() != len(campaign.finished()):
        raise RuntimeError("a drain left calculations behind")


def _walltime(slurm: Slurm) -> None:
    (job,) = slurm.jobs("R")
    slurm.end_walltime(job)
    wait_for("the walltime has ended the job", lambda: job in slurm.jobs("TO"))


def _cancelled(slurm: Slurm) -> None:
    (job,) = slurm.jobs("R")
    slurm.ask("scancel", job)
    wait_for("the job is cancelled", lambda: job in slurm.jobs("CA"))


def _lost_node(slurm: Slurm) -> None:
    (job,) = slurm.jobs("R")
    slurm.kill_node(slurm.node_of(job))
    slurm.ask("scontrol", "update", "NodeName=n2", "State=RESUME")


def main() -> None:
    """Kill as asked and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("where", choices=("local", "slurm"))
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--steering", choices=("rounds", "asynchronous"), default="rounds")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "campaign"
        folder.mkdir()
        if asked.where == "local":
            found = kill_on_this_machine(folder, kills=asked.kills, seed=asked.seed, steering=asked.steering)
        else:
            (Path(name) / "slurm").mkdir()
            with cluster(Path(name) / "slurm") as slurm:
                found = kill_on_slurm(slurm, folder).figures()
    print(json.dumps(found))


if __name__ == "__main__":
    main()
