"""The choice of the next batch, of complexes or of ligands as the objective wants it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from reexplore.acquisition.ligands import Aim, choose_ligands
from reexplore.acquisition.policy import Policy
from reexplore.acquisition.select import Batch, choose
from reexplore.properties import Goals
from reexplore.surrogate.calibration import Calibration
from reexplore.surrogate.forecast import Forecast
from reexplore.surrogate.samples import Described


def next_batch(
    forecast: Forecast,
    *,
    goals: Goals,
    hydration_kcal_mol: Mapping[str, float],
    samples: Sequence[Described],
    calibration: Calibration,
    labelled: Mapping[str, float],
    excluded: Collection[str] = (),
    pending: Collection[str] = (),
    by_lot: Collection[str] | None = None,
    policy: Policy,
    q: int,
    seed: int,
) -> Batch:
    """Return the next `q` complexes, with `goals` all of one ligand after each other; see `choose`.

    Where the forecast is no fair share of the pool, `by_lot` names those of it that were drawn by chance: controls are
    drawn among them. `hydration_kcal_mol` are the binding energies of the metals' aqua ions, which some goals need.
    """
    among: dict[str, Any] = {"labelled": labelled, "excluded": excluded, "pending": pending, "by_lot": by_lot}
    if goals:
        aim = Aim(goals, hydration_kcal_mol)
        return choose_ligands(
            forecast, samples=samples, aim=aim, calibration=calibration, **among, policy=policy, q=q, seed=seed
        )
    return choose(forecast, samples=samples, calibration=calibration, **among, policy=policy, q=q, seed=seed)
