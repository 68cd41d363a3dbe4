"""Many trials side by side, each in a process of its own, and what they came to."""

from __future__ import annotations

import ctypes
import hashlib
import json
import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from reexplore.acquisition.policy import Policy
from reexplore.backtest.measures import Standing, best_counts, curve_points, standings
from reexplore.backtest.question import Question
from reexplore.backtest.seen import Seen
from reexplore.backtest.trial import Trial, read_trial, run_trial
from reexplore.campaign.running.lock import sole_driver
from reexplore.config import SurrogateEntry
from reexplore.dataset.files import read_pool
from reexplore.errors import ExecutionError
from reexplore.properties.goals import Direction
from reexplore.surrogate.base import needs_geometries
from reexplore.surrogate.known import SURROGATES
from reexplore.tracking.backtest_record import BacktestRecord, Curve

Say = Callable[[str], None]

_PR_SET_PDEATHSIG = 1
#: What a worker process has read, for all its trials.
_of_worker: list[tuple[Question, dict[str, Seen]]] = []


@dataclass(frozen=True)
class Asked:
    """A backtest as it is asked for: the pool file, what is sought in it, with which policies, surrogates and seeds."""

    pool: Path
    column: str
    metals: tuple[str, str] | None
    direction: Direction
    policies: tuple[Policy, ...]
    surrogates: tuple[SurrogateEntry, ...]
    start: int
    batch: int
    labels: int
    seeds: int
    first_seed: int = 0

    def question(self) -> Question:
        """Return what is asked of the pool; raise `InputError` with the first thing that is wrong."""
        question = Question(read_pool(self.pool), self.column, self.metals, self.direction)
        question.require_room(start=self.start, batch=self.batch, labels=self.labels)
        return question

    def trials(self) -> list[Trial]:
        """Return every trial, seed by seed: whatever is interrupted has all policies on the same seeds."""
        size = {"start": self.start, "batch": self.batch, "labels": self.labels}
        return [
            Trial(policy, surrogate, **size, seed=self.first_seed + number)
            for number in range(self.seeds)
            for policy in self.policies
            for surrogate in self._models(policy)
        ]

    def pairs(self) -> list[tuple[Policy, SurrogateEntry | None]]:
        """Return every policy with every surrogate that it is tried with."""
        return [(policy, surrogate) for policy in self.policies for surrogate in self._models(policy)]

    def _models(self, policy: Policy) -> Sequence[SurrogateEntry | None]:
        # What is drawn by lot asks no model.
        return [None] if policy.acquisition == "random" else self.surrogates


def backtest(asked: Asked, folder: Path, *, workers: int, say: Say) -> BacktestRecord:
    """Run the trials that are not done yet in `folder`, and return what all came to.

    Killed anywhere, the same call goes on: batches are kept as they are bought. Trials are known by all that decides
    them, so that more policies, seeds or labels use what is there. Raises `InputError` before anything runs,
    `CampaignBusyError` when another process works in the folder, and `ExecutionError` when a worker process is lost.
    """
    question = asked.question()
    seen = _seen(asked.surrogates, question)
    trials = asked.trials()
    place = folder / "trials"
    place.mkdir(parents=True, exist_ok=True)
    files = {trial: place / f"{trial.key(question)}.json" for trial in trials}
    with sole_driver(folder, say=say):
        if workers == 1:
            for number, trial in enumerate(trials, start=1):
                run_trial(trial, question, seen.get(_model(trial)), files[trial])
                say(f"{number}/{len(trials)} trials: {_told(question, trial, files[trial])}")
        else:
            for number, trial in enumerate(_side_by_side(asked, files, workers=workers), start=1):
                say(f"{number}/{len(trials)} trials: {_told(question, trial, files[trial])}")
    return _record(asked, question, files)


def _side_by_side(asked: Asked, files: dict[Trial, Path], *, workers: int) -> Iterator[Trial]:
    """Yield each trial when it is done."""
    context, workers = multiprocessing.get_context("spawn"), min(workers, len(files))
    with _one_thread_each(), ProcessPoolExecutor(workers, context, _prepare, (asked, os.getpid())) as pool:
        try:
            running = {pool.submit(_run, trial, path): trial for trial, path in files.items()}
            for done in as_completed(running):
                done.result()
                yield running[done]
        except BrokenProcessPool:
            raise ExecutionError(
                "a process of the backtest was killed, by a lack of memory perhaps: the same command goes on, with"
                " fewer --workers if need be"
            ) from None
        except BaseException:
            # Batches are kept as they are bought: nothing that counts is lost.
            for child in multiprocessing.active_children():
                child.kill()
            raise


def _prepare(asked: Asked, driver: int) -> None:
    """Read the pool once a process, and let the process end with its driver."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != driver:
        os._exit(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    question = asked.question()
    _of_worker.append((question, _seen(asked.surrogates, question)))


def _run(trial: Trial, path: Path) -> None:
    question, seen = _of_worker[0]
    run_trial(trial, question, seen.get(_model(trial)), path)


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """Let processes that are started inside compute on one thread."""
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    before = {name: os.environ.get(name) for name in names}
    os.environ |= dict.fromkeys(names, "1")
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _seen(surrogates: Sequence[SurrogateEntry], question: Question) -> dict[str, Seen]:
    kinds = {entry.model: SURROGATES.find(entry.model)[0] for entry in surrogates}
    return {name: Seen(question, kind) for name, kind in kinds.items()}


def _model(trial: Trial) -> str:
    return trial.surrogate.model if trial.surrogate is not None else ""


def _told(question: Question, trial: Trial, path: Path) -> str:
    found = standings(question, read_trial(path))[-1].measures["recall_top5"]
    return f"{trial.name}: {100 * found:.0f} % of the best 5 % with {trial.labels} labels"


def _record(asked: Asked, question: Question, files: dict[Trial, Path]) -> BacktestRecord:
    curves = []
    for policy, surrogate in asked.pairs():
        mine = [path for trial, path in files.items() if (trial.policy, trial.surrogate) == (policy, surrogate)]
        points = curve_points([_within(standings(question, read_trial(path)), asked.labels) for path in mine])
        curves.append(Curve(policy.name, surrogate.model if surrogate else "", asked.seeds, points))
    said = json.dumps([question.digest, question.title, sorted(path.stem for path in files.values())])
    return BacktestRecord(
        key=hashlib.sha256(said.encode()).hexdigest()[:16],
        pool=asked.pool.name,
        objective=question.title,
        unit=question.unit,
        candidates=len(question.labels),
        groups=len(question.groups),
        best=best_counts(question),
        start=asked.start,
        batch=asked.batch,
        labels=asked.labels,
        notes=(*question.notes, *_optimistic(asked, question)),
        curves=tuple(curves),
    )


def _optimistic(asked: Asked, question: Question) -> list[str]:
    """Return what a reader has to know where models see more than those of a campaign."""
    told = question.pool.table.get("positions")
    reads = any(needs_geometries(SURROGATES.find(entry.model)[0]) for entry in asked.surrogates)
    if not reads or told is None or "label" not in set(told):
        return []
    return [
        "models were shown the geometries of the labels; those of a campaign see screening geometries, which tell less:"
        " `reexplore dataset export --positions screening` writes a pool with them"
    ]


def _within(found: list[Standing], labels: int) -> list[Standing]:
    """Return the standings up to so many labels: a trial may have been taken further before."""
    return [each for each in found if each.labels <= labels]
