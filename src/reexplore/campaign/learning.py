"""Learn from all labels: train the members, forecast the pool, calibrate, and measure the errors."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from reexplore.campaign.bench import Bench
from reexplore.campaign.labelling import observed_kcal_mol
from reexplore.campaign.ledger import Ledger, Pick
from reexplore.campaign.screening import Screening
from reexplore.campaign.setup import Setup
from reexplore.chemistry.candidates import Candidate
from reexplore.errors import ExecutionError
from reexplore.execution.store import Store
from reexplore.execution.task import Task
from reexplore.execution.tasks import FORECAST_FILE
from reexplore.structures.geometry import Structure
from reexplore.surrogate.baselines import out_of_fold
from reexplore.surrogate.calibration import Calibration, calibrate, evaluate
from reexplore.surrogate.dataset import Sample, folds, samples_to_text, targets_kcal_mol
from reexplore.surrogate.ensemble import Forecast
from reexplore.surrogate.settings import AllegroSettings
from reexplore.tracking.records import ENSEMBLE, MAE_PREFIX

#: Below this number no fold could be held out.
_FEWEST_LABELS = 3


@dataclass(frozen=True)
class Estimate:
    """What the ensemble says of one candidate's binding energy."""

    mean_kcal_mol: float
    sigma_kcal_mol: float


def sample(candidate: Candidate, structure: Structure, target_kcal_mol: float) -> Sample:
    """Return a labelled candidate as the learned model sees it."""
    return Sample(
        key=candidate.key,
        structure=structure,
        group=candidate.group,
        scaffold=candidate.ligand.scaffold,
        substituents=candidate.ligand.substituents,
        target_kcal_mol=target_kcal_mol,
    )


def learn(bench: Bench, screening: Screening, number: int) -> dict[str, Any]:
    """Return what round `number` taught: keys of members and forecast, calibration, errors, parity points."""
    observed = observed_kcal_mol(bench)
    if len(observed) < _FEWEST_LABELS:
        return {"labels": len(observed), "forecast": None, "metrics": {}, "members": [], "parity": []}
    geometries = screening.structures([bench.pool[key] for key in sorted(observed)])
    known = [sample(bench.pool[key], geometries[key], observed[key]) for key in sorted(observed)]
    members = _train(bench, known)
    seen = [part for part in screening.parts if part.failure is None]
    tasks = [Task("predict", part.inputs | {"members": members}, label=part.label) for part in seen]
    _values(bench, tasks, stage="prediction")
    forecast = Task("forecast", {"parts": [task.key for task in tasks]}, label=f"{len(screening.available)} candidates")
    _values(bench, [forecast], stage="forecast")

    table = Forecast.load(bench.store.folder(forecast.key) / FORECAST_FILE)
    held_out = _held_out(bench, members)
    calibration = calibrate(
        residuals_kcal_mol=[held_out[key] - observed[key] for key in held_out],
        spread_kcal_mol=[table.spread(key) for key in held_out],
        declared_floor_kcal_mol=bench.setup.file.surrogate.uncertainty_floor_kcal_mol,
    )
    fold_of = folds(known, len(members), bench.setup.file.seed)
    predictions = out_of_fold(known, fold_of=fold_of) | {ENSEMBLE: np.array([held_out[s.key] for s in known])}
    target = targets_kcal_mol(known)
    metrics = {f"{MAE_PREFIX}{model}": float(np.abs(said - target).mean()) for model, said in predictions.items()}
    metrics |= {"labels": float(len(observed)), "uncertainty_floor_kcal_mol": calibration.floor_kcal_mol}
    parity, prospective = _prospective(bench, number, observed)
    return {
        "labels": len(observed),
        "members": members,
        "families": [part.digest for part in seen],
        "forecast": forecast.key,
        "calibration": asdict(calibration),
        "metrics": metrics | prospective,
        "parity": parity,
    }


def estimates(setup: Setup, ledger: Ledger) -> dict[str, Estimate]:
    """Return the newest forecast of every candidate; empty before the first model."""
    learned = next((r.learned for r in reversed(ledger.rounds()) if r.learned and r.learned["forecast"]), None)
    if learned is None:
        return {}
    table = Forecast.load(Store(setup.store).folder(learned["forecast"]) / FORECAST_FILE)
    calibration = Calibration(**learned["calibration"])
    return {
        key: Estimate(float(mean), float(sigma))
        for key, mean, sigma in zip(table.keys, table.mean_kcal_mol, table.sigma_kcal_mol(calibration), strict=True)
    }


def _train(bench: Bench, known: list[Sample]) -> list[str]:
    """Train every member and return the keys of their results."""
    file = bench.setup.file
    count = min(file.surrogate.members, len(known))
    shared = {
        "samples": bench.store.put_text(samples_to_text(known)),
        "settings": AllegroSettings(readout=file.surrogate.readout).declaration(),
        "members": count,
        "seed": file.seed,
    }
    tasks = [Task("member", shared | {"member": k}, label=f"member {k} of {count}") for k in range(count)]
    outcomes = bench.calculator.run(tasks, stage="training")
    for task in tasks:
        if failure := outcomes[task.key].failure:
            raise ExecutionError(f"{task.label} of the ensemble was not trained: {failure.message} {failure.evidence}")
    return [task.key for task in tasks]


def _held_out(bench: Bench, members: list[str]) -> dict[str, float]:
    """Return, for every label, the prediction of the member that did not see it."""
    return {
        key: value for member in members for key, value in bench.ledger.value(member)["out_of_fold_kcal_mol"].items()
    }


def _values(bench: Bench, tasks: list[Task], *, stage: str) -> None:
    """Run tasks of which none may fail."""
    outcomes = bench.calculator.run(tasks, stage=stage)
    for task in tasks:
        if (failure := outcomes[task.key].failure) is not None:
            raise ExecutionError(f"{task.kind} of {task.label} failed: {failure}")


def _prospective(
    bench: Bench, number: int, observed: dict[str, float]
) -> tuple[list[dict[str, Any]], dict[str, float]]:
    """Return parity points of this round's batch, and the errors of what was predicted before labelling.

    `prospective/…` is the batch: chosen by the model, hence no fair sample of the pool.
    `prospective-control/…` are all picks drawn by chance so far: few, but fair.
    """
    predicted = [p for p in bench.ledger.picks() if p.candidate in observed and p.predicted_kcal_mol is not None]
    batch = [p for p in predicted if p.round == number]
    points = [
        {
            "key": p.candidate,
            "name": bench.pool[p.candidate].name,
            "predicted_kcal_mol": p.predicted_kcal_mol,
            "sigma_kcal_mol": p.sigma_kcal_mol,
            "observed_kcal_mol": observed[p.candidate],
            "before_labelling": True,
        }
        for p in batch
    ]
    controls = [p for p in predicted if p.role == "control" and p.round <= number]
    return points, _errors("prospective", batch, observed) | _errors("prospective-control", controls, observed)


def _errors(prefix: str, picks: list[Pick], observed: dict[str, float]) -> dict[str, float]:
    found = evaluate(
        predicted_kcal_mol=np.array([p.predicted_kcal_mol for p in picks], dtype=np.float64),
        sigma_kcal_mol=np.array([p.sigma_kcal_mol for p in picks], dtype=np.float64),
        observed_kcal_mol=np.array([observed[p.candidate] for p in picks], dtype=np.float64),
    ).to_dict()
    # Ranks across metals and charges would come out near 1 without any skill.
    del found["spearman"]
    return {f"{prefix}/{name}": float(value) for name, value in found.items() if value is not None}
