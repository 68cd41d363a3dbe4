"""What MLflow costs a campaign of many rounds, and how fast its page opens.

    python benchmarks/tracking.py [--part mirror page] [--rounds 100] [--batch 20] [--json]

`mirror`: a campaign with invented labels on sketched geometries, run to its end, with a clock around everything that is
asked of MLflow. Its calculations run in this process, without a new Python for each. The driver sends a round while the
calculations of the next one run; `mlflow_share` is what that takes of the core-seconds of as many labels that take
`--label-s` each. `page`: the page of five groups with forty candidates each, opened from the disk by Chromium
(Playwright drives it). With --json the last line is one JSON object.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import yaml

from reexplore.campaign.declaration.setup import prepare
from reexplore.campaign.loop import open_campaign, run_campaign
from reexplore.campaign.running.context import CampaignContext
from reexplore.campaign.running.progress import Narrator
from reexplore.chemistry.library import SUBSTITUENTS
from reexplore.errors import CalculationFailed
from reexplore.execution.executor import SerialExecutor
from reexplore.execution.kinds import KINDS
from reexplore.execution.store import Outcome, Store
from reexplore.execution.task import Task
from reexplore.execution.worker_functions import Context
from reexplore.tracking.mlflow import Tracker

SITES = 4
PARTS = ("mirror", "page")
_OPENINGS = 5


def rehearsal(name: str, metals: Sequence[str], *, groups: int, rounds: int, batch: int) -> dict[str, Any]:
    """Return a campaign file whose labels are invented: one seed, then rounds of a batch."""
    return {
        "name": name,
        "space": {
            "scaffolds": ["HOPO-345N"],
            "substituents": list(SUBSTITUENTS)[:groups],
            "metals": list(metals),
            "coordinations": [{"ligands": 1}],
        },
        "theory": {"level": "teacher", "builders": ["sketch"], "geometry": "series"},
        "surrogate": {"model": "composition"},
        "policy": "greedy",
        "budget": {"seed_labels": batch, "batch": batch, "labels": rounds * batch},
    }


class Here(SerialExecutor):
    """Runs each task at once, in this process."""

    def submit(self, task: Task) -> Future[Outcome]:
        """Run the task and return its finished future."""
        store = Store(self._store)
        began, folder = time.time(), store.workspace(task.key)
        context = Context(folder, folder, folder, store, threads=1, memory_gb=4.0)
        try:
            value, failure = KINDS[task.kind].load()(task.inputs, context), None
        except CalculationFailed as failed:
            value, failure = None, failed.failure
        outcome = Outcome(value, failure, {"started_at": began, "wall_s": time.time() - began, "cores": 1})
        store.publish(folder, task.key, outcome)
        future: Future[Outcome] = Future()
        future.set_result(outcome)
        return future


def run_here(made: dict[str, Any]) -> None:
    """Run a campaign to its end in the folder of this process."""
    file = Path(f"{made['name']}.yaml")
    file.write_text(yaml.safe_dump(made))
    setup = prepare(str(file), workspace=Path())
    with contextlib.closing(open_campaign(setup)) as ledger:
        executor = Here(store=setup.store, evidence=setup.folder / "evidence")
        run_campaign(CampaignContext(setup, ledger, executor, Narrator()))


def mirror(rounds: int, batch: int, *, label_s: float) -> dict[str, Any]:
    """Run a campaign and return what MLflow took of it: in all, at its beginning and at its end."""
    metals = ("La", "Lu")
    groups = next(n for n in range(2, len(SUBSTITUENTS)) if len(metals) * n**SITES >= 1.2 * rounds * batch)
    made = rehearsal("mirror", metals, groups=groups, rounds=rounds, batch=batch)
    with _workspace(), _clock("sync") as sent, _clock("decisions") as read:
        began = time.perf_counter()
        run_here(made)
        wall_s = time.perf_counter() - began
        size_mb = sum(each.stat().st_size for each in Path("runs/_mlflow").rglob("*") if each.is_file()) / 1e6
    spent_s, tenth = sum(sent) + sum(read), max(1, len(sent) // 10)
    return {
        "rounds": rounds,
        "labels": rounds * batch,
        "mlflow_s": round(spent_s, 1),
        "mlflow_s_a_round": {"first": _mean(sent[:tenth]), "last": _mean(sent[-tenth:])},
        "reading_tags_s_a_round": {"first": _mean(read[:tenth]), "last": _mean(read[-tenth:])},
        "rehearsal_wall_s": round(wall_s, 1),
        "mlflow_mb": round(size_mb),
        "mlflow_share": round(spent_s / (rounds * batch * label_s), 4),
    }


def page() -> dict[str, Any]:
    """Return size and opening times of a page: in a Chromium that is started for it, and in one that runs."""
    from playwright.sync_api import sync_playwright

    made = rehearsal("page", ("La", "Nd", "Eu", "Dy", "Lu"), groups=4, rounds=5, batch=20)
    with _workspace():
        run_here(made)
        file = Path("runs/page/report/top_candidates.html").resolve()
        size_mb = file.stat().st_size / 1e6
        started, running = [], []
        with sync_playwright() as driver:
            for _ in range(_OPENINGS):
                browser = driver.chromium.launch(
                    executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
                )
                started.append(_interactive_s(browser, file))
                running.append(_interactive_s(browser, file))
                browser.close()
    return {
        "page_mb": round(size_mb, 2),
        "page_interactive_s": {"browser started for it": _median(started), "browser that runs": _median(running)},
    }


def _interactive_s(browser: Any, file: Path) -> float:
    """Return how long until the page's scripts have run, as the browser itself counts from the request."""
    opened = browser.new_page()
    opened.goto(file.as_uri(), timeout=120_000)
    found = opened.evaluate("performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd")
    opened.close()
    return float(found) / 1000


@contextlib.contextmanager
def _clock(method: str) -> Iterator[list[float]]:
    """Note how long each call of one of the tracker's methods takes."""
    kept: Callable[..., Any] = getattr(Tracker, method)
    seconds: list[float] = []

    def timed(*given: Any, **named: Any) -> Any:
        began = time.perf_counter()
        try:
            return kept(*given, **named)
        finally:
            seconds.append(time.perf_counter() - began)

    setattr(Tracker, method, timed)
    try:
        yield seconds
    finally:
        setattr(Tracker, method, kept)


@contextlib.contextmanager
def _workspace() -> Iterator[None]:
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        yield


def _mean(seconds: list[float]) -> float:
    return round(statistics.fmean(seconds), 2) if seconds else 0.0


def _median(seconds: list[float]) -> float:
    return round(statistics.median(seconds), 2)


def main() -> None:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part", nargs="+", choices=PARTS, default=PARTS, metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--batch", type=int, default=20)
    parser.add_argument("--label-s", type=float, default=200, help="core-seconds of a label that is not invented")
    parser.add_argument("--json", action="store_true", help="print the figures as one JSON line, last")
    asked = parser.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    found: dict[str, Any] = {}
    if "mirror" in asked.part:
        found |= mirror(asked.rounds, asked.batch, label_s=asked.label_s)
    if "page" in asked.part:
        found |= page()
    for name, value in found.items():
        print(f"{name}: {value}")
    if asked.json:
        print(json.dumps(found))


if __name__ == "__main__":
    main()
