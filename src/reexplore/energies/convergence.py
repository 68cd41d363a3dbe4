"""The ladder of the self-consistent field: from plain iterations to second-order steps, every try recorded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field as of_field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reexplore.energies.checkpoint import Checkpoint
from reexplore.energies.levels import Level
from reexplore.errors import CalculationFailed, FailureCode

Array = NDArray[np.float64]

#: Cycles each rung of the ladder may take.
DIIS_CYCLES = 50
LEVEL_SHIFT_CYCLES = 80
SECOND_ORDER_CYCLES = 30
_LEVEL_SHIFT_HARTREE = 0.3
#: The grid of the first cycles, and how far they go: a third of the points brings the density most of the way.
_COARSE_GRID = 1
_COARSE_ENERGY_HARTREE = 1e-4
_COARSE_GRADIENT = 5e-3


@dataclass
class Ladder:
    """Converges one field from a density; `attempts` lists what was tried, JSON-ready.

    Every cycle's density goes to the checkpoint under the ladder's `stage`, and a ladder starts from what it finds there.
    """

    field: Any
    level: Level
    checkpoint: Checkpoint = Checkpoint(None)
    stage: str = "field"
    attempts: list[dict[str, Any]] = of_field(default_factory=list)

    def climb(self, density: Array, *, shift_hartree: float = 0.0) -> None:
        """Try rung after rung until the field has converged; raise `CalculationFailed` when none does.

        `shift_hartree` keeps empty orbitals away from filled ones while the density is still far.
        """
        checkpoint, stage = self.checkpoint, self.stage
        # Not through self: a circle of references would keep the integrals until the garbage collector runs.
        self.field.callback = lambda now: checkpoint.save(stage, now["dm"])
        resumed = self.checkpoint.load(self.stage, density.shape)
        density = self.approach(density, shift_hartree) if resumed is None else resumed
        rungs: tuple[Callable[[Array], tuple[int, float]], ...] = (self._diis, self._level_shift, self._second_order)
        for rung in rungs:
            cycles, gradient = rung(density)
            self._record(rung.__name__.strip("_").replace("_", " "), cycles, gradient)
            if self.field.converged:
                return
        raise CalculationFailed(
            FailureCode.NOT_CONVERGED, "scf", f"{len(rungs)} methods did not converge", attempts=self.attempts
        )

    def approach(self, density: Array, shift_hartree: float = 0.0) -> Array:
        """Return a density nearer to convergence, by loose cycles on a coarse grid."""
        if self.level.grid_level <= _COARSE_GRID:
            return density
        field = self.field
        declared = field.conv_tol, field.conv_tol_grad
        field.use_grid(_COARSE_GRID)
        field.conv_tol, field.conv_tol_grad = _COARSE_ENERGY_HARTREE, _COARSE_GRADIENT
        field.level_shift, field.max_cycle = shift_hartree, DIIS_CYCLES
        field.kernel(density)
        self._record("coarse grid", field.cycles, field.gradient_norm)
        field.level_shift = 0.0
        field.conv_tol, field.conv_tol_grad = declared
        field.use_grid(self.level.grid_level)
        return np.asarray(field.make_rdm1())

    def _diis(self, density: Array) -> tuple[int, float]:
        self.field.max_cycle = DIIS_CYCLES
        self.field.kernel(density)
        return self.field.cycles, self.field.gradient_norm

    def _level_shift(self, density: Array) -> tuple[int, float]:
        self.field.max_cycle = LEVEL_SHIFT_CYCLES
        self.field.level_shift = _LEVEL_SHIFT_HARTREE
        self.field.kernel(density)
        self.field.level_shift = 0.0
        return self.field.cycles, self.field.gradient_norm

    def _second_order(self, _density: Array) -> tuple[int, float]:
        """Newton steps from the orbitals the level shift left."""
        field = self.field
        solver = field.newton()
        solver.max_cycle = SECOND_ORDER_CYCLES
        solver.kernel(field.mo_coeff, field.mo_occ)
        for name in ("converged", "e_tot", "mo_coeff", "mo_occ", "mo_energy", "scf_summary"):
            setattr(field, name, getattr(solver, name))
        return solver.cycles, float(np.linalg.norm(solver.get_grad(solver.mo_coeff, solver.mo_occ)))

    def _record(self, method: str, cycles: int, gradient: float) -> None:
        self.attempts.append(
            {
                "stage": self.stage,
                "method": method,
                "converged": bool(self.field.converged),
                "cycles": int(cycles),
                "energy_hartree": float(self.field.e_tot),
                "gradient_norm": float(gradient),
            }
        )
