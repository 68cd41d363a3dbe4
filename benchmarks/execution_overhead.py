"""What the driver costs: time between tasks, memory for a pool of a million, and how busy it keeps its workers.

    python benchmarks/execution_overhead.py [--json] [--only PART ...]

The parts are `tasks`, `memory` and `workers`; each runs in a process of its own. Ledger, store, dispatcher and Parsl
are the real ones. What stands in for chemistry is `nap` (sleeps, then publishes a result as a worker does) and, in
`workers`, `long_energy` (the teacher after a declared sleep). With --json the last line is one JSON object.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PARTS = ("tasks", "memory", "workers")

TASKS, WORKERS, TASK_S = 10_000, 64, 1.0


def figures() -> dict[str, Any]:
    """Return the figures of all parts."""
    return {name: value for part in PARTS for name, value in measured(part).items()}


def measured(part: str) -> dict[str, Any]:
    """Measure one part in a fresh process whose workers can import this file."""
    path = os.pathsep.join(filter(None, [str(ROOT / "benchmarks"), os.environ.get("PYTHONPATH")]))
    code = f"import execution_overhead as here, json; print(json.dumps(here.{part}()))"
    told = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONPATH": path, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return json.loads(told.stdout.splitlines()[-1])


# --- many short tasks on many workers


def nap(task: dict[str, Any], store: str, _evidence: str) -> dict[str, Any]:
    """Sleep as long as the task says and publish a result, on a worker."""
    from reexplore.execution.store import Outcome, Store
    from reexplore.execution.task import Task

    started = time.time()
    key, shelf = Task(**task).key, Store(Path(store))
    time.sleep(task["inputs"]["sleep_s"])
    outcome = Outcome({}, None, {"pid": os.getpid(), "started_at": started, "wall_s": time.time() - started})
    shelf.publish(shelf.workspace(key), key, outcome)
    outcome.provenance["ended_at"] = time.time()
    return outcome.to_dict()


def tasks() -> dict[str, Any]:
    """Run 10⁴ tasks of 1 s on 64 workers."""
    from reexplore.campaign.ledger.ledger import Ledger
    from reexplore.campaign.running.dispatcher import Dispatcher
    from reexplore.campaign.running.stopping import StopRequest
    from reexplore.config import EscalationEntry
    from reexplore.execution import parsl as running
    from reexplore.execution.sites import load_site
    from reexplore.execution.store import Store
    from reexplore.execution.task import Task

    running.perform_json = nap
    with tempfile.TemporaryDirectory(prefix="reexplore-overhead-") as name:
        folder = Path(name)
        store, ledger = Store(folder / "store"), Ledger(folder / "ledger.sqlite")
        config = load_site(ROOT / "parsl_configs" / "local.py", run_dir=folder / "parsl", options={"workers": WORKERS})
        # They sleep: one core is enough for all of them.
        config.executors[0].cores_per_worker = 1 / WORKERS
        with running.ParslExecutor(config, store=store.root, evidence=folder / "evidence") as executor:
            desk = Dispatcher(
                ledger=ledger,
                store=store,
                executor=executor,
                narrator=_Silent(),
                rules=EscalationEntry(),
                stop=StopRequest(),
            )

            def napping(label: str, count: int, sleep_s: float) -> list[Task]:
                return [Task("water", {"sleep_s": sleep_s, "n": f"{label} {n}"}, title=label) for n in range(count)]

            # Until all workers are there.
            desk.finish(desk.run(napping("warm", 8 * WORKERS, TASK_S), stage="warm"))
            started, cpu_s = time.monotonic(), time.process_time()
            asked = napping("measured", TASKS, TASK_S)
            with _in_flight(executor) as events:
                outcomes = desk.finish(desk.run(asked, stage="measured"))
            wall_s, cpu_s = time.monotonic() - started, time.process_time() - cpu_s
        known = [outcome.provenance for outcome in outcomes.values()]
        busy_s = sum(one["ended_at"] - one["started_at"] for one in known)
        ledger.close()
    return {
        "driver_overhead_fraction": round(cpu_s / (TASKS * TASK_S), 5),
        "driver_cpu_ms_per_task": round(1e3 * cpu_s / TASKS, 3),
        "workers_unfed_fraction": round(_unfed_s(events) / busy_s, 5),
        "workers_gap_fraction": round(_gaps_s(known) / busy_s, 5),
        "tasks": len(known),
        "tasks_workers": len({one["pid"] for one in known}),
        "tasks_wall_s": round(wall_s, 1),
        "tasks_ideal_s": TASKS * TASK_S / WORKERS,
    }


@contextmanager
def _in_flight(executor: Any) -> Iterator[list[tuple[float, int]]]:
    """Note when a task leaves the driver (+1) and when it is back (-1)."""
    events: list[tuple[float, int]] = []
    submit = executor.submit

    def noted(task: Any) -> Any:
        future = submit(task)
        events.append((time.monotonic(), 1))
        future.add_done_callback(lambda _: events.append((time.monotonic(), -1)))
        return future

    executor.submit = noted
    yield events


def _unfed_s(events: list[tuple[float, int]]) -> float:
    """Return how long workers had no task because the driver had not handed out enough, all together.

    The end, when there is nothing left to hand out, does not count.
    """
    events = sorted(events)
    last = max(at for at, step in events if step > 0)
    lost, there, before = 0.0, 0, events[0][0]
    for at, step in events:
        if at > last:
            break
        lost += max(0, WORKERS - there) * (at - before)
        there, before = there + step, at
    return lost


def _gaps_s(known: Iterable[dict[str, Any]]) -> float:
    """Return how long workers waited between two tasks, all together."""
    by_worker: dict[int, list[dict[str, Any]]] = {}
    for one in sorted(known, key=lambda one: one["started_at"]):
        by_worker.setdefault(one["pid"], []).append(one)
    return sum(
        later["started_at"] - earlier["ended_at"] for mine in by_worker.values() for earlier, later in pairwise(mine)
    )


# --- a pool of a million

#: 16 substituents at four sites and 16 metals: 1,048,576 candidates.
MILLION = {
    "name": "million",
    "space": {
        "scaffolds": ["HOPO-345N"],
        "substituents": ["H"],
        "metals": ["La"],
        "coordinations": [{"ligands": 1}],
        "limit": 2_000_000,
    },
    "theory": {"level": "teacher", "builders": ["sketch"]},
    "budget": {"seed_labels": 4, "batch": 4, "labels": 8},
}


def memory() -> dict[str, Any]:
    """Drive a campaign over 10⁶ candidates; tasks are answered at once, and what they compute is made up."""
    import yaml

    from reexplore.campaign.declaration.setup import prepare
    from reexplore.campaign.loop import open_campaign, run_campaign
    from reexplore.campaign.results import report
    from reexplore.campaign.running.context import CampaignContext
    from reexplore.chemistry.library import SUBSTITUENTS
    from reexplore.chemistry.metals import SERIES

    # What the driver imports on its way is no memory of the pool's.
    for module in ("sklearn.linear_model", "matplotlib.pyplot", "scipy.stats", "parsl", "rdkit.Chem.AllChem"):
        __import__(module)
    report.mirror = lambda *_: None  # type: ignore[assignment] - MLflow's memory is not asked for here
    MILLION["space"] |= {"substituents": list(SUBSTITUENTS)[:16], "metals": [m.symbol for m in SERIES[-16:]]}
    with tempfile.TemporaryDirectory(prefix="reexplore-memory-") as name:
        workspace = Path(name)
        (workspace / "million.yaml").write_text(yaml.safe_dump(MILLION))
        setup = prepare(str(workspace / "million.yaml"), workspace=workspace)
        ledger = open_campaign(setup)
        before_mb = _peak_mb()
        context = CampaignContext(setup, ledger, None, _Silent())  # type: ignore[arg-type] - nothing is sent to workers
        answers = _Answers(context)
        context.__dict__["dispatcher"] = answers
        started = time.monotonic()
        run_campaign(context)
        wall_s = time.monotonic() - started
        figures = {"driver_memory_mb": round(_peak_mb() - before_mb), "imports_mb": round(before_mb)}
        after = {f"driver_memory_mb_after_{kind}": round(mb - before_mb) for kind, mb in answers.peak_mb.items()}
        labels, candidates = len(ledger.labels()), len(context.pool)
        ledger.close()
    return figures | after | {"pool": candidates, "pool_labels": labels, "pool_wall_s": round(wall_s)}


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


class _Answers:
    """Stands in for the dispatcher: chemistry is the teacher's, what the network says is drawn."""

    runs_short = True

    def __init__(self, context: Any) -> None:
        self.context = context
        self.peak_mb: dict[str, float] = {}

    def run(self, tasks: Any, *, stage: str) -> Any:
        """Answer at once, and note the peak of memory before."""
        from reexplore.execution.store import Outcome

        self.peak_mb[stage] = _peak_mb()
        yield from ()
        found = {}
        for task in tasks:
            outcome = Outcome(self.value(task), None, {"wall_s": 0.0, "cpu_s": 0.0})
            self.context.ledger.plan([task])
            self.context.ledger.finish(task.key, outcome, reused=False)
            found[task.key] = outcome
        return found

    def finish(self, job: Any) -> Any:
        """Return what a job comes to."""
        try:
            next(job)
        except StopIteration as ended:
            return ended.value
        raise AssertionError("everything is answered at once")

    def side_by_side(self, due: Any, *, after_turn: Any) -> None:
        """Let every job that is due come to its end."""
        while jobs := due(()):
            for job in jobs.values():
                self.finish(job)
            after_turn(list(jobs))

    def value(self, task: Any) -> dict[str, Any]:
        """Return what a task comes to."""
        from reexplore.execution.kinds import KINDS

        made_up = {
            "screen": lambda: {"refused": {}},
            "energy": lambda: self._energy(task.inputs),
            "member": lambda: self._member(task.inputs),
            "predict": lambda: {"candidates": 0},
            "forecast": lambda: self._forecast(self.context.store.folder(task.key)),
            "select": lambda: self._select(task.inputs),
        }
        return made_up[task.kind]() if task.kind in made_up else KINDS[task.kind].load()(task.inputs, None)

    def _energy(self, inputs: dict[str, Any]) -> dict[str, Any]:
        from reexplore.energies.teacher import teacher_energy
        from reexplore.structures.structure import Structure

        return teacher_energy(Structure.from_extxyz(inputs["extxyz"])).to_dict()

    def _member(self, inputs: dict[str, Any]) -> dict[str, Any]:
        from reexplore.surrogate.samples import samples_from_text

        known = samples_from_text(self.context.store.get_text(inputs["samples"]))
        mine = known[inputs["member"] :: inputs["members"]]
        return {"out_of_fold_kcal_mol": {one.key: one.target_kcal_mol + 5.0 for one in mine}}

    def _select(self, inputs: dict[str, Any]) -> dict[str, Any]:
        taken = {*inputs["labelled"], *inputs["excluded"]}
        free = (key for key in self.context.pool if key not in taken)
        return {"picks": [{"key": next(free), "role": "acquisition", "value": 1.0} for _ in range(inputs["q"])]}

    def _forecast(self, folder: Path) -> dict[str, Any]:
        # A worker makes this table: its memory is not the driver's.
        if (child := os.fork()) == 0:
            import numpy as np

            from reexplore.execution.kinds import FORECAST_FILE
            from reexplore.surrogate.forecast import Forecast

            folder.mkdir(parents=True)
            drawn = np.random.default_rng(0).normal(-60, 10, (len(self.context.pool), 4))
            Forecast(tuple(self.context.pool), drawn).save(folder / FORECAST_FILE)
            os._exit(0)
        if os.waitpid(child, 0)[1]:
            raise AssertionError("the forecast was not made")
        return {"candidates": len(self.context.pool)}


# --- two workers in an asynchronous campaign

#: Energies take from two to twenty seconds, the same calculation always as long.
SHORTEST_S, LONGEST_S = 2.0, 20.0

BUSY = {
    "name": "busy",
    "space": {
        "scaffolds": ["HOPO", "CAM", "HCAM"],
        "substituents": ["H", "methyl", "fluoro", "chloro", "methoxy", "nitro"],
        "metals": ["La", "Eu", "Lu"],
        "coordinations": [{"ligands": 1}],
    },
    "theory": {"level": "teacher", "builders": ["sketch"]},
    "surrogate": {"members": 2},
    "steering": "asynchronous",
    "budget": {"seed_labels": 8, "batch": 4, "labels": 24},
}


def long_energy(task: dict[str, Any], store: str, evidence: str) -> dict[str, Any]:
    """Perform a task as a worker does, an energy after a sleep declared by its key; add when, and on which worker."""
    from reexplore.execution.guard import perform_json
    from reexplore.execution.task import Task

    started = time.time()
    if task["kind"] == "energy":
        share = int(Task(**task).key[:8], 16) / 2**32
        time.sleep(SHORTEST_S * (LONGEST_S / SHORTEST_S) ** share)
    outcome = perform_json(task, store, evidence)
    outcome["provenance"] |= {"pid": os.getpid(), "started_at": started, "ended_at": time.time()}
    return outcome


def workers() -> dict[str, Any]:
    """Run an asynchronous campaign on two workers and add up how long they were in calculations."""
    import sqlite3

    import yaml
    from rich.console import Console

    from reexplore.campaign.declaration.setup import prepare
    from reexplore.campaign.driver import drive, open_ledger
    from reexplore.campaign.running.progress import Narrator
    from reexplore.execution import parsl as running

    running.perform_json = long_energy
    with tempfile.TemporaryDirectory(prefix="reexplore-busy-") as name:
        workspace = Path(name)
        (workspace / "busy.yaml").write_text(yaml.safe_dump(BUSY))
        setup = prepare(str(workspace / "busy.yaml"), workspace=workspace)
        drive(setup, narrator=Narrator(Console(file=sys.stderr)))
        ledger = open_ledger(setup)
        known = [ledger.outcome(c.key).provenance for c in ledger.calculations()]  # type: ignore[union-attr]
        with sqlite3.connect(setup.ledger_path) as database:
            chosen_at = [at for (at,) in database.execute("SELECT chosen_at FROM choice ORDER BY number")]
        spans = [(one["started_at"], one["ended_at"]) for one in known]
        whole = min(start for start, _ in spans), max(end for _, end in spans)
        lengths = [end - start for start, end in spans]
        labels, pending = len(ledger.labels()), _chosen_beside_pending(setup, ledger)
    return {
        "worker_utilisation": round(_busy(spans, chosen_at[0], chosen_at[-1]), 4),
        "worker_utilisation_whole": round(_busy(spans, *whole), 4),
        "busy_s": round(chosen_at[-1] - chosen_at[0]),
        "busy_whole_s": round(whole[1] - whole[0]),
        "busy_labels": labels,
        "busy_choices": len(chosen_at),
        "busy_choices_beside_pending": pending,
        "busy_tasks": len(spans),
        "busy_task_s": [round(min(lengths), 1), round(max(lengths), 1)],
    }


def _busy(spans: list[tuple[float, float]], start: float, end: float) -> float:
    """Return the share of two workers' time between two moments that went into calculations."""
    inside = sum(max(0.0, min(b, end) - max(a, start)) for a, b in spans)
    return inside / (2 * (end - start))


def _chosen_beside_pending(setup: Any, ledger: Any) -> int:
    from reexplore.execution.store import Store

    texts = [json.loads(Store(setup.store).get_text(choice.inputs)) for choice in ledger.choices()]
    return sum(bool(inputs.get("pending")) for inputs in texts)


class _Silent:
    """Stands in for the narrator: ten thousand lines are no measurement of the driver."""

    def say(self, _text: str) -> None:
        """Say nothing."""

    def stage(self, _name: str, _total: int) -> Any:
        """Show nothing."""
        from contextlib import nullcontext

        return nullcontext(self)

    def advance(self, _note: str) -> None:
        """Count nothing."""


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS)
    options = parser.parse_args()
    found = {name: value for part in options.only for name, value in measured(part).items()}
    for name, value in found.items():
        print(f"{name:<36}{value}")
    if options.json:
        print(json.dumps(found))


if __name__ == "__main__":
    main()
