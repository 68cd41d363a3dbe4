"""Which candidates of a very large pool are worth sampling at all."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reexplore.surrogate.forecast import Forecast

#: A pool up to this size is sampled whole: 256 samples of it take 1.4 GB.
MOST = 100_000
#: How optimistic the first look is, in standard deviations.
_OPTIMISM = 2.0


@dataclass(frozen=True, eq=False)
class Contenders:
    """Rows of a forecast, ascending; those that were drawn by chance, and the promising and the least certain.

    A row may be `fair` and `promising`. The others are labelled or being labelled.
    """

    rows: NDArray[np.intp]
    fair: NDArray[np.intp]
    promising: NDArray[np.intp]


def contenders(
    forecast: Forecast,
    sigma: NDArray[np.float64],
    *,
    groups: Sequence[Hashable] | NDArray[np.intp],
    observed: Mapping[int, float],
    pending: Collection[int] = (),
    seed: int,
    most: int = MOST,
) -> Contenders:
    """Return about `most` rows: half the best by an optimistic guess, a quarter the least certain, a quarter drawn.

    A pool of up to `most` rows is returned whole. The guess is the gain over the lowest label of the
    row's group, or over the group's mean without one, if the truth lay two standard deviations below
    the forecast. `observed` maps rows to labels; those rows and the `pending` are always among
    the result. `groups` names or numbers the group of each row. The order of the forecast does not matter.
    """
    everyone = np.arange(len(forecast))
    if len(everyone) <= most:
        return Contenders(everyone, everyone, everyone)
    by_key = forecast.order
    fair = np.sort(np.random.default_rng(seed).choice(by_key, most // 4, replace=False))
    gain = _optimistic_gain(forecast.mean, sigma, groups, observed)
    best = by_key[np.argsort(-gain[by_key], kind="stable")[: most // 2]]
    unsure = by_key[np.argsort(-sigma[by_key], kind="stable")[: most // 4]]
    chosen = np.array([*observed, *pending], dtype=np.intp)
    promising = np.unique(np.concatenate([best, unsure]))
    return Contenders(np.unique(np.concatenate([promising, fair, chosen])), fair, promising)


def _optimistic_gain(
    mean: NDArray[np.float64],
    sigma: NDArray[np.float64],
    groups: Sequence[Hashable] | NDArray[np.intp],
    observed: Mapping[int, float],
) -> NDArray[np.float64]:
    group = groups if isinstance(groups, np.ndarray) else _numbered(groups)
    reference = np.bincount(group, weights=mean) / np.maximum(np.bincount(group), 1)
    lowest = np.full(len(reference), np.inf)
    for row, label in observed.items():
        lowest[group[row]] = min(lowest[group[row]], label)
    reference = np.where(np.isfinite(lowest), lowest, reference)
    return np.asarray(reference[group] - (mean - _OPTIMISM * sigma))


def _numbered(groups: Sequence[Hashable]) -> NDArray[np.intp]:
    numbers: dict[Hashable, int] = {}
    return np.array([numbers.setdefault(one, len(numbers)) for one in groups], dtype=np.intp)
