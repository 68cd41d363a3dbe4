"""The metal-donor correction: what GFN2-xTB lacks of the repulsion between a rare earth and its donors.

GFN2-xTB places donors up to 0.2 Å too near to a rare earth, each kind of donor and each metal by another amount. A
repulsion h exp(-a (r - r0)) for every pair of a metal and a donor mends the distances; its numbers were fitted on DFT
(`benchmarks/distances.py --fit`) and lie in `metal_donor.csv` beside this file.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reexplore.chemistry.metals import METALS
from reexplore.errors import InputError
from reexplore.structures.bonds import distance_matrix
from reexplore.structures.donor_kinds import DONOR_KINDS, donor_kinds
from reexplore.structures.structure import Structure

Array = NDArray[np.float64]

#: Raised with every change of the numbers in the table, or of what counts as which donor: it stands in the keys.
VERSION = 1
TABLE = "metal_donor.csv"

#: What is a repulsion and no wall: heights in hartree, decays in 1/bohr, distances in Å.
_HEIGHTS, _DECAYS, _PLACES = (0.0, 0.2), (0.2, 10.0), (1.5, 3.5)


#: An atom further away than this holds no metal; that it has no numbers is no loss.
_WITHIN_REACH_ANGSTROM = 3.8


@dataclass(frozen=True)
class Push:
    """A repulsion between one metal and donors of one kind, `height` at the distance `at`, falling off with `decay`."""

    metal: str
    donor: str
    height_hartree: float
    decay_per_bohr: float
    at_angstrom: float

    def __post_init__(self) -> None:
        what = f"the correction of {self.metal} and {self.donor}"
        if self.metal not in METALS:
            raise InputError(f"{what}: '{self.metal}' is no rare earth; they are {' '.join(METALS)}", key="metal")
        if self.donor not in DONOR_KINDS:
            known = ", ".join(DONOR_KINDS)
            raise InputError(f"{what}: the kinds of donors are {known}, not '{self.donor}'", key="donor")
        for name, (least, most) in (
            ("height_hartree", _HEIGHTS), ("decay_per_bohr", _DECAYS), ("at_angstrom", _PLACES),
        ):  # fmt: skip
            value = getattr(self, name)
            if not least <= value <= most:
                told = f"{what} is no repulsion: {name} is {value:g}, it lies between {least:g} and {most:g}"
                raise InputError(told, key=name)

    def to_dict(self) -> dict[str, Any]:
        """Return the numbers as JSON-ready values."""
        return dict(self.__dict__)


@lru_cache(maxsize=1)
def shipped_pushes() -> tuple[Push, ...]:
    """Return the fitted correction of every metal and kind of donor."""
    text = files("reexplore.structures.xtb").joinpath(TABLE).read_text(encoding="utf-8")
    rows = csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))
    return tuple(
        Push(
            row["metal"],
            row["donor"],
            float(row["height_hartree"]),
            float(row["decay_per_bohr"]),
            float(row["at_angstrom"]),
        )
        for row in rows
    )


class MetalDonor:
    """The correction of one molecule; nothing where it holds no rare earth.

    Which atom is which kind of donor is told once, from the bonds of the structure it is made with, so that the surface
    stays smooth. Raises `InputError` for a metal or a donor that the table does not have.
    """

    def __init__(self, structure: Structure, pushes: Iterable[Push]) -> None:
        from ase.units import Bohr

        table = {(push.metal, push.donor): push for push in pushes}
        metals = [i for i, symbol in enumerate(structure.symbols) if symbol in METALS]
        kinds = donor_kinds(structure) if metals else {}
        distances = distance_matrix(structure)
        pairs = [
            (i, j, push)
            for i in metals
            for j, kind in kinds.items()
            if (push := _known(table, structure.symbols[i], kind, distances[i, j])) is not None
        ]
        self._metals = np.array([i for i, _, _ in pairs], dtype=np.intp)
        self._donors = np.array([j for _, j, _ in pairs], dtype=np.intp)
        self._heights = np.array([push.height_hartree for _, _, push in pairs])
        self._decays = np.array([push.decay_per_bohr for _, _, push in pairs])
        self._places = np.array([push.at_angstrom / Bohr for _, _, push in pairs])

    def at(self, positions_angstrom: Array) -> tuple[float, Array]:
        """Return the energy in hartree and its gradient in hartree/bohr, shape (atoms, 3)."""
        from ase.units import Bohr

        arms = (positions_angstrom[self._donors] - positions_angstrom[self._metals]) / Bohr
        lengths = np.linalg.norm(arms, axis=1)
        energies = self._heights * np.exp(-self._decays * (lengths - self._places))
        slopes = (-self._decays * energies / lengths)[:, None] * arms
        gradient = np.zeros_like(positions_angstrom)
        np.add.at(gradient, self._donors, slopes)
        np.add.at(gradient, self._metals, -slopes)
        return float(energies.sum()), gradient


def without_numbers(metal: str, kind: str) -> str:
    """Return the sentence for a metal and a donor that the correction lacks."""
    return (
        f"the metal-donor correction has no numbers for {metal} and {DONOR_KINDS[kind]}: name the surface gfn2 for"
        " plain GFN2-xTB, whose distances are up to 0.2 Å too short"
    )


def _known(table: dict[tuple[str, str], Push], metal: str, kind: str, distance_angstrom: float) -> Push | None:
    push = table.get((metal, kind))
    if push is None and distance_angstrom < _WITHIN_REACH_ANGSTROM:
        raise InputError(without_numbers(metal, kind))
    return push
