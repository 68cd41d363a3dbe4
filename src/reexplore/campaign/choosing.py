"""Which candidates a round labels: a design while nothing is known, BoTorch afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from reexplore.acquisition.design import seed_design
from reexplore.campaign.bench import Bench
from reexplore.campaign.labelling import observed_kcal_mol
from reexplore.campaign.learning import estimates
from reexplore.campaign.ledger import Pick
from reexplore.errors import ExecutionError
from reexplore.execution.task import Task
from reexplore.surrogate.dataset import Traits


def choose_seed(bench: Bench, free: Sequence[str], *, q: int, number: int) -> list[Pick]:
    """Return the first candidates: as different as the lists of the space allow."""
    keys = seed_design([Traits.of(bench.pool[key]) for key in free], q=q, seed=bench.setup.file.seed + number)
    return [Pick(key, number, position, "seed", None, None, None) for position, key in enumerate(keys)]


def choose_next(bench: Bench, learned: dict[str, Any], *, q: int, number: int) -> list[Pick]:
    """Return the next candidates under the campaign's policy."""
    observed = observed_kcal_mol(bench)
    task = Task(
        "select",
        {
            "forecast": learned["forecast"],
            "families": learned["families"],
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
