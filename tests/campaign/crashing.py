"""Kill a small campaign at every point where it changes a file or the ledger, resume it, and compare.

    python -m tests.campaign.crashing [--every N] [--only K] [--folder FOLDER]

Loop, ledger, store, lock and guard are real; calculations run inside the driver's process, so that one kill ends
everything at once, and the learned model is a stand-in. Points are counted from outside, by Python's audit events,
SQLite's trace of its statements and a wrapped `os.fsync`; the code under test knows nothing of them. The last line is
one JSON object with `crash_points`, `crash_points_tried`, `crash_points_identical`, `recomputed_max`,
`recomputed_beyond_in_flight` and `differences`.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import shutil
import sqlite3
import stat
import sys
import tempfile
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import closing, contextmanager
from itertools import zip_longest
from pathlib import Path
from typing import Any, ClassVar
from unittest.mock import patch

import numpy as np
import yaml
from rich.console import Console

from reexplore.campaign.declaration.setup import prepare
from reexplore.campaign.ledger.ledger import Ledger
from reexplore.campaign.loop import open_campaign, run_campaign
from reexplore.campaign.running.context import CampaignContext
from reexplore.campaign.running.inbox import leave, waiting
from reexplore.campaign.running.lock import sole_driver
from reexplore.campaign.running.progress import Narrator
from reexplore.campaign.running.stopping import StopRequest
from reexplore.chemistry.families import Family
from reexplore.errors import CalculationFailed, ExecutionError, FailureCode, InputError, ReexploreError
from reexplore.execution import child, guard, worker_functions
from reexplore.execution.kinds import FORECAST_FILE, KINDS, MEMBER_FILE, TaskKind
from reexplore.execution.store import RESULT
from reexplore.surrogate.forecast import Forecast
from reexplore.surrogate.samples import folds, samples_from_text
from reexplore.tracking import mlflow
from reexplore.tracking.candidate_runs import TagsRead
from reexplore.tracking.decisions import Decision

CAMPAIGN = {
    "name": "small",
    "space": {
        "scaffolds": ["HOPO"],
        "substituents": ["H", "methyl", "fluoro"],
        "metals": ["La", "Lu"],
        "coordinations": [{"ligands": 1}],
    },
    "theory": {"level": "teacher", "builders": ["sketch"]},
    "surrogate": {"members": 2},
    "budget": {"seed_labels": 3, "batch": 1, "labels": 4},
}
#: One candidate is lost to chemistry, one to a crash, so that both ways are swept too.
LOST, CRASHING = "Lu(HOPO-fluoro)(H2O)6", "La(HOPO-methyl)(H2O)6"
KILLED = 9
LEDGER = "runs/small/ledger.sqlite"


# --- the calculations: as the workers do them, the learned model apart


def _number(*parts: object) -> float:
    """Return a number between 0 and 1 that depends on nothing but its arguments."""
    return int(hashlib.sha256(repr(parts).encode()).hexdigest()[:8], 16) / 16**8


def _member(inputs, context):
    samples = samples_from_text(context.store.get_text(inputs["samples"]))
    fold_of = folds(samples, inputs["members"], inputs["seed"])
    (context.folder / MEMBER_FILE).write_text(f"member {inputs['member']} of {len(samples)} samples")
    held_out = [s for s, fold in zip(samples, fold_of, strict=True) if fold == inputs["member"]]
    return {"out_of_fold_kcal_mol": {s.key: s.target_kcal_mol + _number(s.key, inputs["member"]) for s in held_out}}


def _predict(inputs, context):
    keys = [c.key for c in Family.from_text(context.store.get_text(inputs["family"])).candidates()]
    said = [[-150 + 9 * _number(key, member) for member in inputs["members"]] for key in keys]
    Forecast(tuple(keys), np.array(said)).save(context.folder / FORECAST_FILE)
    return {"candidates": len(keys)}


def _select(inputs, context):
    table = Forecast.load(context.store.folder(inputs["forecast"]) / FORECAST_FILE)
    taken = {*inputs["labelled"], *inputs["excluded"]}
    free = sorted((mean, key) for mean, key in zip(table.mean, table.keys, strict=True) if key not in taken)
    return {
        "picks": [
            {"key": key, "role": "acquisition", "value": float(mean), "rank": rank}
            for rank, (mean, key) in enumerate(free[: inputs["q"]], start=1)
        ]
    }


_LEARNED = {"member": _member, "predict": _predict, "select": _select}
#: What tasks came to before, by their inputs, with their files: a sweep is about writing, not about computing.
_remembered: dict[str, tuple[dict, dict[str, bytes]]] = {}


def _remembering(kind, compute):
    def function(inputs, context):
        asked = json.dumps([kind, inputs], sort_keys=True)
        if asked not in _remembered:
            before = set(context.folder.iterdir())
            value = compute(inputs, context)
            _remembered[asked] = value, {p.name: p.read_bytes() for p in set(context.folder.iterdir()) - before}
        value, files = _remembered[asked]
        for name, data in files.items():
            (context.folder / name).write_bytes(data)
        return value

    return function


def _in_process(task, folder, _scratch, store):
    with (store.root.parents[2] / "executions.log").open("a") as log:
        log.write(f"{task.key} {task.kind} {task.title}\n")
    (folder / child.LOG).write_text(f"computing {task.title}\n")
    if (task.kind, task.title) == ("complex", CRASHING):
        return FailureCode.CRASHED, "ended by signal SIGSEGV"
    if child.main(folder, store.root) == child.MACHINE_FAULT:
        raise ExecutionError("a worker's machine is at fault, no calculation is")
    return None


def _complex(inputs, context):
    metal, ligand = inputs["candidate"]["metal"], inputs["candidate"]["ligand"]["identity"]
    if metal == "Lu" and "F" in ligand:
        raise CalculationFailed(FailureCode.DONOR_LOST, "quality", f"{LOST} let go", distance_angstrom=3.9)
    return worker_functions.complex_geometry(inputs, context)


class InProcess:
    """Computes in the driver's process when a task is submitted, as a worker would: under the key's lock, guarded."""

    workers = 2

    def __init__(self, setup):
        self._places = {"store": setup.store, "evidence": setup.folder / "evidence"}

    def submit(self, task):
        _point("submit")
        future = Future()
        future.set_result(guard.perform(task, **self._places))
        _point("submitted")
        return future

    def check(self):
        """There is nothing that could be lost."""


class _Tracker:
    """Stands in for MLflow: keeps, like its mirror, one entry a round however often it is sent."""

    def __init__(self, store):
        self._file = Path(store).parent / "tracked.json"

    def decisions(self, _campaign):
        """Nobody has set a tag."""
        return TagsRead()

    def sync(self, record, *, model):
        known = json.loads(self._file.read_text()) if self._file.is_file() else {}
        known |= {str(r.number): [r.labels, r.metrics] for r in record.rounds if r.finished_at_ms is not None}
        known["newest model"] = None if model is None else [model.round, model.digest]
        partial = self._file.with_suffix(".partial")
        partial.write_text(json.dumps(known, sort_keys=True))
        partial.replace(self._file)


# --- the points


class _Count:
    passed = 0
    kill_at = 0
    refuse_from = 0
    refuse_with = 0
    inside = ""
    names: ClassVar[list[str]] = []


def _point(name: str, torn: int | None = None) -> None:
    if not _Count.inside:
        return
    _Count.passed += 1
    _Count.names.append(name)
    if 0 < _Count.refuse_from <= _Count.passed:
        raise OSError(_Count.refuse_with, os.strerror(_Count.refuse_with), name)
    if _Count.passed == _Count.kill_at:
        if torn is not None:
            # What was not synced yet may be lost when the machine goes down.
            os.truncate(f"/proc/self/fd/{torn}", os.fstat(torn).st_size // 2)
        os._exit(KILLED)


_CHANGING = {"os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.link", "os.symlink", "os.truncate"}
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC


def _audit(event, args):
    if not _Count.inside:
        return
    if event in _CHANGING or (event == "open" and isinstance(args[2], int) and args[2] & _WRITING):
        path = os.fspath(args[0]) if isinstance(args[0], str | bytes | os.PathLike) else ""
        path = os.fsdecode(path)
        changes = event != "os.mkdir" or not Path(path).is_dir()
        # Inside a folder that is being removed, names are relative.
        if changes and (path.startswith(_Count.inside) or (path and not path.startswith("/"))):
            _point(f"{event} {path.removeprefix(_Count.inside)}")


def _statement(text: str) -> None:
    if not text.lstrip().startswith(("SELECT", "PRAGMA")):
        _point(f"sql {text[:60]}")


def _connect(database, *args, plain=sqlite3.connect, **named):
    connection = plain(database, *args, **named)
    if _Count.inside and os.fspath(database).startswith(_Count.inside):
        connection.set_trace_callback(_statement)
    return connection


def _fsync(handle, plain=os.fsync):
    torn = handle if stat.S_ISREG(os.fstat(handle).st_mode) else None
    _point("fsync", torn if torn is not None and os.fstat(handle).st_size else None)


# --- one campaign, killed and resumed


def run(
    folder: Path, *, kill_at: int = 0, refuse_from: int = 0, refuse_with: int = 0, stop: StopRequest | None = None
) -> list[str]:
    """Run or resume the campaign in a folder and return the points passed.

    At point `kill_at` the process ends; from point `refuse_from` on the file system refuses with `refuse_with`.
    """
    (folder / "small.yaml").write_text(yaml.safe_dump(CAMPAIGN))
    setup = prepare(str(folder / "small.yaml"), workspace=folder)
    if not setup.ledger_path.is_file() and not waiting(setup.folder):
        setup.folder.mkdir(parents=True, exist_ok=True)
        # Every choice has to know of it, and the ledger has it once; it is about nobody, so that nothing else changes.
        leave(setup.folder, [Decision("said", 1.0, "anna", "command", "hold", "why", family={"metal": "none"})])
    _Count.passed, _Count.kill_at, _Count.names, _Count.inside = 0, kill_at, [], str(folder / "runs")
    _Count.refuse_from, _Count.refuse_with = refuse_from, refuse_with
    try:
        with (folder / "told.txt").open("a") as told:
            narrator = Narrator(Console(file=told, width=200))
            with sole_driver(setup.folder), closing(open_campaign(setup)) as ledger:
                run_campaign(CampaignContext(setup, ledger, InProcess(setup), narrator, stop or StopRequest()))
    finally:
        _Count.inside = ""
    return _Count.names


def apart(folder: Path, *, first: Callable[[], object] = int, **faults: Any) -> int:
    """Run it in a process of its own and return its exit code; what this process has computed is known there.

    `first` is called there before anything else.
    """
    sys.stdout.flush()
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            first()
            run(folder, **faults)
            code = 0
        except ReexploreError as error:
            (folder / "error.txt").write_text(str(error))
            code = error.exit_code
        except (OSError, sqlite3.OperationalError) as error:
            # The command line says of these that the file system refused.
            (folder / "error.txt").write_text(str(error))
            code = ExecutionError.exit_code
        except BaseException:
            (folder / "error.txt").write_text(traceback.format_exc())
        os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


# --- what it came to


def _masked(table: str, column: str, value: object) -> object:
    """Return an entry without times, hosts and counts of attempts."""
    if value is None:
        return None
    if column.endswith("_at") or column in ("attempts", "core_s"):
        return "set"
    if column == "outcome" or (table, column) == ("label", "failure"):
        data = json.loads(str(value))
        for failure in (data, data.get("failure")):
            if failure and "evidence" in failure:
                failure["evidence"].pop("path", None)
        return data | {"provenance": {}}
    return value


def ledger_rows(path: Path) -> dict[str, list]:
    """Return every row of every table, masked."""
    with closing(sqlite3.connect(path)) as db:
        tables = [name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
        found = {}
        for table in tables:
            columns = [row[1] for row in db.execute(f"PRAGMA table_info({table})")]
            rows = db.execute(f"SELECT * FROM {table} ORDER BY 1").fetchall()
            found[table] = [[_masked(table, c, v) for c, v in zip(columns, row, strict=True)] for row in rows]
    found["meta"] = sorted([k, "set" if k in ("key", "started_at") else v] for k, v in found["meta"])
    return found


#: Folders whose content is about a run: locks, half results, and what failed by the run alone.
_PASSING = ("_locks", "_work", "_checkpoints", "evidence")


def files(workspace: Path) -> dict[str, object]:
    """Return every file of a workspace's store and reports, results without where and when they were computed."""
    found: dict[str, object] = {}
    for path in sorted((workspace / "runs").rglob("*")):
        name = path.relative_to(workspace).as_posix()
        passing = any(part in _PASSING for part in path.relative_to(workspace).parts)
        if path.is_dir() or passing or path.name.startswith(("ledger.sqlite", "driver.")):
            continue
        if path.suffix == ".partial":
            # What a killed process was preparing; nobody reads it.
            continue
        if path.name == RESULT:
            found[name] = json.loads(path.read_text()) | {"provenance": {}, "sha256": ""}
        elif path.name == child.INPUTS:
            declared = json.loads(path.read_text())
            found[name] = {key: declared[key] for key in ("kind", "label", "inputs")}
        elif path.name == "top_candidates.html":
            found[name] = re.sub(r'<p>Campaign <code>.+ UTC\.|/[^"]*/evidence/[0-9a-f-]+', "", path.read_text())
        else:
            found[name] = path.read_bytes()
    return found


def differences(golden: dict, found: dict, what: str) -> list[str]:
    """Return a line for each entry in which two end states differ, with the first of what differs in it."""
    lines = []
    for name in sorted(golden.keys() | found.keys()):
        ours, theirs = golden.get(name), found.get(name)
        if ours != theirs:
            pairs = zip_longest(
                *(x.splitlines() if isinstance(x, str) else x if isinstance(x, list) else [x] for x in (ours, theirs))
            )
            first = next(pair for pair in pairs if pair[0] != pair[1])
            lines.append(f"{what} {name}: {str(first[0])[:200]} != {str(first[1])[:200]}")
    return lines


def executions(folder: Path) -> Counter:
    """Return how often each calculation of a campaign was begun."""
    return Counter((folder.parent / "executions.log").read_text().splitlines())


def _in_flight(path: Path) -> int:
    """Return how many calculations a killed driver had handed out."""
    try:
        with closing(Ledger(path, read_only=True)) as ledger:
            return sum(c.state == "submitted" for c in ledger.calculations())
    except (FileNotFoundError, InputError):
        # Killed before there was a ledger.
        return 0


@contextmanager
def stand_ins() -> Iterator[None]:
    """Put the stand-ins in their places, count points inside `run`, and put back what was there."""
    sys.addaudithook(_audit)
    standing_in = {name: kind.load() for name, kind in KINDS.items()} | _LEARNED | {"complex": _complex}
    remembering = {kind: _remembering(kind, function) for kind, function in standing_in.items()}
    with (
        patch.dict(os.environ, OMP_NUM_THREADS="1"),
        patch.object(mlflow, "Tracker", _Tracker),
        patch.object(guard, "_run_child", _in_process),
        patch.object(TaskKind, "load", lambda kind: remembering[kind.name]),
        patch.object(os, "fsync", _fsync),
        patch.object(sqlite3, "connect", _connect),
    ):
        yield


def _ends_of_transactions(names: list[str]) -> set[int]:
    """Return where the first and the last of each kind of transaction end; its last statement tells the kind."""
    ends: dict[str, list[int]] = {}
    for point, name in enumerate(names, 1):
        if name == "sql COMMIT":
            # Keys and times are values, not kinds.
            ends.setdefault(re.sub(r"\S*\d\S*", "", names[point - 2]), []).append(point)
    return {point for found in ends.values() for point in (found[0], found[-1])}


def sweep(root: Path, *, every: int, transactions: bool = False, only: int | None = None) -> dict:
    """Kill a campaign at every `every`-th point, and where each kind of transaction first and last ends if asked to.

    Returns figures.
    """
    warm, home = root / "warm" / "w", root / "golden" / "w"
    for folder in (warm, home):
        folder.mkdir(parents=True)
    # A first run computes what the others remember: it takes so long that the hold on the campaign is renewed in it.
    run(warm)
    names = run(home)
    ledger, kept, executed = ledger_rows(home / LEDGER), files(home), executions(home)
    chosen = {*range(1, len(names) + 1, every)}
    if transactions:
        chosen |= _ends_of_transactions(names)
    tried = [only] if only else sorted(chosen)
    identical, recomputed, beyond, found = 0, [0], 0, []
    for k in tried:
        folder = root / str(k) / "w"
        folder.mkdir(parents=True)
        killed = apart(folder, kill_at=k)
        in_flight = _in_flight(folder / LEDGER)
        resumed = apart(folder)
        lines = [] if (killed, resumed) == (KILLED, 0) else [f"exit codes {killed}, {resumed}"]
        if resumed == 0:
            lines += differences(ledger, ledger_rows(folder / LEDGER), "table")
            lines += differences(kept, files(folder), "file")
            recomputed.append(len(executions(folder) - executed))
            beyond += recomputed[-1] > in_flight
        else:
            lines.append((folder / "error.txt").read_text()[-600:])
        identical += not lines
        if lines:
            found.append({"point": k, "name": names[k - 1], "differences": lines})
            print(f"point {k} ({names[k - 1]}): {lines}", file=sys.stderr, flush=True)
        shutil.rmtree(folder.parent)
    return {
        "crash_points": len(names),
        "crash_points_tried": len(tried),
        "crash_points_identical": identical,
        "recomputed_max": max(recomputed),
        "recomputed_beyond_in_flight": beyond,
        "differences": found,
    }


def main() -> None:
    """Sweep and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--only", type=int, help="at this one point")
    parser.add_argument("--folder", type=Path, help="where to run: a disk, or memory to be quick")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="reexplore-crashes-", dir=options.folder) as name, stand_ins():
        figures = sweep(Path(name).resolve(), every=options.every, only=options.only)
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
