"""The choice of a batch: virtual members, gains, and the free candidates that raise a BoTorch acquisition most."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from reexplore.acquisition.gain import expected_improvement, gains
from reexplore.acquisition.greedy import exact_greedy
from reexplore.acquisition.policy import Policy
from reexplore.acquisition.preselection import contenders
from reexplore.acquisition.seed_design import farthest_first
from reexplore.errors import CalculationFailed, FailureCode
from reexplore.surrogate.calibration import Calibration
from reexplore.surrogate.forecast import Forecast
from reexplore.surrogate.joint_samples import joint_samples
from reexplore.surrogate.samples import Described, factors, feature_columns, feature_matrix

if TYPE_CHECKING:
    from botorch.acquisition import AcquisitionFunction

#: Candidates evaluated at once; bounds the memory, changes no result.
_CHUNK = 2048
_IMPROVEMENT = "qLogExpectedImprovement"
#: `diverse` chooses among so many times the batch.
_PROMISING = 4


@dataclass(frozen=True)
class Pick:
    """One chosen candidate; `rank` counts from 1 over the batch.

    `value` is in the acquisition's own unit: the gain of this pick alone for `posterior_mean`, otherwise
    the worth of the batch up to and with this pick (controls and pending included). A control was
    drawn by chance and has none.
    """

    key: str
    role: Literal["acquisition", "control"]
    value: float | None
    rank: int

    def to_dict(self) -> dict[str, Any]:
        """Return the pick as JSON-ready values."""
        return asdict(self)


@dataclass(frozen=True)
class Batch:
    """What was chosen, and by how much the best free candidate is expected to improve each goal, in the goal's unit."""

    picks: list[Pick]
    expected_improvement: tuple[float, ...]


def best_improvement(gain: NDArray[np.float64], taken: Collection[int]) -> float:
    """Return the largest expected improvement of the rows that are not `taken`, from joint gains, shape (N, S)."""
    free = np.setdiff1d(np.arange(len(gain)), list(taken))
    return float(expected_improvement(gain)[free].max(initial=0.0))


def choose(
    forecast: Forecast,
    *,
    samples: Sequence[Described],
    calibration: Calibration,
    labelled: Mapping[str, float],
    excluded: Collection[str],
    pending: Collection[str] = (),
    by_lot: Collection[str] | None = None,
    policy: Policy,
    q: int,
    seed: int,
) -> Batch:
    """Choose the next `q` candidates from a forecast; of a very large one, among its `contenders`.

    `samples` describe the forecast's candidates, `labelled` maps keys to binding energies in
    kcal/mol, `pending` are being labelled, and `excluded` are neither labelled nor to be picked. Where the forecast is
    no fair share of the pool, `by_lot` names those of it that were drawn by chance. Raises
    `ValueError` for keys the forecast does not have, and `CalculationFailed` as `select_batch` does.
    """
    sample_of = {sample.key: sample for sample in samples}
    row_of = {key: row for row, key in enumerate(forecast.keys)}
    if unknown := sorted({*labelled, *excluded, *pending} - row_of.keys() | row_of.keys() ^ sample_of.keys()):
        raise ValueError(f"forecast and samples do not both have: {', '.join(unknown)}")
    found = contenders(
        forecast,
        forecast.sigma(calibration),
        groups=[sample_of[key].group for key in forecast.keys],
        observed={row_of[key]: label for key, label in labelled.items()},
        pending=[row_of[key] for key in pending],
        seed=seed,
    )
    keys = tuple(forecast.keys[row] for row in found.rows)
    table = Forecast(keys, forecast.of_members[found.rows])
    pool = [sample_of[key] for key in keys]
    energies = joint_samples(table, calibration, ligands=[s.ligand for s in pool], samples=policy.samples, seed=seed)
    here = {key: row for row, key in enumerate(keys)}
    observed = {here[key]: label for key, label in labelled.items()}
    drawn = [forecast.keys[row] for row in found.fair]
    fair = {here[key] for key in drawn if by_lot is None or key in by_lot}
    gain = gains(energies, groups=[s.group for s in pool], observed=observed, typical=fair)
    waiting, others = {here[key] for key in pending}, {here[key] for key in excluded if key in here}
    picks = select_batch(
        gain,
        keys,
        policy=policy,
        q=q,
        pending=waiting,
        labelled=observed.keys(),
        excluded=others,
        controls=fair,
        described=pool,
        seed=seed,
    )
    return Batch(picks, (best_improvement(gain, {*observed, *waiting, *others}),))


def select_batch(
    utility: NDArray[np.float64],
    keys: Sequence[str],
    *,
    policy: Policy,
    q: int,
    groups: Sequence[Hashable] = (),
    pending: Collection[int],
    labelled: Collection[int],
    excluded: Collection[int] = (),
    controls: Collection[int] | None = None,
    described: Sequence[Described] = (),
    seed: int,
) -> list[Pick]:
    """Choose `q` rows of a table of joint utilities, shape (N, S) or (N, S, goals), bigger is better.

    With several goals `groups` names the Pareto front that a row belongs to, and the policy has to be one that looks
    for improvements, or `random`. `described` are the rows' factors, which `diverse` spreads its picks over.

    `pending` rows are being labelled: they are not picked and count as if they were part of the
    batch. `labelled` and `excluded` rows are not picked. Controls are drawn first, from
    every free row (of `controls`, where not all rows are a fair share of the pool), so that they are a
    fair sample of it; they are then pending for the others. At least one pick is left to the acquisition; `random`
    has controls only. The result has fewer than `q` picks only when fewer rows are free; it does not depend on the
    order of the table. Raises `CalculationFailed` (POOL_EXHAUSTED) when none is.
    """
    taken = {*pending, *labelled, *excluded}
    free = sorted((row for row in range(len(keys)) if row not in taken), key=lambda row: keys[row])
    if not free:
        raise CalculationFailed(
            FailureCode.POOL_EXHAUSTED,
            "selection",
            "every candidate of the pool is labelled, pending or excluded",
            candidates=len(keys),
        )
    random = np.random.default_rng(seed)
    size = min(q, len(free))
    eligible = free if controls is None else [row for row in free if row in controls]
    wanted_by_chance = size if policy.acquisition == "random" else min(policy.random_controls, size - 1)
    by_chance = min(wanted_by_chance, len(eligible))
    drawn = [int(row) for row in random.choice(eligible, by_chance, replace=False)]
    waiting = [*sorted(pending, key=lambda row: keys[row]), *drawn]
    choices = [row for row in free if row not in drawn]
    wanted = 0 if policy.acquisition == "random" else size - len(drawn)
    if not wanted:
        acquired: list[tuple[int, float]] = []
    elif policy.acquisition == "thompson":
        acquired = _best_of_worlds(utility, choices, q=wanted, random=random)
    elif policy.acquisition == "diverse":
        acquired = _apart(utility, choices, described, waiting=waiting, q=wanted)
    elif utility.ndim == 2:
        acquired = _acquire(utility, choices, waiting=waiting, q=wanted, policy=policy)
    else:
        from reexplore.acquisition.hypervolume import acquire_front

        if len(choices) > max(wanted, policy.shortlist + policy.shortlist_random):
            choices = _shortlist(choices, _alone(utility, choices), q=wanted, policy=policy, random=random)
        acquired = acquire_front(utility, choices, groups=groups, labelled=labelled, waiting=waiting, q=wanted)
    return [
        *(Pick(keys[row], "acquisition", value, rank) for rank, (row, value) in enumerate(acquired, start=1)),
        *(Pick(keys[row], "control", None, rank) for rank, row in enumerate(drawn, start=len(acquired) + 1)),
    ]


def _acquire(
    utility: NDArray[np.float64], choices: list[int], *, waiting: list[int], q: int, policy: Policy
) -> list[tuple[int, float]]:
    """Return the rows that raise BoTorch's acquisition most, one after the other, each with the value `Pick` describes.

    Each acquisition is a mean over joint samples of what the best of the batch is worth there, so that the exact greedy
    batch of the whole table can be found. What no sample sees better than the rest of the batch follows in the order of
    its value by itself.
    """
    import torch

    from reexplore.acquisition.botorch_model import TableModel, rows_as_inputs

    acquisition = _acquisition(policy, TableModel(utility))
    if policy.acquisition == "posterior_mean":
        alone = _evaluate(acquisition, choices)
        best = np.argsort(-alone, kind="stable")[:q]
        return [(choices[i], float(alone[i])) for i in best]
    worth = _worth(utility, policy)
    least = np.zeros(worth.shape[1]) if policy.acquisition == _IMPROVEMENT else worth[choices].min(axis=0)
    picked = exact_greedy(worth, choices, best=worth[waiting].max(axis=0, initial=-np.inf).clip(min=least), q=q)
    if len(picked) < q:
        left = [row for row in choices if row not in set(picked)]
        picked += [left[i] for i in np.argsort(-_evaluate(acquisition, left), kind="stable")[: q - len(picked)]]
    acquisition.set_X_pending(rows_as_inputs(waiting) if waiting else None)
    with torch.no_grad():
        values = [float(acquisition(rows_as_inputs(picked[: k + 1]))) for k in range(len(picked))]
    return list(zip(picked, values, strict=True))


def _worth(utility: NDArray[np.float64], policy: Policy) -> NDArray[np.float64]:
    """Return what each row is worth in each joint sample to BoTorch's acquisition, shape (N, S).

    J. T. Wilson et al., NeurIPS 2018, table 1: of an upper bound and of a standard deviation it is the distance from
    the row's mean, as far as makes its mean right for normal numbers.
    """
    if policy.acquisition == _IMPROVEMENT:
        return utility
    mean = utility.mean(axis=1, keepdims=True)
    away = np.abs(utility - mean)
    if policy.beta is None:
        return np.asarray(np.sqrt(np.pi / 2) * away)
    return np.asarray(mean + np.sqrt(policy.beta * np.pi / 2) * away)


def _best_of_worlds(
    utility: NDArray[np.float64], choices: list[int], *, q: int, random: np.random.Generator
) -> list[tuple[int, float]]:
    """Return for one joint sample after the other the best row that is left, with its utility there.

    Thompson sampling for batches: K. Kandasamy et al., AISTATS 2018, PMLR 84, 133.
    """
    worlds, left = random.permutation(utility.shape[1]), list(choices)
    picked = []
    for number in range(q):
        world = utility[left, worlds[number % len(worlds)]]
        place = int(np.argmax(world))
        picked.append((left.pop(place), float(world[place])))
    return picked


def _apart(
    utility: NDArray[np.float64],
    choices: list[int],
    described: Sequence[Described],
    *,
    waiting: list[int],
    q: int,
) -> list[tuple[int, float]]:
    """Return the most promising row, then of some others as promising those that differ most from all before them.

    Promising is what is expected to improve most by itself; that is each row's value. What waits counts as chosen.
    """
    improvement = np.maximum(utility[choices], 0.0).mean(axis=1)
    promising = np.argsort(-improvement, kind="stable")[: _PROMISING * q]
    rows = [choices[i] for i in promising]
    table = [factors(described[row]) for row in [*rows, *waiting]]
    beside = [0, *range(len(rows), len(table))]
    apart = farthest_first(feature_matrix(table, feature_columns(table)), q=q - 1, beside=beside)
    return [(rows[i], float(improvement[promising[i]])) for i in [0, *apart]]


def _acquisition(policy: Policy, model: Any) -> AcquisitionFunction:
    from botorch.acquisition import (
        PosteriorMean,
        qLogExpectedImprovement,
        qUpperConfidenceBound,
    )
    from botorch.acquisition.monte_carlo import qPosteriorStandardDeviation

    if policy.acquisition == "posterior_mean":
        return PosteriorMean(model)
    if policy.acquisition == "qUpperConfidenceBound":
        return qUpperConfidenceBound(model, beta=policy.beta, sampler=model.every_member)
    if policy.acquisition == "qPosteriorStandardDeviation":
        return qPosteriorStandardDeviation(model, sampler=model.every_member)
    return qLogExpectedImprovement(model, best_f=0.0, sampler=model.every_member)


def _evaluate(acquisition: AcquisitionFunction, choices: list[int]) -> NDArray[np.float64]:
    """Return the acquisition's value of each choice by itself, shape (choices,)."""
    import torch

    from reexplore.acquisition.botorch_model import rows_as_inputs

    with torch.no_grad():
        inputs = rows_as_inputs(choices).unsqueeze(-2)
        return torch.cat([acquisition(part) for part in inputs.split(_CHUNK)]).numpy()


def _alone(gain: NDArray[np.float64], choices: list[int]) -> NDArray[np.float64]:
    """Return how much each choice is expected to improve every goal by itself, in the goal's own spread, summed."""
    mine = gain[choices]
    spread = mine.std(axis=(0, 1))
    improvement = np.maximum(mine, 0.0).mean(axis=1)
    return np.asarray((improvement / np.where(spread > 0, spread, 1.0)).sum(axis=1))


def _shortlist(
    choices: list[int], alone: NDArray[np.float64], *, q: int, policy: Policy, random: np.random.Generator
) -> list[int]:
    """Return the best choices by themselves and some of the others, in the order of `choices`."""
    order = np.argsort(-alone, kind="stable")
    best, rest = np.split(order, [max(q, policy.shortlist)])
    extra = random.choice(rest, min(policy.shortlist_random, len(rest)), replace=False)
    return [choices[i] for i in sorted([*best, *extra])]
