"""The metal–donor correction fitted on DFT gradients: what pulls a whole ligand in GFN2-xTB and not in DFT.

At any geometry of a probe the forces on a ligand's atoms add up to the pull on it as a whole. Bond lengths inside
the ligand, which DFT and GFN2-xTB see differently, drop out of the sum. What is left of the difference is what the
metal does, and the correction has to make it up: Σ over its donors of -f exp(-a (r - r0)) along the bond. f and a are
fitted by least squares over all gradients of all relaxations, those near the DFT minimum first.

f follows the ionic radius of the lanthanides by a parabola and is never negative; a is one number for each kind of
donor. Yttrium and scandium have an f of their own. Neodymium is left out of the fit, because its core potential at
`quick` was then that of Nd2+, and is interpolated as promethium and the other metals between are.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from ase import Atoms
from ase.units import Bohr, Hartree
from numpy.typing import NDArray
from scipy.optimize import least_squares
from scipy.sparse.csgraph import connected_components

from reexplore.chemistry.metals import METALS
from reexplore.energies.dft.relaxation import frames_of
from reexplore.structures.bonds import bonds_from_distances
from reexplore.structures.donor_kinds import DONOR_KINDS, donor_kinds
from reexplore.structures.structure import Structure
from reexplore.structures.xtb.metal_donor import Push
from reexplore.structures.xtb.surfaces import SURFACES

Array = NDArray[np.float64]

#: Metals whose f is a number of its own: their GFN2-xTB parameters belong to no series.
APART = ("Y", "Sc")
#: Decays that are allowed, 1/bohr: flatter pushes reach the second shell, steeper ones are walls.
_DECAYS = (1.0, 6.0)
#: The error of a pull in hartree/bohr: that of the grid and the solvent, and a share of what still pulls in DFT.
_NOISE, _SHARE = 1e-3, 0.5
#: The aqua ion stands on the other side of every exchange energy: its waters count as those of so many other probes.
_AQUA_COUNTS = 10
#: Probes whose waters are not fitted: beside a thiolate GFN2-xTB has them half as short as beside anything else.
WATERS_LEFT_OUT = ("methanethiolate",)
#: The least push that stands in the table, hartree/bohr.
_LEAST = 5e-5
_REACH_ANGSTROM = 3.6


@dataclass(frozen=True)
class Pull:
    """What one ligand lacks in GFN2-xTB (`missing`) and what still pulls at it in DFT (`left`).

    Both are vectors in hartree/bohr; `donors` are kind, distance in Å and direction from the metal.
    """

    metal: str
    probe: str
    frame: int
    missing: Array
    left: Array
    donors: tuple[tuple[str, float, Array], ...]
    weight: float

    @property
    def error(self) -> float:
        """Return what the pull is uncertain by."""
        return float(np.hypot(_NOISE, _SHARE * np.linalg.norm(self.left)))


def structure_of(frame: Atoms) -> Structure:
    """Return the structure of a frame of a relaxation."""
    return Structure(tuple(frame.symbols), frame.positions, int(frame.info["charge"]))


def pulls(path: Path) -> list[Pull]:
    """Return the pulls of every ligand in every frame of a relaxation named METAL_PROBE.extxyz."""
    metal, probe = path.stem.split("_", maxsplit=1)
    frames = frames_of(path)
    if not frames:
        return []
    first = structure_of(frames[0])
    plain = SURFACES["gfn2"].of(first)
    kinds = donor_kinds(first)
    _, part = connected_components(bonds_from_distances(first), directed=False)
    found = []
    for number, frame in enumerate(frames):
        gradient = -frame.get_forces() * Bohr / Hartree
        missing = gradient - plain.at(frame.positions)[1]
        arms = frame.positions - frame.positions[0]
        lengths = np.linalg.norm(arms, axis=1)
        for which in set(part) - {part[0]}:
            atoms = np.flatnonzero(part == which)
            donors = tuple(
                (kinds[atom], float(lengths[atom]), arms[atom] / lengths[atom])
                for atom in atoms
                if atom in kinds and lengths[atom] < _REACH_ANGSTROM
            )
            if probe in WATERS_LEFT_OUT and {kind for kind, _, _ in donors} == {"water"}:
                continue
            alike = sum(len(np.flatnonzero(part == other)) == len(atoms) for other in set(part) - {part[0]})
            weight = float(np.sqrt((_AQUA_COUNTS if probe == "aqua" else 1) / alike))
            found.append(
                Pull(metal, probe, number, missing[atoms].sum(axis=0), gradient[atoms].sum(axis=0), donors, weight)
            )
    return found


@dataclass(frozen=True)
class Fit:
    """The fitted correction, and by how much the pulls of each probe miss it, root mean square in hartree/bohr."""

    pushes: tuple[Push, ...]
    misses: dict[tuple[str, str], float]


def fit(measured: Sequence[Pull]) -> Fit:
    """Fit the correction of every metal of the library that the pulls reach."""
    places = _places(measured)
    kinds = [kind for kind in DONOR_KINDS if kind in places]
    metals = sorted({pull.metal for pull in measured}, key=list(METALS).index)
    series = [metal for metal in metals if metal not in APART]
    model = _Model(kinds, metals, series, places)
    solution = least_squares(
        lambda x: model.residuals(x, measured), model.start(), bounds=model.bounds(), x_scale=model.scale()
    )
    misses: dict[tuple[str, str], list[float]] = defaultdict(list)
    for pull in measured:
        if pull.error < 2 * _NOISE:
            misses[pull.metal, pull.probe].append(float(np.linalg.norm(model.miss(solution.x, pull))))
    return Fit(
        tuple(model.pushes(solution.x)), {key: float(np.sqrt(np.mean(np.square(v)))) for key, v in misses.items()}
    )


def _places(measured: Iterable[Pull]) -> dict[str, tuple[float, float]]:
    """Return for each kind of donor the line of its distances against the ionic radius, where pushes are given."""
    last: dict[tuple[str, str], int] = defaultdict(int)
    for pull in measured:
        last[pull.metal, pull.probe] = max(last[pull.metal, pull.probe], pull.frame)
    seen: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for pull in measured:
        if pull.frame == last[pull.metal, pull.probe] and pull.metal not in APART:
            for kind, distance, _ in pull.donors:
                if distance < _REACH_ANGSTROM - 0.5:
                    seen[kind].append((METALS[pull.metal].shannon_radius_angstrom, distance))
    lines = {}
    for kind, points in seen.items():
        radii, distances = np.array(points).T
        slope, intercept = np.polyfit(radii, distances, 1)
        lines[kind] = (float(slope), float(intercept))
    return lines


def series_weights(metals: Iterable[str]) -> tuple[int, Callable[[str], list[float]]]:
    """Return the number of nodes of the parabola along the series, and a function that weighs them for a metal."""
    radii = [METALS[metal].shannon_radius_angstrom for metal in metals if metal not in APART]
    nodes = np.linspace(min(radii), max(radii), min(3, len(radii)))

    def weights(metal: str) -> list[float]:
        radius = METALS[metal].shannon_radius_angstrom
        return [float(np.prod([(radius - n) / (m - n) for n in nodes if n != m])) for m in nodes]

    return len(nodes), weights


class _Model:
    """Parameters in one vector: for each kind a decay, f on nodes of the series, f of the metals that stand apart."""

    def __init__(
        self, kinds: list[str], metals: list[str], series: list[str], places: dict[str, tuple[float, float]]
    ) -> None:
        self._kinds, self._places = kinds, places
        self._nodes, self._weights = series_weights(series)
        self._apart = [metal for metal in APART if metal in metals]
        self._width = 1 + self._nodes + len(self._apart)

    def start(self) -> Array:
        return np.tile([3.0, *[5.0] * (self._width - 1)], len(self._kinds))

    def bounds(self) -> tuple[Array, Array]:
        low = np.tile([_DECAYS[0], *[0.0] * (self._width - 1)], len(self._kinds))
        high = np.tile([_DECAYS[1], *[60.0] * (self._width - 1)], len(self._kinds))
        return low, high

    def scale(self) -> Array:
        return np.tile([1.0, *[3.0] * (self._width - 1)], len(self._kinds))

    def force_hartree_bohr(self, x: Array, metal: str, kind: str) -> float:
        """Return f: what pushes a donor outward at its place."""
        own = x[self._kinds.index(kind) * self._width :][: self._width]
        if metal in self._apart:
            return 1e-3 * float(own[1 + self._nodes + self._apart.index(metal)])
        return max(1e-3 * float(np.dot(self._weights(metal), own[1 : 1 + self._nodes])), _LEAST)

    def decay_per_bohr(self, x: Array, kind: str) -> float:
        return float(x[self._kinds.index(kind) * self._width])

    def place_angstrom(self, metal: str, kind: str) -> float:
        slope, intercept = self._places[kind]
        return intercept + slope * METALS[metal].shannon_radius_angstrom

    def miss(self, x: Array, pull: Pull) -> Array:
        """Return what the correction leaves of a pull, hartree/bohr."""
        left = pull.missing.copy()
        for kind, distance, direction in pull.donors:
            beyond = (distance - self.place_angstrom(pull.metal, kind)) / Bohr
            push = self.force_hartree_bohr(x, pull.metal, kind) * np.exp(-self.decay_per_bohr(x, kind) * beyond)
            left += push * direction
        return left

    def residuals(self, x: Array, measured: Sequence[Pull]) -> Array:
        return np.concatenate([self.miss(x, pull) * pull.weight / pull.error for pull in measured])

    def pushes(self, x: Array) -> Iterable[Push]:
        for metal in METALS:
            if metal in APART and metal not in self._apart:
                continue
            for kind in self._kinds:
                decay = self.decay_per_bohr(x, kind)
                force = max(self.force_hartree_bohr(x, metal, kind), _LEAST)
                yield Push(
                    metal, kind, round(force / decay, 6), round(decay, 3), round(self.place_angstrom(metal, kind), 3)
                )
