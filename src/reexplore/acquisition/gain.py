"""What a pick is worth: the gain over the best known complex it may be compared with."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray


def gains(
    values: NDArray[np.float64],
    *,
    groups: Sequence[Hashable],
    observed: Mapping[int, float],
    typical: Collection[int] | None = None,
) -> NDArray[np.float64]:
    """Return the gain of every candidate in every joint sample, shape (N, S): bigger is better, 0 is the incumbent.

    `values` are joint samples of what is to be lowered, shape (N, S); `groups` names the group of each candidate and
    `observed` maps rows to labels. In a group with labels the gain is the lowest label minus the sample; a labelled row
    holds its label, without uncertainty. In a group without labels it is the mean of the group in the same sample minus
    the sample: an error that all of the group share cancels. Where the rows are not a fair share of their groups,
    `typical` names those that are; a group's mean is then theirs, if it has any.
    """
    table = np.array(values, dtype=np.float64)
    if table.ndim != 2 or len(table) != len(groups):
        raise ValueError(f"{len(groups)} groups do not fit samples of shape {table.shape}")
    for row, label in observed.items():
        table[row] = label
    rows_of: dict[Hashable, list[int]] = {}
    for row, group in enumerate(groups):
        rows_of.setdefault(group, []).append(row)
    gain = np.empty_like(table)
    for rows in rows_of.values():
        labels = [observed[row] for row in rows if row in observed]
        fair = rows if typical is None else [row for row in rows if row in typical]
        reference = min(labels) if labels else table[fair or rows].mean(axis=0)
        gain[rows] = reference - table[rows]
    return gain


def expected_improvement(gain: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return by how much each candidate is expected to improve, shape (N,), from its joint samples, shape (N, S).

    It is the mean of what is above 0 of a normal distribution with the samples' mean and standard deviation: σ (z Φ(z)
    + φ(z)), z = μ/σ (D. R. Jones et al., J. Glob. Optim. 1998, 13, 455). Some hundred samples tell those two well, and
    their own tail badly.
    """
    from scipy.special import ndtr

    mean, sigma = gain.mean(axis=1), gain.std(axis=1)
    z = np.divide(mean, sigma, out=np.zeros_like(mean), where=sigma > 0)
    found = sigma * (z * ndtr(z) + np.exp(-0.5 * z**2) / np.sqrt(2 * np.pi))
    return np.where(sigma > 0, found, np.maximum(mean, 0.0))
