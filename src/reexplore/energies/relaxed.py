"""A structure at a minimum of a level of theory, and how it came there."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from reexplore.structures.structure import Structure

#: Largest component of the gradient at which a relaxation is done.
CONVERGED_HARTREE_BOHR = 1e-3


@dataclass(frozen=True)
class LevelMinimum:
    """A structure relaxed at a level: its energy and what it was at the start, in hartree, by what the forces are of.

    `gradients` counts how many were computed, `gradient_max_hartree_bohr` is the largest component of the last.
    """

    structure: Structure
    energy_hartree: float
    start_hartree: float
    gradient_max_hartree_bohr: float
    gradients: int

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON-ready values."""
        return {"extxyz": self.structure.to_extxyz()} | {k: v for k, v in asdict(self).items() if k != "structure"}
