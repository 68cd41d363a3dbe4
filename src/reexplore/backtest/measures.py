"""What a trial came to after each batch, and mean and interval over seeds."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from reexplore.backtest.question import Question, Unit
from reexplore.backtest.trial import Bought
from reexplore.tracking.backtest_record import CurvePoint, Interval

#: What counts as the best of a group.
_TOP = {"top1": 0.01, "top5": 0.05}
_INSIDE_90 = NormalDist().inv_cdf(0.95)
_CONFIDENCE = 0.90
#: Draws of seeds with replacement.
_DRAWN = 1000
_SHARES = ("recall_top1", "recall_top5", "coverage_90", "batch_coverage_90")


@dataclass(frozen=True)
class Standing:
    """Where one trial stands after a batch; `core_hours` is None where the pool does not tell all costs."""

    labels: int
    core_hours: float | None
    measures: Mapping[str, float]


def best_of(question: Question, share: float) -> set[tuple[str, ...]]:
    """Return the best units of every group: the share of it, at least one; ties with the last of them count.

    A group of one has nothing to rank and is left out.
    """
    found = set()
    for units in _ranked(question).values():
        ordered = sorted(unit.truth for unit in units)
        last = ordered[max(1, round(share * len(units))) - 1]
        found |= {unit.keys for unit in units if unit.truth <= last}
    return found


def best_counts(question: Question) -> dict[str, int]:
    """Return how many units count as the best."""
    return {name: len(best_of(question, share)) for name, share in _TOP.items()}


def standings(question: Question, batches: Sequence[Sequence[Bought]]) -> list[Standing]:
    """Return where a trial stood after each batch.

    Recall is the share of the best units that are labelled, hits of all groups together; enrichment is recall over the
    share of all units that is labelled, which a random choice finds. Regret is how far the best label of a group lies
    above the best there is, mean over the groups; the label of a group without any is the group's mean. Coverage and
    error are those of what was predicted before it was labelled.
    """
    unit_of = {unit.keys: unit for unit in question.units}
    ranked = _ranked(question)
    best = {name: best_of(question, share) for name, share in _TOP.items()}
    known: list[Unit] = []
    inside: list[bool] = []
    found = []
    for batch in batches:
        bought = [unit_of[one.keys] for one in batch]
        known += bought
        told = {unit.keys for unit in known}
        share = sum(unit.keys in told for units in ranked.values() for unit in units) / sum(map(len, ranked.values()))
        measures = {f"recall_{name}": len(told & some) / len(some) for name, some in best.items()}
        measures |= {"enrichment_top5": measures["recall_top5"] / share if share else 0.0}
        measures |= {"regret": _regret(ranked, told)}
        errors = [
            (abs(one.predicted - unit.truth), one.sigma)
            for one, unit in zip(batch, bought, strict=True)
            if one.predicted is not None and one.sigma is not None
        ]
        if errors:
            now = [error <= _INSIDE_90 * sigma for error, sigma in errors]
            inside += now
            measures |= {"batch_coverage_90": float(np.mean(now)), "coverage_90": float(np.mean(inside))}
            measures |= {"batch_mae": float(np.mean([error for error, _ in errors]))}
        costs = [unit.cost for unit in known]
        spent = None if any(cost is None for cost in costs) else float(sum(cost for cost in costs if cost is not None))
        found.append(Standing(sum(len(unit.keys) for unit in known), spent, measures))
    return found


def curve_points(trials: Sequence[Sequence[Standing]]) -> tuple[CurvePoint, ...]:
    """Return mean and interval over trials of one policy and surrogate, batch by batch."""
    points = []
    for together in zip(*trials, strict=True):
        names = [name for name in together[0].measures if all(name in each.measures for each in together)]
        measures = {name: _interval([each.measures[name] for each in together], name) for name in names}
        hours = [each.core_hours for each in together if each.core_hours is not None]
        spent = float(np.mean(hours)) if len(hours) == len(together) else None
        points.append(CurvePoint(together[0].labels, spent, measures))
    return tuple(points)


def labels_ratio(beside: Sequence[Sequence[Standing]], alone: Sequence[Sequence[Standing]]) -> Interval | None:
    """Return how many labels trials need with labels of others over how many they need without, to the same recall.

    The recall is of the best 5 %: the lower of the two that both kinds reach at their end, mean over seeds; between
    batches it is interpolated. The 90 % interval is that of a bootstrap over seeds, pair by pair. None where a kind
    finds nothing, or where the first batch has found it all: the ratio would then say nothing.
    """
    labels = np.array([standing.labels for standing in alone[0]], dtype=np.float64)
    recalls = [np.array([[s.measures["recall_top5"] for s in trial] for trial in kind]) for kind in (beside, alone)]
    seeds = len(recalls[0])
    drawn = np.random.default_rng(0).integers(seeds, size=(_DRAWN, seeds))
    found = _ratio(labels, *(recall.mean(axis=0) for recall in recalls))
    others = [_ratio(labels, *(recall[rows].mean(axis=0) for recall in recalls)) for rows in drawn]
    known = [each for each in others if each is not None]
    if found is None:
        return None
    if seeds < 2 or not known:
        return Interval(found, None, None)
    low, high = np.quantile(known, [(1 - _CONFIDENCE) / 2, (1 + _CONFIDENCE) / 2])
    return Interval(found, float(low), float(high))


def _ratio(labels: NDArray[np.float64], beside: NDArray[np.float64], alone: NDArray[np.float64]) -> float | None:
    """Return at how many labels the first curve reaches what both reach, over where the second does."""
    goal = float(min(beside[-1], alone[-1]))
    if goal <= max(beside[0], alone[0]):
        return None
    return _reached(labels, beside, goal) / _reached(labels, alone, goal)


def _reached(labels: NDArray[np.float64], recall: NDArray[np.float64], goal: float) -> float:
    """Return at how many labels a recall is reached first; it never falls, for what was found stays found."""
    after = int(np.argmax(recall >= goal))
    if after == 0:
        return float(labels[0])
    share = (goal - recall[after - 1]) / (recall[after] - recall[after - 1])
    return float(labels[after - 1] + share * (labels[after] - labels[after - 1]))


def interval(values: Sequence[float]) -> Interval:
    """Return the mean with its 90 % confidence interval by Student's t; a single value has none."""
    mean, n = float(np.mean(values)), len(values)
    if n < 2:
        return Interval(mean, None, None)
    from scipy.stats import t

    half = float(t.ppf(0.5 + _CONFIDENCE / 2, n - 1)) * float(np.std(values, ddof=1)) / math.sqrt(n)
    return Interval(mean, mean - half, mean + half)


def _interval(values: Sequence[float], name: str) -> Interval:
    """Return the interval of a measure; none of them is negative, and shares end at one."""
    found = interval(values)
    if found.low is None or found.high is None:
        return found
    most = 1.0 if name in _SHARES else math.inf
    return Interval(found.mean, max(found.low, 0.0), min(found.high, most))


def _ranked(question: Question) -> dict[str, list[Unit]]:
    return {name: units for name, units in question.groups.items() if len(units) > 1}


def _regret(ranked: Mapping[str, Sequence[Unit]], told: set[tuple[str, ...]]) -> float:
    above = []
    for units in ranked.values():
        labels = [unit.truth for unit in units if unit.keys in told]
        found = min(labels) if labels else float(np.mean([unit.truth for unit in units]))
        above.append(found - min(unit.truth for unit in units))
    return float(np.mean(above))
