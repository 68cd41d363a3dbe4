"""One trial: the loop of a campaign from one seed, its labels read from the pool, kept after every batch."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from reexplore.acquisition.batch import next_batch
from reexplore.acquisition.ligands import Aim
from reexplore.acquisition.policy import Policy
from reexplore.acquisition.seed_design import seed_design
from reexplore.acquisition.select import select_batch
from reexplore.backtest.question import Question
from reexplore.backtest.seen import Seen
from reexplore.campaign.ledger.borrowed import Borrowed
from reexplore.config import SurrogateEntry
from reexplore.errors import CalculationFailed, ExecutionError
from reexplore.execution.kinds import KINDS
from reexplore.surrogate.base import needs_geometries, seen_by
from reexplore.surrogate.calibration import Calibration
from reexplore.surrogate.ensembles import calibrated, holds_out_ligands, train_ensemble
from reexplore.surrogate.forecast import Forecast
from reexplore.surrogate.joint_samples import joint_samples
from reexplore.surrogate.known import SURROGATES
from reexplore.surrogate.samples import Sample

#: Joint samples from which the expectation of a difference of two metals is taken.
_SAMPLES = 4096
#: The kinds of a campaign's tasks whose methods a trial follows.
_METHODS = ("member", "predict", "select")


@dataclass(frozen=True)
class Bought:
    """What was chosen as one and labelled: its complexes, why, and what was expected of it before, to be lowered."""

    keys: tuple[str, ...]
    role: str
    predicted: float | None = None
    sigma: float | None = None


@dataclass(frozen=True)
class Trial:
    """One policy and surrogate from one seed; `surrogate` is None where the policy asks no model.

    `labels` is where it ends and plays no part in what is chosen before. With `beside` its models learn from labels of
    others as well.
    """

    policy: Policy
    surrogate: SurrogateEntry | None
    start: int
    batch: int
    labels: int
    seed: int
    beside: bool = False

    @property
    def name(self) -> str:
        """Return a name to read."""
        model = "" if self.surrogate is None else f", {self.surrogate.model}"
        return f"{self.policy.name}{model}{' and labels of others' if self.beside else ''}, seed {self.seed}"

    def key(self, question: Question, others: Borrowed | None = None) -> str:
        """Return a hash of all that decides what it chooses; `others` is what it learns from beside its own."""
        said: dict[str, Any] = {"question": question.digest, "start": self.start, "batch": self.batch}
        said |= {"policy": self.policy.model_dump(mode="json", exclude={"description"}), "seed": self.seed}
        # A campaign's own results are known by these as well.
        said |= {"methods": {name: KINDS[name].version for name in _METHODS}}
        if self.surrogate is not None:
            kind, version = SURROGATES.find(self.surrogate.model)
            declared = self.surrogate.declared
            said |= {"surrogate": declared, "settings": kind.settings(declared), "version": version}
            if needs_geometries(kind) or seen_by(kind) == "both":
                geometries = question.pool.geometries
                said["geometries"] = [geometries[key].key for key in sorted(question.labels) if key in geometries]
        if self.beside and others is not None:
            said |= {"beside": _digest(others.samples)}
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:16]


def _digest(samples: Sequence[Sample]) -> str:
    """Return a hash of labelled samples; where a geometry is its atoms alone, it has no positions to write."""
    found = hashlib.sha256()
    for one in samples:
        found.update(repr((one.key, one.target_kcal_mol, one.parts, one.group)).encode())
        if one.structure is not None:
            found.update(repr(one.structure.symbols).encode() + one.structure.positions_angstrom.tobytes())
    return found.hexdigest()[:16]


def read_trial(path: Path) -> list[list[Bought]]:
    """Return the batches that a trial has bought so far."""
    if not path.is_file():
        return []
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        return [[Bought(**one | {"keys": tuple(one["keys"])}) for one in batch] for batch in data["batches"]]
    except (ValueError, KeyError, TypeError):
        raise ExecutionError(f"{path} is damaged: remove it, and the same command makes that trial again") from None


def run_trial(
    trial: Trial, question: Question, seen: Seen | None, path: Path, *, others: Borrowed | None = None
) -> None:
    """Go on with a trial until it has its labels, and keep every batch in `path`; a finished one costs nothing.

    Each choice follows from the labels and the seed alone, so that a trial that was killed ends as if it had not been.
    """
    batches = read_trial(path)
    while (q := _portion(trial, question, batches)) > 0:
        batches.append(_next(trial, question, seen, batches, q=q, others=others if trial.beside else None))
        told = {"trial": trial.name, "batches": [[asdict(one) for one in batch] for batch in batches]}
        partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
        partial.write_text(json.dumps(told, allow_nan=False), encoding="utf-8")
        partial.replace(path)


def _portion(trial: Trial, question: Question, batches: Sequence[Sequence[Bought]]) -> int:
    labelled = sum(len(one.keys) for batch in batches for one in batch)
    wanted = trial.batch if batches else trial.start
    return min(wanted, trial.labels - labelled, len(question.labels) - labelled)


def _next(
    trial: Trial,
    question: Question,
    seen: Seen | None,
    batches: Sequence[Sequence[Bought]],
    *,
    q: int,
    others: Borrowed | None,
) -> list[Bought]:
    labelled = {key: question.labels[key] for batch in batches for one in batch for key in one.keys}
    seed = trial.seed + len(batches)
    unit_of = {unit.keys[0]: unit.keys for unit in question.units}
    if not batches:
        firsts = [question.traits[key] for key in unit_of]
        designed = seed_design(firsts, q=q // question.goals.unit_size, seed=seed)
        return [Bought(unit_of[key], "seed") for key in designed]
    if trial.surrogate is None or seen is None:
        keys = list(unit_of)
        drawn = select_batch(
            np.zeros((len(keys), 1)),
            keys,
            policy=trial.policy,
            q=q // question.goals.unit_size,
            pending=(),
            labelled=[row for row, key in enumerate(keys) if key in labelled],
            seed=seed,
        )
        return [Bought(unit_of[pick.key], pick.role) for pick in drawn]
    table, calibration = _learned(trial.surrogate, question, seen, labelled, seed=trial.seed, others=others)
    picks = next_batch(
        table,
        goals=question.goals,
        hydration_kcal_mol=question.hydration_kcal_mol,
        samples=[question.traits[key] for key in table.keys],
        calibration=calibration,
        labelled=labelled,
        policy=trial.policy,
        q=q,
        seed=seed,
    ).picks
    chosen = [Bought(unit_of[pick.key], pick.role) for pick in picks if pick.key in unit_of]
    return list(_expected(chosen, question, table, calibration))


def _learned(
    surrogate: SurrogateEntry,
    question: Question,
    seen: Seen,
    labelled: Mapping[str, float],
    *,
    seed: int,
    others: Borrowed | None,
) -> tuple[Forecast, Calibration]:
    """Return the forecast of an ensemble that has learned some labels, and its calibration."""
    kind, _version = SURROGATES.find(surrogate.model)
    settings = kind.settings(surrogate.declared)
    own = seen.samples(sorted(labelled))
    known = [*own, *(others.beside(labelled) if others is not None else ())]
    whole_ligands = holds_out_ligands(known, sees=seen.sees, for_goals=bool(question.goals))
    how: dict[str, Any] = {"settings": settings, "members": surrogate.members, "seed": seed}
    with TemporaryDirectory() as folder:
        try:
            trained = train_ensemble(kind, known, **how, whole_ligands=whole_ligands, folder=Path(folder))
        except CalculationFailed as failed:
            raise ExecutionError(
                f"{surrogate.model} could not be trained on {len(known)} labels with seed {seed}: {failed.failure}"
            ) from failed
        table = Forecast(seen.keys, seen.predicted(kind.load(trained.paths)))
    calibration = calibrated(
        table,
        own,
        # As in a campaign: errors are those of its own labels.
        {sample.key: trained.held_out[sample.key] for sample in own},
        trained.own_spread,
        sees=seen.sees,
        declared_floor_kcal_mol=surrogate.uncertainty_floor_kcal_mol,
        whole_ligands=whole_ligands,
    )
    return table, calibration


def _expected(
    chosen: Sequence[Bought], question: Question, table: Forecast, calibration: Calibration
) -> Iterator[Bought]:
    """Yield what was chosen with what was expected of it: of a difference, from joint samples of its metals."""
    rows = table.rows([key for one in chosen for key in one.keys])
    order = [rows[key] for one in chosen for key in one.keys]
    part = Forecast(tuple(table.keys[row] for row in order), table.of_members[order])
    if not question.goals:
        mean, sigma = part.mean, part.sigma(calibration)
    else:
        ligands = [question.traits[key].ligand for key in part.keys]
        samples = joint_samples(part, calibration, ligands=ligands, samples=_SAMPLES, seed=0)
        lowered = Aim(question.goals, question.hydration_kcal_mol).to_lower(samples)[0]
        mean, sigma = lowered.mean(axis=1), lowered.std(axis=1)
    for one, expected, error in zip(chosen, mean, sigma, strict=True):
        yield replace(one, predicted=float(expected), sigma=float(error))
