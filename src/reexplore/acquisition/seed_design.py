"""The first batch: candidates as different from each other as the lists of the space allow."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

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
    matrix = feature_matrix(rows, feature_columns(rows))
    chosen: list[int] = []
    nearest, total = np.full(len(shuffled), np.inf), np.zeros(len(shuffled))
    while len(chosen) < min(q, len(shuffled)):
        free = np.setdiff1d(np.arange(len(shuffled)), chosen)
        # lexsort's last key decides first; it is stable, so that the shuffle settles what is left.
        pick = int(free[np.lexsort((-total[free], -nearest[free]))[0]])
        chosen.append(pick)
        # A factor that differs is one name more here and one name less there.
        distance = np.abs(matrix - matrix[pick]).sum(axis=1) / 2
        nearest, total = np.minimum(nearest, distance), total + distance
    return [shuffled[i].key for i in chosen]
