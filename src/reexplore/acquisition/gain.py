"""What a pick is worth: the gain over the best known complex it may be compared with."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray


def gain_kcal_mol(
    binding_energy_kcal_mol: NDArray[np.float64],
    *,
    groups: Sequence[Hashable],
    observed_kcal_mol: Mapping[int, float],
    typical: Collection[int] | None = None,
) -> NDArray[np.float64]:
    """Return the gain of every candidate in every joint sample, shape (N, S): bigger is better, 0 is the incumbent.

    `binding_energy_kcal_mol` are joint samples, shape (N, S), lower binds stronger; `groups` names the
    group of each candidate and `observed_kcal_mol` maps rows to labels. In a group with labels the
    gain is the lowest label minus the sample; a labelled row holds its label, without uncertainty. In
    a group without labels it is the mean of the group in the same sample minus the sample: an error
    that all of the group share cancels. Where the rows are not a fair share of their groups, `typical`
    names those that are; a group's mean is then theirs, if it has any.
    """
    energies = np.array(binding_energy_kcal_mol, dtype=np.float64)
    if energies.ndim != 2 or len(energies) != len(groups):
        raise ValueError(f"{len(groups)} groups do not fit samples of shape {energies.shape}")
    for row, label in observed_kcal_mol.items():
        energies[row] = label
    rows_of: dict[Hashable, list[int]] = {}
    for row, group in enumerate(groups):
        rows_of.setdefault(group, []).append(row)
    gain = np.empty_like(energies)
    for rows in rows_of.values():
        labels = [observed_kcal_mol[row] for row in rows if row in observed_kcal_mol]
        fair = rows if typical is None else [row for row in rows if row in typical]
        reference = min(labels) if labels else energies[fair or rows].mean(axis=0)
        gain[rows] = reference - energies[rows]
    return gain
