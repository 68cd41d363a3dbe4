"""The convergence ladder of averaged orbitals: from plain quasi-Newton steps to short ones, every try recorded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from dataclasses import field as of_field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reexplore.energies.dft.checkpoint import Checkpoint
from reexplore.energies.kramers.averaged_field import AveragedField
from reexplore.energies.kramers.ions import KramersIon
from reexplore.energies.kramers.minimise import Minimum, OrbitalMinimiser
from reexplore.energies.kramers.start import settled_closed_shells, start_orbitals
from reexplore.errors import CalculationFailed, FailureCode

Array = NDArray[np.float64]

STAGE = "kramers orbitals"
_STEPS, _SHORT_STEPS = 40, 100
_LONGEST, _SHORT = 0.35, 0.1
#: Kept orbitals whose overlaps are further from one and zero belong to something else.
_ORTHONORMAL = 1e-6


@dataclass
class Ladder:
    """Converges one field; `attempts` lists what was tried, JSON-ready.

    The orbitals of every step go to the checkpoint, where the ladder looks for its start.
    """

    field: AveragedField
    ion: KramersIon
    checkpoint: Checkpoint
    attempts: list[dict[str, Any]] = of_field(default_factory=list)

    def climb(self) -> Minimum:
        """Try rung after rung until the orbitals have converged; raise `CalculationFailed` when none does."""
        rungs: tuple[tuple[str, Callable[[], Array], int, float], ...] = (
            ("quasi-Newton", self._begin, _STEPS, _LONGEST),
            ("closed shells first", self._begin_settled, _STEPS, _LONGEST),
            ("short steps", self._begin_settled, _SHORT_STEPS, _SHORT),
        )
        for method, start, most_steps, longest in rungs:
            builds = self.field.builds
            minimiser = OrbitalMinimiser(self.field, longest=longest)
            found = minimiser.run(start(), most_steps=most_steps, each=lambda now: self.checkpoint.save(STAGE, now))
            self.attempts.append(
                {
                    "method": method,
                    "converged": found.converged,
                    "steps": found.steps,
                    "fock_builds": self.field.builds - builds,
                    "energy_hartree": found.mean.energy_hartree,
                    "gradient_norm": found.gradient_norm,
                }
            )
            if found.converged:
                return found
        raise CalculationFailed(
            FailureCode.NOT_CONVERGED, "orbitals", f"{len(rungs)} methods did not converge", attempts=self.attempts
        )

    def _begin(self) -> Array:
        """Return the orbitals a killed run has kept, or those of the parts."""
        kept = self.checkpoint.load(STAGE)
        if kept is not None and self._fits(kept):
            return kept
        return start_orbitals(self.field, self.ion)

    def _begin_settled(self) -> Array:
        return settled_closed_shells(self.field, start_orbitals(self.field, self.ion))

    def _fits(self, orbitals: Array) -> bool:
        overlap = self.field.overlap
        if orbitals.ndim != 2 or len(orbitals) != len(overlap) or orbitals.shape[1] <= self.field.shell.stop:
            return False
        between = orbitals.T @ overlap @ orbitals
        return bool(np.abs(between - np.eye(len(between))).max() < _ORTHONORMAL)
