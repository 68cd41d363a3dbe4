"""Electronic states: closed shells, and open 4f shells by way of their Hartree-Fock solutions."""

from __future__ import annotations

from dataclasses import dataclass, replace
from dataclasses import field as of_field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reexplore.energies.dft.checkpoint import Checkpoint
from reexplore.energies.dft.f_shell import (
    OpenShell,
    f_population,
    frozen,
    in_crystal_field,
    ranked_occupations,
    with_occupation,
)
from reexplore.energies.dft.minimise import Minimiser
from reexplore.energies.dft.scf_ladder import COARSE_GRID, Ladder
from reexplore.energies.levels import Level
from reexplore.errors import CalculationFailed, FailureCode

Array = NDArray[np.float64]

#: How far ⟨S²⟩ and the unpaired 4f electrons may lie from those of the state that was asked for.
_SPIN_TOLERANCE = 0.05
_F_TOLERANCE = 0.2
#: A curvature below this is a saddle's and not noise (Hartree), and how many saddles in a row are left downhill.
_SADDLE_HARTREE = -1e-3
_MOST_SADDLES = 3
#: What a stage is called that goes on from a saddle.
DOWNHILL = ", downhill"


@dataclass(frozen=True)
class State:
    """One converged solution of a field; `densities` are those of both spins, shape (2, nao, nao).

    `f_population` counts the electrons of either spin in an open 4f shell, `lowest_curvature_hartree` is the least
    there with the ion's core held.
    """

    total_hartree: float
    solvent_in_field_hartree: float
    densities: Array
    spin_squared: float
    gap_hartree: float | None
    f_population: Array | None
    lowest_curvature_hartree: float | None = None


@dataclass
class StateSearch:
    """Finds the states of one field; `attempts` lists every try, JSON-ready."""

    field: Any
    level: Level
    checkpoint: Checkpoint
    attempts: list[dict[str, Any]] = of_field(default_factory=list)

    def converge(self, stage: str, density: Array, shell: OpenShell | None = None) -> State:
        """Return the state that a density leads to; raise `CalculationFailed` when no rung of the ladder converges."""
        self._ladder(stage, shell).climb(density)
        field = self.field
        total = np.asarray(field.make_rdm1())
        densities = total if total.ndim == 3 else np.array([0.5 * total] * 2)
        return State(
            total_hartree=float(field.e_tot),
            solvent_in_field_hartree=field.solvent_in_field_hartree,
            densities=densities,
            spin_squared=float(field.spin_square()[0]) if field.mol.spin else 0.0,
            gap_hartree=gap_hartree(np.asarray(field.mo_energy), np.asarray(field.mo_occ)),
            f_population=None if shell is None else f_population(shell, densities, field.get_ovlp()),
        )

    def open_shell(self, shell: OpenShell, density: Array) -> list[State]:
        """Return the states of the most promising 4f occupations, each reached from its Hartree-Fock solution.

        Hartree-Fock converges around open shells where functionals oscillate. A state that is not the one asked for
        fails with `WRONG_STATE`.
        """
        shell, around = self._spherical(shell, density)
        states: list[State] = []
        failures: list[CalculationFailed] = []
        for occupied in ranked_occupations(self.field.mol, shell, self.level)[: self.level.f_occupations]:
            stage = "4f " + "".join(str(orbital) for orbital in occupied)
            start = with_occupation(around, shell, occupied)
            if self.checkpoint.load(stage, start.shape) is None:
                with self.field.hartree_fock():
                    start = self._ladder(stage, shell).settle(start)
            try:
                states.append(self._minimum(stage, start, shell))
            except CalculationFailed as failed:
                failures.append(failed)
        if not states:
            raise failures[0]
        return states

    def _minimum(self, stage: str, density: Array, shell: OpenShell) -> State:
        """Return the minimum that a density leads to: where iterations end on a saddle, the way goes on downhill."""
        for saddles in range(_MOST_SADDLES + 1):
            state = self.converge(stage + saddles * DOWNHILL, density, shell)
            self._require_asked(shell, state)
            lowest, density = self._least_curvature(shell, state)
            if lowest > _SADDLE_HARTREE:
                break
        return replace(state, lowest_curvature_hartree=lowest)

    def _least_curvature(self, shell: OpenShell, state: State) -> tuple[float, Array]:
        """Return the least curvature at a state with the core held, and a density from which to go downhill.

        It is computed on the coarse grid: millihartree decide nothing here.
        """
        field = self.field
        field.use_grid(min(COARSE_GRID, self.level.grid_level))
        found = Minimiser(field, held=shell.inner).least_curvature(state.densities)
        field.use_grid(self.level.grid_level)
        return found

    def _spherical(self, shell: OpenShell, density: Array) -> tuple[OpenShell, Array]:
        """Return the shell in its crystal field and the density that has relaxed around it evenly occupied."""
        stage = "spherical shell"
        kept = self.checkpoint.load(stage, density.shape)
        with self.field.hartree_fock():
            if kept is None:
                with frozen(self.field, shell):
                    kept = self._ladder(stage).approach(density)
                self.checkpoint.save(stage, kept)
            return in_crystal_field(self.field, shell, kept), kept

    def _ladder(self, stage: str, shell: OpenShell | None = None) -> Ladder:
        return Ladder(self.field, self.level, self.checkpoint, stage, shell, self.attempts)

    def _require_asked(self, shell: OpenShell, state: State) -> None:
        """Raise `CalculationFailed` unless ⟨S²⟩ and the 4f shell's spin are those asked for."""
        spin, unpaired = 0.5 * self.field.mol.spin, shell.alpha - shell.beta
        assert state.f_population is not None
        found = float(state.f_population[0] - state.f_population[1])
        if abs(state.spin_squared - spin * (spin + 1)) > _SPIN_TOLERANCE:
            told = f"⟨S²⟩ is {state.spin_squared:.3f} instead of {spin * (spin + 1):g}"
        elif abs(found - unpaired) > _F_TOLERANCE:
            told = f"the 4f shell has {found:.2f} unpaired electrons instead of {unpaired}"
        else:
            return
        message = f"the field converged to another state: {told}"
        raise CalculationFailed(FailureCode.WRONG_STATE, "scf", message, attempts=list(self.attempts))


def gap_hartree(energies: Array, occupations: Array) -> float | None:
    """Return the smallest distance in Hartree between a filled and an empty orbital of one spin."""
    shape = (-1, energies.shape[-1])
    gaps = [
        levels[filled == 0].min() - levels[filled > 0].max()
        for levels, filled in zip(energies.reshape(shape), occupations.reshape(shape), strict=True)
        if (filled == 0).any() and (filled > 0).any()
    ]
    return float(min(gaps)) if gaps else None
