"""From the members' spread to an error bar, and how good error bars turned out to be."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

#: Below this many residuals a floor measured on them may not undercut the declared one:
#: a standard deviation from 20 normal deviates is itself uncertain by 16 %.
TRUSTED_FROM = 20

#: Fewer pairs than this make a rank correlation that says nothing (five give 0.9 by chance at p = 0.04).
RANKED_FROM = 8

#: The share of the floor's variance that the complexes of one ligand have in common, until it is measured. An
#: assumption: what the model gets wrong about a ligand it gets wrong for every metal, and half is between knowing that
#: and knowing nothing.
SHARED_BY_LIGAND = 0.5
#: How many pairs the assumption counts for beside measured ones, and the most that is believed.
_ASSUMED_PAIRS = 4
_MOST_SHARED = 0.98


@dataclass(frozen=True)
class Calibration:
    """The error bar σ² = scale² (weight s² + floor²) over the ensemble's spread s.

    `floor_kcal_mol` is in force; `n` residuals and `source` say where it comes from. `shared_by_ligand` is the share of
    the floor's variance that complexes of one ligand have in common. `weight` and `scale` are 1 where they are not
    fitted.
    """

    n: int
    floor_kcal_mol: float
    declared_floor_kcal_mol: float
    source: str
    shared_by_ligand: float = SHARED_BY_LIGAND
    weight: float = 1.0
    scale: float = 1.0

    def sigma(self, spread: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the calibrated standard deviation of each prediction."""
        return self.scale * np.sqrt(self.weight * spread**2 + self.floor_kcal_mol**2)

    def to_dict(self) -> dict[str, Any]:
        """Return the calibration as JSON-ready values; `Calibration(**values)` rebuilds it."""
        data = asdict(self)
        if self.shared_by_ligand == SHARED_BY_LIGAND:
            # What was assumed for every campaign before it was measured is in the keys of none.
            del data["shared_by_ligand"]
        for fitted in ("weight", "scale"):
            if data[fitted] == 1.0:
                del data[fitted]
        return data


def shared_by_ligand(
    residuals: ArrayLike,
    of_members: NDArray[np.float64],
    *,
    ligands: Sequence[Hashable],
    floor_kcal_mol: float,
) -> float:
    """Return the share of the floor's variance that the complexes of one ligand have in common.

    It is the mean product of the residuals of two complexes of a ligand, less what the members' own covariance
    accounts for, over the floor's variance; four pairs' worth of the assumption are added. `of_members` has shape
    (n, members). The residuals of a ligand have to be held out together.
    """
    residuals = np.asarray(residuals, dtype=np.float64)
    of_ligand: dict[Hashable, list[int]] = {}
    for row, ligand in enumerate(ligands):
        of_ligand.setdefault(ligand, []).append(row)
    pairs = [pair for rows in of_ligand.values() for pair in combinations(rows, 2)]
    if not pairs or floor_kcal_mol <= 0:
        return SHARED_BY_LIGAND
    first, second = np.array(pairs).T
    off = of_members - of_members.mean(axis=1, keepdims=True)
    by_members = (off[first] * off[second]).sum(axis=1) / (of_members.shape[1] - 1)
    found = float((residuals[first] * residuals[second] - by_members).mean()) / floor_kcal_mol**2
    measured = min(max(found, 0.0), _MOST_SHARED)
    return (_ASSUMED_PAIRS * SHARED_BY_LIGAND + len(pairs) * measured) / (_ASSUMED_PAIRS + len(pairs))


def calibrate(
    residuals: ArrayLike,
    spread: ArrayLike,
    *,
    declared_floor_kcal_mol: float,
    origin: str = "out-of-fold residuals",
) -> Calibration:
    """Return the floor that makes σ² = s² + floor² right on average over residuals, both of shape (n,).

    The measured floor is the root of mean(residual² − s²), or zero when the spread alone is too wide.
    With fewer than 20 residuals the larger of it and the declared floor is taken, from 20 on the
    measured one. The predictions must not have seen the labels: `origin` names how that was arranged.
    A spread taken where most members have seen the label is too small, which errs on the side of a
    larger floor. n may be zero.
    """
    residuals = np.asarray(residuals, dtype=np.float64)
    n = len(residuals)
    if n == 0:
        return Calibration(0, declared_floor_kcal_mol, declared_floor_kcal_mol, "declared, no residuals yet")
    excess = float(np.mean(residuals**2 - np.asarray(spread, dtype=np.float64) ** 2))
    measured = float(np.sqrt(max(excess, 0.0)))
    if n < TRUSTED_FROM and measured < declared_floor_kcal_mol:
        source = f"declared, {n} {origin} gave only {measured:.1f} kcal/mol"
        return Calibration(n, declared_floor_kcal_mol, declared_floor_kcal_mol, source)
    return Calibration(n, measured, declared_floor_kcal_mol, f"{n} {origin}")


def calibrate_intervals(
    residuals: ArrayLike, spread: ArrayLike, *, declared_floor_kcal_mol: float, origin: str = "out-of-fold residuals"
) -> Calibration:
    """Return the error bar whose 90 % interval holds nine in ten residuals, both of shape (n,), n at least 2.

    Weight and floor are those under which the residuals are most likely; then all is stretched until the interval is
    the normalised conformal one (J. Lei et al., J. Am. Stat. Assoc. 2018, 113, 1094): the residual of rank
    ⌈0.9 (n + 1)⌉ in units of its error bar is its end. With fewer than nine residuals there is no such rank, and the
    end is Student's. Neither predictions nor spreads must have seen the labels. The declared floor is recorded only.
    """
    residuals, spread = np.asarray(residuals, dtype=np.float64), np.asarray(spread, dtype=np.float64)
    n, size = len(residuals), float(np.sqrt(np.mean(residuals**2)))
    if size == 0:
        return Calibration(n, 0.0, declared_floor_kcal_mol, f"{n} {origin}, all of them zero", weight=0.0)
    weight, floor = _likeliest(residuals, spread)
    ratio = np.abs(residuals) / np.sqrt(weight * spread**2 + floor**2)
    rank = math.ceil(_LEVEL * (n + 1))
    if rank <= n:
        end = float(np.sort(ratio)[rank - 1])
    else:
        from scipy.stats import t

        end = float(t.ppf(0.5 + _LEVEL / 2, n - 1) * np.sqrt(np.mean(ratio**2)))
    scale = end / NormalDist().inv_cdf(0.5 + _LEVEL / 2)
    return Calibration(n, floor, declared_floor_kcal_mol, f"{n} {origin}, conformal", weight=weight, scale=scale)


#: The interval that is made to hold what it says.
_LEVEL = 0.9


def _likeliest(residuals: NDArray[np.float64], spread: NDArray[np.float64]) -> tuple[float, float]:
    """Return the weight of the squared spread and the floor, under a prior by which spread and floor count alike."""
    from scipy.optimize import minimize

    size = float(np.mean(residuals**2))
    typical = float(np.mean(spread**2))
    if typical == 0:
        return 1.0, math.sqrt(size)
    # In units of the residuals, of which each explains one half.
    relative, squared = spread**2 / typical, residuals**2 / size

    def unlikely(logs: NDArray[np.float64]) -> float:
        variance = np.exp(logs[0]) * relative + np.exp(logs[1])
        return float(0.5 * np.sum(np.log(variance) + squared / variance) + 0.5 * np.sum((logs - start) ** 2))

    start = np.log([0.5, 0.5])
    found = np.exp(minimize(unlikely, start, method="L-BFGS-B", bounds=[(-10, 5)] * 2).x)
    return float(found[0] * size / typical), math.sqrt(float(found[1]) * size)


@dataclass(frozen=True)
class Evaluation:
    """How predictions and their error bars compare with observations; None where a number is undefined.

    `coverage_68` is the share of observations inside the central 68 % of their predicted normal
    distribution, `nll` the mean negative log-likelihood under it (energies in kcal/mol). `spearman`
    ranks predictions against observations, `spearman_error` absolute errors against error bars.
    """

    n: int
    mae_kcal_mol: float | None
    rmse_kcal_mol: float | None
    coverage_68: float | None
    coverage_90: float | None
    coverage_95: float | None
    nll: float | None
    spearman: float | None
    spearman_error: float | None

    def to_dict(self) -> dict[str, Any]:
        """Return the evaluation as JSON-ready values."""
        return asdict(self)


def evaluate(predicted: ArrayLike, sigma: ArrayLike, observed: ArrayLike) -> Evaluation:
    """Compare predictions and their standard deviations with what was observed; all have shape (n,)."""
    predicted, sigma, observed = (np.asarray(values, dtype=np.float64) for values in (predicted, sigma, observed))
    n = len(observed)
    if n == 0:
        return Evaluation(0, None, None, None, None, None, None, None, None)
    error = np.abs(predicted - observed)
    return Evaluation(
        n=n,
        mae_kcal_mol=float(error.mean()),
        rmse_kcal_mol=float(np.sqrt(np.mean(error**2))),
        coverage_68=_coverage(error, sigma, 0.68),
        coverage_90=_coverage(error, sigma, 0.90),
        coverage_95=_coverage(error, sigma, 0.95),
        nll=_negative_log_likelihood(error, sigma),
        spearman=_spearman(predicted, observed),
        spearman_error=_spearman(error, sigma),
    )


def _coverage(error: NDArray[np.float64], sigma: NDArray[np.float64], level: float) -> float:
    return float(np.mean(error <= NormalDist().inv_cdf(0.5 + level / 2) * sigma))


def _negative_log_likelihood(error: NDArray[np.float64], sigma: NDArray[np.float64]) -> float | None:
    if np.any(sigma <= 0):
        return None
    return float(np.mean(0.5 * np.log(2 * np.pi * sigma**2) + 0.5 * (error / sigma) ** 2))


def _spearman(a: NDArray[np.float64], b: NDArray[np.float64]) -> float | None:
    if len(a) < RANKED_FROM or np.ptp(a) == 0 or np.ptp(b) == 0:
        return None
    from scipy.stats import spearmanr

    return float(spearmanr(a, b).statistic)
