"""Virtual members: as many joint samples of the calibrated forecast as a batch needs.

K members carry about K picks' worth of information. More joint samples follow from the same mean and
covariance, with the calibration's floor added.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np
from numpy.typing import NDArray

from reexplore.surrogate.calibration import Calibration
from reexplore.surrogate.forecast import Forecast


def joint_samples(
    forecast: Forecast,
    calibration: Calibration,
    *,
    ligands: Sequence[Hashable],
    samples: int,
    seed: int,
) -> NDArray[np.float64]:
    """Return joint samples of binding energies in kcal/mol, shape (N, samples); a column is a possible world.

    Sample = mean + Σ_k z_k √w (member_k − mean)/√(K−1) + floor (√ρ u_ligand + √(1−ρ) e_candidate) with standard normal
    z, u and e, ρ = `calibration.shared_by_ligand` and w its weight. `ligands` names the ligand of each candidate. Every
    row is then moved and stretched to the exact mean and variance of its candidate, so that a finite number of samples
    does not favour anyone. A candidate's draws do not depend on the order of the table.
    """
    if len(ligands) != len(forecast.keys) or samples < 2:
        raise ValueError(f"{len(forecast.keys)} candidates, {len(ligands)} ligands and {samples} samples do not fit")
    table, mean = forecast.of_members, forecast.mean[:, None]
    members = table.shape[1]
    random = np.random.default_rng(seed)
    draws = (table - mean) / np.sqrt(members - 1) @ random.standard_normal((members, samples))
    draws *= np.sqrt(calibration.weight)

    by_key = sorted(range(len(ligands)), key=lambda i: forecast.keys[i])
    number_of = {ligand: number for number, ligand in enumerate(dict.fromkeys(ligands[i] for i in by_key))}
    common = random.standard_normal((len(number_of), samples))[[number_of[ligand] for ligand in ligands]]
    own = np.empty_like(draws)
    own[by_key] = random.standard_normal(draws.shape)
    shared = calibration.shared_by_ligand
    floor = np.sqrt(shared) * common + np.sqrt(1 - shared) * own
    draws += calibration.floor_kcal_mol * floor

    draws -= draws.mean(axis=1, keepdims=True)
    drawn = draws.std(axis=1, keepdims=True)
    wanted = forecast.sigma(calibration)[:, None]
    # A row without any uncertainty has nothing to stretch.
    stretch = np.divide(wanted, drawn, out=np.zeros_like(drawn), where=drawn > 0)
    return mean + draws * stretch
