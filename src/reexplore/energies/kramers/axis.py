"""The coordination sphere of a magnet: its donors, and the two that make its axis."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from reexplore.chemistry.metals import METALS, Metal
from reexplore.structures.holding import DONOR_RADII_ANGSTROM, donor_limit_angstrom
from reexplore.structures.structure import Structure


@dataclass(frozen=True)
class Axis:
    """The two donors that stand most nearly opposite, by atom index, with their distances and angle at the metal.

    `direction` is the unit vector from the second donor to the first.
    """

    donors: tuple[int, int]
    distances_angstrom: tuple[float, float]
    angle_degrees: float
    direction: tuple[float, float, float]


def donors_of(structure: Structure, place: int) -> dict[int, float]:
    """Return the distance in Å of every atom that holds the metal at a place, the nearest first."""
    metal: Metal = METALS[structure.symbols[place]]
    distances = np.linalg.norm(structure.positions_angstrom - structure.positions_angstrom[place], axis=1)
    held = {
        atom: float(distances[atom])
        for atom in np.argsort(distances).tolist()
        if structure.symbols[atom] in DONOR_RADII_ANGSTROM
        and distances[atom] <= donor_limit_angstrom(metal, structure.symbols[atom])
    }
    return {atom: distance for atom, distance in held.items() if atom != place}


def axis_of(structure: Structure, place: int) -> Axis | None:
    """Return the axis through the metal at a place, None with fewer than two donors."""
    donors = donors_of(structure, place)
    metal = structure.positions_angstrom[place]
    toward = {atom: (structure.positions_angstrom[atom] - metal) / distance for atom, distance in donors.items()}
    pairs = [(_angle(toward[a], toward[b]), a, b) for a, b in combinations(donors, 2)]
    if not pairs:
        return None
    angle, first, second = max(pairs)
    line = toward[first] - toward[second]
    direction: tuple[float, ...] = tuple((line / np.linalg.norm(line)).tolist())
    return Axis((first, second), (donors[first], donors[second]), angle, (direction[0], direction[1], direction[2]))


def tilt_degrees(first: tuple[float, ...], second: tuple[float, ...]) -> float:
    """Return the angle between two axes without a sign, 0 to 90°."""
    return float(np.degrees(np.arccos(np.clip(abs(np.dot(first, second)), 0.0, 1.0))))


def _angle(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    return float(np.degrees(np.arccos(np.clip(first @ second, -1.0, 1.0))))
