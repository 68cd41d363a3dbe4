"""The first batch: candidates as different from each other as the lists of the space allow."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray

from reexplore.surrogate.samples import Described, factors, feature_columns, feature_matrix


def seed_design(samples: Sequence[Described], *, q: int, seed: int) -> list[str]:
    """Return the keys of up to `q` samples, a greedy maximin design without any model.

    The distance of two samples is the number of factors (scaffold, metal, stoichiometry,
    substituents) in which they differ. The seed draws the first; each next one is farthest from its
    nearest chosen neighbour (Kennard and Stone, Technometrics 11, 137 (1969)), among equals the one
    farthest from all chosen, then the earlier in a shuffle. The order of the input does not matter.
    """
    by_key = sorted(samples, key=lambda sample: sample.key)
    shuffled = [by_key[i] for i in np.random.default_rng(seed).permutation(len(by_key))]
    rows = [factors(sample) for sample in shuffled]
    chosen = farthest_first(feature_matrix(rows, feature_columns(rows)), q=q)
    return [shuffled[i].key for i in chosen]


def farthest_first(matrix: NDArray[np.float64], *, q: int, beside: Collection[int] = ()) -> list[int]:
    """Return up to `q` rows of a table of factors, each the farthest from its nearest neighbour among those before it.

    The rows `beside` count as chosen before and are not returned. Among equals the one farthest from all chosen is
    taken, then the earlier in the table.
    """
    chosen: list[int] = []
    nearest, total = np.full(len(matrix), np.inf), np.zeros(len(matrix))

    def count(pick: int) -> None:
        nonlocal nearest, total
        # A factor that differs is one name more here and one name less there.
        distance = np.abs(matrix - matrix[pick]).sum(axis=1) / 2
        nearest, total = np.minimum(nearest, distance), total + distance

    for row in beside:
        count(row)
    while len(chosen) < min(q, len(matrix) - len(beside)):
        free = np.setdiff1d(np.arange(len(matrix)), [*beside, *chosen])
        # lexsort's last key decides first; it is stable, so that the order of the table settles what is left.
        pick = int(free[np.lexsort((-total[free], -nearest[free]))[0]])
        chosen.append(pick)
        count(pick)
    return chosen
