"""A minimum whose vibrations are all real: where a relaxation stopped on a ridge, it goes on downhill."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from reexplore.structures.structure import Structure
from reexplore.structures.xtb.relax import relax
from reexplore.structures.xtb.surfaces import GFN2_M, EnergySurface
from reexplore.structures.xtb.vibrations import Vibrations, vibrations_and_modes

#: How far the atom that moves most goes along an imaginary mode; of 22 ridges that were met all were left by this.
_PUSH_ANGSTROM = 0.2
_MOST_RIDGES = 6


@dataclass(frozen=True)
class Minimum:
    """A relaxed structure and its vibrations; `ridges` counts the saddle points that were left on the way.

    `vibrations.is_minimum` is false when the last of them could not be left.
    """

    structure: Structure
    vibrations: Vibrations
    ridges: int

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON-ready values."""
        return {"extxyz": self.structure.to_extxyz(), "ridges": self.ridges} | self.vibrations.to_dict()


def settled_minimum(structure: Structure, *, surface: EnergySurface = GFN2_M) -> Minimum:
    """Return the minimum downhill of a relaxed structure.

    Along the softest imaginary mode the structure is pushed to both sides, relaxed, and the lower side kept, until no
    mode is imaginary. Waters turn on a surface so flat that 19 of 220 relaxed complexes lay on a ridge.
    Raises as `relax` does.
    """
    for ridges in range(_MOST_RIDGES + 1):
        found, modes = vibrations_and_modes(structure, surface=surface)
        if found.is_minimum or ridges == _MOST_RIDGES:
            break
        push = modes[0] * (_PUSH_ANGSTROM / abs(modes[0]).max())
        sides = [
            relax(structure.moved_to(structure.positions_angstrom + sign * push), surface=surface) for sign in (1, -1)
        ]
        structure = min(sides, key=lambda side: side.energy_hartree).structure
    return Minimum(structure, found, ridges)
