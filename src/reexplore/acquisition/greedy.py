"""The exact greedy batch on a table of joint samples, without looking at every row again after every pick."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

#: Rows looked at together: they stay in the processor's cache.
_TOGETHER = 1024
#: How many of the most promising rows are looked at again first, and by how much more each further time.
_FIRST, _MORE = 64, 4


def exact_greedy(worth: Array, choices: Sequence[int], *, best: Array, q: int) -> list[int]:
    """Return up to `q` of the `choices`, each raising the mean over samples of the batch's best most.

    `worth`, shape (N, S), is that of each row in each joint sample, `best`, shape (S,), what there is before the first
    pick. The first of equals is taken. It ends where no row is better than `best` in any sample. A later pick gains no
    row more than it would have gained before (the mean best is submodular), so that only rows whose earlier gain could
    win are computed again: M. Minoux, Lect. Notes Control Inf. Sci. 1978, 7, 234.
    """
    rows, best = np.asarray(choices, dtype=np.intp), best.copy()
    gain = _gains(worth, rows, best)
    picked: list[int] = []
    while len(picked) < q:
        place = _first_of_best(worth, rows, best, gain) if picked else int(np.argmax(gain))
        if gain[place] <= 0:
            break
        picked.append(int(rows[place]))
        np.maximum(best, worth[rows[place]], out=best)
        gain[place] = 0.0
    return picked


def _first_of_best(worth: Array, rows: NDArray[np.intp], best: Array, gain: Array) -> int:
    """Return the place of the largest gain; of `gain`, bounds from above, those that could win are computed again."""
    fresh = np.zeros(len(gain), dtype=bool)
    size = _FIRST
    while True:
        largest = gain[fresh].max(initial=0.0)
        stale = np.flatnonzero(~fresh & (gain >= largest) & (gain > 0))
        if not len(stale):
            return int(np.argmax(gain))
        if len(stale) > size:
            stale = stale[np.argpartition(-gain[stale], size)[:size]]
        gain[stale] = _gains(worth, rows[stale], best)
        fresh[stale] = True
        size *= _MORE


def _gains(worth: Array, rows: NDArray[np.intp], best: Array) -> Array:
    """Return by how much each row raises the mean best, shape (rows,)."""
    found = np.empty(len(rows))
    for start in range(0, len(rows), _TOGETHER):
        more = worth[rows[start : start + _TOGETHER]] - best
        found[start : start + _TOGETHER] = np.maximum(more, 0.0, out=more).mean(axis=1)
    return found
