"""The ladder of the self-consistent field: from plain iterations to direct minimisation, every try recorded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from dataclasses import field as of_field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reexplore.energies.dft.checkpoint import Checkpoint
from reexplore.energies.dft.f_shell import OpenShell
from reexplore.energies.dft.minimise import Minimiser
from reexplore.energies.levels import Level
from reexplore.errors import CalculationFailed, FailureCode

Array = NDArray[np.float64]
#: Takes a density, leaves the field where it got to and returns its cycles and orbital gradient.
Rung = Callable[[Array], tuple[int, float]]

#: Cycles each rung of the ladder may take.
DIIS_CYCLES = 50
OPEN_SHELL_DIIS_CYCLES = 20
LEVEL_SHIFT_CYCLES = 80
MINIMISATION_STEPS = 80
_LEVEL_SHIFT_HARTREE = 0.3
#: The grid of the first cycles, and how far they go: a third of the points brings the density most of the way.
COARSE_GRID = 1
_COARSE_ENERGY_HARTREE = 1e-4
_COARSE_GRADIENT = 5e-3


@dataclass
class Ladder:
    """Converges one field from a density; `attempts` lists what was tried, JSON-ready.

    Every cycle's density goes to the checkpoint under the ladder's `stage`, where a ladder looks for its start.

    DIIS wanders where 4f orbitals of a `shell` turn into each other or take up charge, so those are brought down
    first, by direct minimisation.
    """

    field: Any
    level: Level
    checkpoint: Checkpoint
    stage: str
    shell: OpenShell | None = None
    attempts: list[dict[str, Any]] = of_field(default_factory=list)

    def climb(self, density: Array) -> None:
        """Try rung after rung until the field has converged; raise `CalculationFailed` when none does."""
        checkpoint, stage = self.checkpoint, self.stage
        # Not through self: a circle of references would keep the integrals until the garbage collector runs.
        self.field.callback = lambda now: checkpoint.save(stage, now["dm"])
        resumed = self.checkpoint.load(self.stage, density.shape)
        if self.shell is not None:
            # DIIS is no way from where steps downhill were interrupted.
            density = self.approach(density if resumed is None else resumed)
        elif resumed is not None:
            density = resumed
        elif self.level.grid_level > COARSE_GRID:
            density = self.approach(density)
        closed: list[Rung] = [self._diis, self._level_shift, self._direct_minimisation]
        rungs = closed if self.shell is None else [self._diis, self._minimisation_and_diis]
        for rung in rungs:
            cycles, gradient = rung(density)
            self._record(rung.__name__.strip("_").replace("_", " "), cycles, gradient)
            if self.field.converged:
                return
        raise CalculationFailed(
            FailureCode.NOT_CONVERGED, "scf", f"{len(rungs)} methods did not converge", attempts=self.attempts
        )

    def approach(self, density: Array) -> Array:
        """Return a density nearer to convergence, on a coarse grid: by loose cycles, or downhill with an open shell."""
        field = self.field
        field.use_grid(min(COARSE_GRID, self.level.grid_level))
        if self.shell is not None:
            self._minimise(density)
        else:
            declared = field.conv_tol, field.conv_tol_grad
            field.conv_tol, field.conv_tol_grad = _COARSE_ENERGY_HARTREE, _COARSE_GRADIENT
            field.max_cycle = DIIS_CYCLES
            field.kernel(density)
            self._record("coarse grid", field.cycles, field.gradient_norm)
            field.conv_tol, field.conv_tol_grad = declared
        field.use_grid(self.level.grid_level)
        return np.asarray(field.make_rdm1())

    def _diis(self, density: Array) -> tuple[int, float]:
        self.field.max_cycle = DIIS_CYCLES if self.shell is None else OPEN_SHELL_DIIS_CYCLES
        self.field.kernel(density)
        return self.field.cycles, self.field.gradient_norm

    def _level_shift(self, density: Array) -> tuple[int, float]:
        self.field.max_cycle = LEVEL_SHIFT_CYCLES
        self.field.level_shift = _LEVEL_SHIFT_HARTREE
        self.field.kernel(density)
        self.field.level_shift = 0.0
        return self.field.cycles, self.field.gradient_norm

    def _direct_minimisation(self, _density: Array) -> tuple[int, float]:
        """Quasi-Newton steps downhill from what the rung before has reached."""
        field = self.field
        Minimiser(field).run(np.asarray(field.make_rdm1()), most_steps=MINIMISATION_STEPS, each=field.callback)
        return field.cycles, field.gradient_norm

    def _minimisation_and_diis(self, density: Array) -> tuple[int, float]:
        """Bring the 4f shell down on the level's own grid, then everything to convergence."""
        self._minimise(density)
        return self._diis(np.asarray(self.field.make_rdm1()))

    def _minimise(self, density: Array) -> None:
        """Go downhill from a density with the inner orbitals of the shell's ion held."""
        field, shell = self.field, self.shell
        assert shell is not None
        minimiser = Minimiser(field, f_orbitals=shell.orbitals, held=shell.inner)
        minimiser.run(density, most_steps=MINIMISATION_STEPS, each=field.callback)
        self._record("minimisation, core held", field.cycles, field.gradient_norm)

    def settle(self, density: Array) -> Array:
        """Return a density from which every rung starts well, by loose steps downhill in whatever the field is now."""
        field = self.field
        declared = field.conv_tol, field.conv_tol_grad
        field.conv_tol, field.conv_tol_grad = _COARSE_ENERGY_HARTREE, _COARSE_GRADIENT
        minimiser = Minimiser(field, f_orbitals=None if self.shell is None else self.shell.orbitals)
        minimiser.run(density, most_steps=MINIMISATION_STEPS, each=lambda _: None)
        self._record("Hartree-Fock", field.cycles, field.gradient_norm)
        field.conv_tol, field.conv_tol_grad = declared
        return np.asarray(field.make_rdm1())

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
            | ({"card": card} if (card := self.field.interaction.card) else {})
        )
