"""Which candidates a round labels: a design while nothing is known, BoTorch afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from reexplore.acquisition.design import seed_design
from reexplore.campaign.bench import Bench
from reexplore.campaign.geometries import Screening
from reexplore.campaign.labelling import observed_kcal_mol
from reexplore.campaign.learning import estimates, sample
from reexplore.campaign.ledger import Pick
from reexplore.errors import ExecutionError
from reexplore.execution.task import Task


def choose_seed(bench: Bench, screening: Screening, free: Sequence[str], *, q: int, number: int) -> list[Pick]:
    """Return the first candidates: as different as the lists of the space allow."""
    samples = [sample(bench.pool[key], screening.structures[key]) for key in free]
    keys = seed_design(samples, q=q, seed=bench.setup.file.seed + number)
    return [Pick(key, number, position, "seed", None, None, None) for position, key in enumerate(keys)]


def choose_next(bench: Bench, learned: dict[str, Any], *, q: int, number: int) -> list[Pick]:
    """Return the next candidates under the campaign's policy."""
    observed = observed_kcal_mol(bench)
    task = Task(
        "select",
        {
            "forecast": learned["forecast"],
            "samples": learned["pool_samples"],
            "calibration": learned["calibration"],
            "labelled": observed,
            "excluded": sorted(pick.candidate for pick in bench.ledger.picks() if pick.candidate not in observed),
            "policy": bench.setup.policy.model_dump(mode="json"),
            "q": q,
            "seed": bench.setup.file.seed + number,
        },
        label=f"round {number}",
    )
    outcome = bench.calculator.run([task], stage="choice")[task.key]
    if outcome.value is None:
        raise ExecutionError(f"no batch could be chosen: {outcome.failure}")
    expected = estimates(bench.setup, bench.ledger)
    return [
        Pick(
            candidate=pick["key"],
            round=number,
            position=position,
            role=pick["role"],
            value=pick["value"],
            predicted_kcal_mol=expected[pick["key"]].mean_kcal_mol,
            sigma_kcal_mol=expected[pick["key"]].sigma_kcal_mol,
        )
        for position, pick in enumerate(outcome.value["picks"])
    ]
