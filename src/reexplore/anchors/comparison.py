"""Computed free energies of complexation beside measured stability constants: order, error, metals."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import spearmanr

from reexplore.anchors.table import Anchor
from reexplore.chemistry.metals import METALS
from reexplore.energies.protons import KCAL_MOL_PER_LOG_UNIT, log_k

#: The larger metal first, along the series.
TREND_METALS = ("La", "Pr", "Gd", "Dy", "Lu")
#: Differences below this are within the scatter of the sources.
_TELLING_LOG_UNITS = 0.5
_FEWEST = 3


@dataclass(frozen=True)
class Compared:
    """One anchor with one metal: log10 K measured, computed, and computed after calibration on other ligands.

    `calibrated` is None in a charge class of one ligand.
    """

    ligand: str
    charge: int
    metal: str
    measured: float
    computed: float
    calibrated: float | None
    smiles: str = ""


@dataclass(frozen=True)
class Trend:
    """How much more one ligand holds lutetium than lanthanum, in kcal/mol: negative where it does."""

    ligand: str
    measured_kcal_mol: float
    computed_kcal_mol: float
    calibrated_kcal_mol: float


def compared(anchors: Sequence[Anchor], free_energy_kcal_mol: Mapping[tuple[str, str], float]) -> tuple[Compared, ...]:
    """Return every anchor beside its measured value, from ΔG by (ligand, metal).

    The calibration adds to log10 K what the other ligands of the same charge, with the same metal, lack on average: the
    ligand itself is left out, so that its calibrated value knows nothing of its measured one.
    """
    raw = [
        (anchor, metal, log_k(free_energy_kcal_mol[anchor.name, metal]))
        for anchor in anchors
        for metal in METALS
        if metal in anchor.log_k1 and (anchor.name, metal) in free_energy_kcal_mol
    ]
    lacking: dict[tuple[int, str], dict[str, float]] = defaultdict(dict)
    for anchor, metal, value in raw:
        lacking[anchor.charge, metal][anchor.name] = anchor.log_k1[metal] - value
    rows = []
    for anchor, metal, value in raw:
        others = [lack for name, lack in lacking[anchor.charge, metal].items() if name != anchor.name]
        calibrated = value + float(np.mean(others)) if others else None
        smiles = anchor.single.ligand.canonical_smiles
        rows.append(Compared(anchor.name, anchor.charge, metal, anchor.log_k1[metal], value, calibrated, smiles))
    return tuple(rows)


def by_charge(rows: Sequence[Compared], *, metal: str) -> dict[int, list[Compared]]:
    """Return the rows of one metal by the ligand's charge, the lowest charge last."""
    found: dict[int, list[Compared]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: -row.charge):
        if row.metal == metal:
            found[row.charge].append(row)
    return dict(found)


def rank_correlation(rows: Sequence[Compared]) -> float | None:
    """Return Spearman's coefficient of computed and measured constants, None for fewer than three."""
    if len(rows) < _FEWEST:
        return None
    return float(spearmanr([row.computed for row in rows], [row.measured for row in rows]).statistic)


def trends(anchors: Sequence[Anchor], free_energy_kcal_mol: Mapping[tuple[str, str], float]) -> tuple[Trend, ...]:
    """Return the trend from La to Lu of every anchor whose measured one is beyond 0.5 log units.

    A straight line through ΔG against the ionic radius of La, Pr, Gd, Dy and Lu makes it, for a ligand that was
    computed with at least three of them, La and Lu included. Calibrated is the trend less what those of the other
    ligands are off by on average: an error of the aqua ions is in all of them.
    """
    computed = {}
    for anchor in anchors:
        known = {m: free_energy_kcal_mol.get((anchor.name, m)) for m in TREND_METALS}
        points = {metal: value for metal, value in known.items() if value is not None}
        measured = _measured_trend(anchor)
        if measured is not None and {"La", "Lu"} <= points.keys() and len(points) >= _FEWEST:
            radii = [METALS[metal].shannon_radius_angstrom for metal in points]
            slope = float(np.polyfit(radii, list(points.values()), 1)[0])
            across = METALS["Lu"].shannon_radius_angstrom - METALS["La"].shannon_radius_angstrom
            computed[anchor.name] = (measured, slope * across)
    off = {name: value - measured for name, (measured, value) in computed.items()}
    return tuple(
        Trend(name, measured, value, value - float(np.mean([off[other] for other in off if other != name] or [0.0])))
        for name, (measured, value) in computed.items()
    )


def _measured_trend(anchor: Anchor) -> float | None:
    """Return the measured difference in kcal/mol, None where it is unknown or within the scatter of the sources."""
    if not {"La", "Lu"} <= anchor.log_k1.keys():
        return None
    log_units = anchor.log_k1["Lu"] - anchor.log_k1["La"]
    return -KCAL_MOL_PER_LOG_UNIT * log_units if abs(log_units) >= _TELLING_LOG_UNITS else None
