"""Several goals at once: BoTorch's expected hypervolume improvement of the Pareto front of each ranking.

Importing this module loads torch and botorch (seconds).
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Sequence

import numpy as np
import torch
from botorch.acquisition.multi_objective import logei
from botorch.acquisition.multi_objective.logei import qLogNoisyExpectedHypervolumeImprovement
from numpy.typing import NDArray

from reexplore.acquisition.botorch_model import TableModel, rows_as_inputs

# Otherwise BoTorch compiles a kernel for this very processor into the home folder, which nodes of other kinds share: a
# choice would take minutes, need a compiler, and end in an illegal instruction there.
logei._load_attempted = True

#: Numbers of one evaluation; bounds the memory, changes no result.
_CHUNK_NUMBERS = 20_000_000


def acquire_front(
    gain: NDArray[np.float64],
    choices: Sequence[int],
    *,
    groups: Sequence[Hashable],
    labelled: Collection[int],
    waiting: Sequence[int],
    q: int,
) -> list[tuple[int, float]]:
    """Return up to `q` rows, one after the other, each with the logarithm of the hypervolume it is expected to add.

    `gain`, shape (N, S, goals), are joint samples relative to a reference of each group, bigger is better. A group
    has a front of its own: of its labelled rows, without any the reference itself. The reference point of the
    hypervolume lies one standard deviation of the group's samples below the worst of that front in every goal. The
    next row is taken from the group in which it adds most.
    """
    fronts = {
        group: _Front(gain, [row for row in range(len(groups)) if groups[row] == group], set(labelled), waiting)
        for group in dict.fromkeys(groups[row] for row in choices)
    }
    left = {group: [row for row in choices if groups[row] == group] for group in fronts}
    best = {group: front.best(left[group]) for group, front in fronts.items()}
    picked: list[tuple[int, float]] = []
    while len(picked) < q and best:
        group = max(best, key=lambda name: best[name][1])
        row, _ = best[group]
        picked.append(best[group])
        left[group].remove(row)
        fronts[group].waiting.append(row)
        if left[group]:
            best[group] = fronts[group].best(left[group])
        else:
            del best[group]
    return picked


class _Front:
    """One group: its joint samples, what is known of it and what is being labelled."""

    def __init__(
        self, gain: NDArray[np.float64], rows: Sequence[int], labelled: Collection[int], waiting: Sequence[int]
    ) -> None:
        # One row more than the table has stands for the reference, whose gain is nothing.
        self._reference = len(gain)
        table = np.concatenate([gain, np.zeros((1, *gain.shape[1:]))])
        self._known = [row for row in rows if row in labelled] or [self._reference]
        self.waiting = [row for row in waiting if row in set(rows)]
        self._model = TableModel(table)
        worst = table[self._known].mean(axis=1).min(axis=0)
        self._point = worst - table[rows].std(axis=(0, 1))
        self._each = gain.shape[1] * gain.shape[2] * (len(self._known) + 1)

    def best(self, choices: Sequence[int]) -> tuple[int, float]:
        """Return the choice that adds most, and the logarithm of how much."""
        acquisition = qLogNoisyExpectedHypervolumeImprovement(
            model=self._model,
            ref_point=self._point.tolist(),
            X_baseline=rows_as_inputs(self._known),
            sampler=self._model.every_member,
            X_pending=rows_as_inputs(self.waiting) if self.waiting else None,
            prune_baseline=False,
            cache_root=False,
        )
        with torch.no_grad():
            inputs = rows_as_inputs(list(choices)).unsqueeze(-2)
            size = max(_CHUNK_NUMBERS // self._each, 1)
            values = torch.cat([acquisition(part) for part in inputs.split(size)]).numpy()
        place = int(np.argmax(values))
        return choices[place], float(values[place])
