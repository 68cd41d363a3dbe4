"""The lanthanide contraction of our own geometries: how metal-donor distances follow the ionic radius."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from reexplore.chemistry.candidates import Candidate
from reexplore.chemistry.metals import LANTHANIDES, Metal
from reexplore.structures.metal_exchange import WATER

#: A line through fewer metals has no standard error.
FEWEST_METALS = 3


@dataclass(frozen=True)
class Sphere:
    """The donors around one metal; `series` names what differs from others by the metal alone.

    `donors` holds for each distance the ligand's donor element, or `water`.
    """

    series: str
    metal: Metal
    donors: tuple[str, ...]
    distances_angstrom: tuple[float, ...]

    def __post_init__(self) -> None:
        if len(self.donors) != len(self.distances_angstrom):
            raise ValueError(f"{len(self.donors)} donors have {len(self.distances_angstrom)} distances")


@dataclass(frozen=True)
class Slope:
    """Change of a metal-donor distance per change of the Shannon radius, with its standard error.

    `count` is the number of metals of one series, or of series where several are averaged.
    """

    value: float
    standard_error: float
    count: int


@dataclass(frozen=True)
class Contraction:
    """What the geometries say of the contraction; in crystals slopes are near 1.

    `series` holds the slope of the mean over all donors of each series, `donors` that of each donor
    class, averaged over the series, with the standard error between them.
    `offsets_angstrom[metal][donor]` is by how much a metal lies beside the line through the lanthanides.
    """

    series: dict[str, Slope]
    donors: dict[str, Slope]
    offsets_angstrom: dict[str, dict[str, float]]


def sphere(candidate: Candidate, distances_angstrom: Sequence[float], *, series: str) -> Sphere:
    """Return the sphere of a candidate; the distances are in the order of `Layout.donors`, as results store them."""
    donors = [ligand.mol.GetAtomWithIdx(d).GetSymbol() for ligand in candidate.bound for d in ligand.donors]
    return Sphere(series, candidate.metal, (*donors, *(WATER,) * candidate.waters), tuple(distances_angstrom))


def fit_contraction(spheres: Sequence[Sphere]) -> Contraction:
    """Fit lines of distance against Shannon radius through the lanthanides of each series.

    Series with fewer than three lanthanides have no slope and are left out.
    """
    by_series: dict[str, list[Sphere]] = defaultdict(list)
    for one in spheres:
        by_series[one.series].append(one)
    series: dict[str, Slope] = {}
    slopes: dict[str, list[float]] = defaultdict(list)
    beside: dict[tuple[str, str], list[float]] = defaultdict(list)
    for name, members in by_series.items():
        lanthanides = [m for m in members if m.metal in LANTHANIDES]
        if len({m.metal.symbol for m in lanthanides}) < FEWEST_METALS:
            continue
        radii = [m.metal.shannon_radius_angstrom for m in lanthanides]
        series[name] = _line(radii, [float(np.mean(m.distances_angstrom)) for m in lanthanides])[0]
        for donor in sorted(set(members[0].donors)):
            slope, intercept = _line(radii, [_mean_distance(m, donor) for m in lanthanides])
            slopes[donor].append(slope.value)
            for m in members:
                on_line = intercept + slope.value * m.metal.shannon_radius_angstrom
                beside[m.metal.symbol, donor].append(_mean_distance(m, donor) - on_line)
    offsets: dict[str, dict[str, float]] = defaultdict(dict)
    for (metal, donor), values in sorted(beside.items()):
        offsets[metal][donor] = float(np.mean(values))
    return Contraction(series, {donor: _mean(values) for donor, values in sorted(slopes.items())}, dict(offsets))


def _mean_distance(one: Sphere, donor: str) -> float:
    return float(np.mean([r for d, r in zip(one.donors, one.distances_angstrom, strict=True) if d == donor]))


def _line(radii: Sequence[float], distances: Sequence[float]) -> tuple[Slope, float]:
    from scipy.stats import linregress

    fit = linregress(radii, distances)
    return Slope(float(fit.slope), float(fit.stderr), len(radii)), float(fit.intercept)


def _mean(values: Sequence[float]) -> Slope:
    error = float(np.std(values, ddof=1) / np.sqrt(len(values))) if len(values) > 1 else float("nan")
    return Slope(float(np.mean(values)), error, len(values))
