"""How far goals are off that are computed from predictions of ligands that were held out whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from reexplore.properties import Goals
from reexplore.surrogate.samples import Sample
from reexplore.tracking.records import GOAL_MAE_PREFIX

Array = NDArray[np.float64]


def goal_errors(
    goals: Goals,
    samples: Sequence[Sample],
    *,
    target_kcal_mol: Array,
    predicted_kcal_mol: Mapping[str, Array],
    hydration_kcal_mol: Mapping[str, float],
) -> dict[str, float]:
    """Return the mean absolute error of each goal by each model, named as it is tracked; nothing without goals.

    Energies have the order of the samples. Ligands that lack a label with one of the metals are left out.
    """
    rows_of: dict[tuple[object, ...], dict[str, int]] = {}
    for row, sample in enumerate(samples):
        where = (sample.ligand, sample.group.stoichiometry)
        rows_of.setdefault(where, {})[sample.group.metal] = row
    whole = [rows for rows in rows_of.values() if set(goals.metals) <= rows.keys()]
    if not goals or not whole or not goals.can_be_computed(hydration_kcal_mol):
        return {}
    rows = {metal: [of_ligand[metal] for of_ligand in whole] for metal in goals.metals}

    def values(energies: Array) -> Array:
        return goals.to_lower({metal: energies[rows[metal]] for metal in rows}, hydration_kcal_mol)

    observed = values(target_kcal_mol)
    found: dict[str, float] = {}
    for model, predicted in predicted_kcal_mol.items():
        errors = np.abs(values(predicted) - observed).mean(axis=1)
        found |= {
            f"{GOAL_MAE_PREFIX}{goal.title}/{model}": float(error)
            for goal, error in zip(goals.goals, errors, strict=True)
        }
    return found
