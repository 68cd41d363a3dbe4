"""Many trials side by side, each in a process of its own, and what they came to."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reexplore.acquisition.policy import Policy
from reexplore.backtest.measures import Standing, best_counts, curve_points, labels_ratio, standings
from reexplore.backtest.question import Question
from reexplore.backtest.seen import Seen
from reexplore.backtest.trial import Trial, read_trial, run_trial
from reexplore.campaign.ledger.borrowed import Borrowed
from reexplore.campaign.running.lock import sole_driver
from reexplore.config import SurrogateEntry
from reexplore.dataset.files import read_pool
from reexplore.errors import InputError
from reexplore.execution.side_by_side import side_by_side
from reexplore.properties.goals import Direction
from reexplore.surrogate.base import needs_geometries
from reexplore.surrogate.known import SURROGATES
from reexplore.tracking.backtest_record import BacktestRecord, Curve, Interval

Say = Callable[[str], None]

#: What a worker process has read, for all its trials.
_of_worker: list[tuple[Question, dict[str, Seen], dict[str, Borrowed]]] = []


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
    #: A pool file whose labels are known from the start: every trial with a model is made without and with them.
    learn_from: Path | None = None

    def question(self) -> Question:
        """Return what is asked of the pool; raise `InputError` with the first thing that is wrong."""
        question = Question(read_pool(self.pool), self.column, self.metals, self.direction)
        question.require_room(start=self.start, batch=self.batch, labels=self.labels)
        return question

    def trials(self) -> list[Trial]:
        """Return every trial, seed by seed: whatever is interrupted has all policies on the same seeds."""
        size = {"start": self.start, "batch": self.batch, "labels": self.labels}
        return [
            Trial(policy, surrogate, **size, seed=self.first_seed + number, beside=beside)
            for number in range(self.seeds)
            for policy, surrogate, beside in self.curves()
        ]

    def curves(self) -> list[tuple[Policy, SurrogateEntry | None, bool]]:
        """Return every policy with every surrogate that it is tried with, without and with the labels of others."""
        return [
            (policy, surrogate, beside)
            for policy in self.policies
            for surrogate in self._models(policy)
            for beside in ((False, True) if self.learn_from is not None and surrogate is not None else (False,))
        ]

    def others(self, seen: Mapping[str, Seen]) -> dict[str, Borrowed]:
        """Return the labels of others as each surrogate sees them, by its name; raise `InputError` for none."""
        if self.learn_from is None:
            return {}
        pool = read_pool(self.learn_from)
        found = {name: each.of_others(pool) for name, each in seen.items()}
        if empty := [name for name, each in found.items() if not each.samples]:
            raise InputError(
                f"--learn-from: {self.learn_from.name} has no label that {empty[0]} can learn from and the pool lacks"
            )
        return found

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
    others = asked.others(seen)
    files = {trial: place / f"{trial.key(question, others.get(_model(trial)))}.json" for trial in trials}
    with sole_driver(folder, say=say):
        if workers == 1:
            for number, trial in enumerate(trials, start=1):
                model = _model(trial)
                run_trial(trial, question, seen.get(model), files[trial], others=others.get(model))
                say(f"{number}/{len(trials)} trials: {_told(question, trial, files[trial])}")
        else:
            jobs = {trial: (trial, path) for trial, path in files.items()}
            how: dict[str, Any] = {"workers": workers, "of": "the backtest", "prepare": _prepare, "given": (asked,)}
            for number, (trial, _) in enumerate(side_by_side(_run, jobs, **how), start=1):
                say(f"{number}/{len(trials)} trials: {_told(question, trial, files[trial])}")
    return _record(asked, question, files, others)


def _prepare(asked: Asked) -> None:
    """Read the pool once a process."""
    question = asked.question()
    seen = _seen(asked.surrogates, question)
    _of_worker.append((question, seen, asked.others(seen)))


def _run(trial: Trial, path: Path) -> None:
    question, seen, others = _of_worker[0]
    run_trial(trial, question, seen.get(_model(trial)), path, others=others.get(_model(trial)))


def _seen(surrogates: Sequence[SurrogateEntry], question: Question) -> dict[str, Seen]:
    kinds = {entry.model: SURROGATES.find(entry.model)[0] for entry in surrogates}
    return {name: Seen(question, kind) for name, kind in kinds.items()}


def _model(trial: Trial) -> str:
    return trial.surrogate.model if trial.surrogate is not None else ""


def _told(question: Question, trial: Trial, path: Path) -> str:
    found = standings(question, read_trial(path))[-1].measures["recall_top5"]
    return f"{trial.name}: {100 * found:.0f} % of the best 5 % with {trial.labels} labels"


def _record(
    asked: Asked, question: Question, files: dict[Trial, Path], others: Mapping[str, Borrowed]
) -> BacktestRecord:
    curves = []
    ratios: dict[str, Interval] = {}
    alone: list[list[Standing]] = []
    for policy, surrogate, beside in asked.curves():
        which = (policy, surrogate, beside)
        mine = [path for trial, path in files.items() if (trial.policy, trial.surrogate, trial.beside) == which]
        found = [_within(standings(question, read_trial(path)), asked.labels) for path in mine]
        told = asked.learn_from.stem if beside and asked.learn_from is not None else ""
        curve = Curve(policy.name, surrogate.model if surrogate else "", asked.seeds, curve_points(found), told)
        curves.append(curve)
        if beside and (ratio := labels_ratio(found, alone)) is not None:
            ratios[curves[-2].name] = ratio
        alone = found
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
        notes=(*question.notes, *_optimistic(asked, question), *_of_others(asked, question, others)),
        curves=tuple(curves),
        shipped_labels_ratio=ratios,
    )


def _of_others(asked: Asked, question: Question, others: Mapping[str, Borrowed]) -> Iterator[str]:
    """Yield what each surrogate learns from beside the pool's labels."""
    scaffolds = {traits.scaffold for traits in question.traits.values()}
    for name, known in others.items():
        both = sorted(scaffolds & {sample.scaffold for sample in known.samples})
        shared = f"scaffolds that the pool has as well: {', '.join(both)}" if both else "no scaffold of the pool"
        where = asked.learn_from.name if asked.learn_from is not None else ""
        yield f"{name} learned from {len(known.samples)} labels of {where} as well; in it {shared}"


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
