"""Relaxation on an energy surface: the geometry every label stands on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reexplore.errors import CalculationFailed, FailureCode
from reexplore.structures.structure import Structure
from reexplore.structures.xtb.engines import Solvent, Surface, chosen_solvent
from reexplore.structures.xtb.model_hessian import model_hessian
from reexplore.structures.xtb.surfaces import GFN2_M, EnergySurface

Array = NDArray[np.float64]

#: A minimum: gradient norm below the first and an energy change in the last step below the second
#: (the xtb program takes 8e-4 and 1e-6 at its level `tight`, 2e-4 and 1e-7 at `vtight`). The surface of
#: waters and whole ligands is so flat that a shoulder may pass for a minimum: `vibrations` tells.
GRADIENT_NORM_HARTREE_BOHR = 3e-4
ENERGY_CHANGE_HARTREE = 1e-6

#: No atom moves further than this in one step.
MAX_STEP_ANGSTROM = 0.2

#: After so many steps the Hessian is modelled anew: one made of updates alone still describes the
#: bonds where they were, and needs 1.5 times the gradients.
FRESH_HESSIAN_STEPS = 25


@dataclass(frozen=True)
class Relaxed:
    """A minimum of an energy surface.

    `gradient_max_hartree_bohr` is the largest component of the remaining gradient, `steps` the number
    of gradients that were computed, `engine` the program, its version and the method in words: energies
    of different methods never stand in one difference.
    """

    structure: Structure
    energy_hartree: float
    gradient_max_hartree_bohr: float
    steps: int
    engine: str

    def to_dict(self) -> dict[str, Any]:
        """Return the result as JSON-ready values."""
        return {
            "extxyz": self.structure.to_extxyz(),
            "energy_hartree": self.energy_hartree,
            "gradient_max_hartree_bohr": self.gradient_max_hartree_bohr,
            "steps": self.steps,
            "engine": self.engine,
        }


def single_point_energy(
    structure: Structure, *, surface: EnergySurface = GFN2_M, solvent: Solvent | None = None
) -> float:
    """Return the energy on a surface in hartree; raise `CalculationFailed` when the density does not converge."""
    energy, _ = surface.of(structure, solvent=solvent).at(structure.positions_angstrom)
    return energy


def gradient(structure: Structure, *, surface: EnergySurface = GFN2_M, solvent: Solvent | None = None) -> Array:
    """Return the gradient on a surface in hartree/bohr, shape (atoms, 3)."""
    _, values = surface.of(structure, solvent=solvent).at(structure.positions_angstrom)
    return values


def relax(
    structure: Structure,
    *,
    surface: EnergySurface = GFN2_M,
    solvent: Solvent | None = None,
    max_steps: int = 1000,
    gradient_norm_hartree_bohr: float = GRADIENT_NORM_HARTREE_BOHR,
) -> Relaxed:
    """Relax a structure to a minimum of a surface.

    Without a `solvent` it is the surface's own water: ALPB, or GBSA for xtb-python, which has no other. The xtb
    program relaxes with its own ANCopt at the loosest level that reaches the gradient norm; the others with `BFGS` of
    ASE from a model Hessian. Raises `CalculationFailed` when no minimum is reached in `max_steps` gradients,
    `InputError` for a metal, a donor, a solvent or a gradient norm the surface does not have, `MissingEngineError`
    when what computes it is not installed.
    """
    here = surface.of(structure, solvent=solvent)
    if surface.engine == "xtb":
        from reexplore.structures.xtb.xtb_program import ancopt

        minimum, cycles = ancopt(
            structure,
            solvent=chosen_solvent(surface.engine, solvent),
            max_steps=max_steps,
            gradient_norm_hartree_bohr=gradient_norm_hartree_bohr,
        )
        energy, slope = here.at(minimum.positions_angstrom)
        return Relaxed(minimum, energy, float(np.abs(slope).max()), cycles + here.calls, here.name)
    return descend(here, structure, max_steps=max_steps, gradient_norm_hartree_bohr=gradient_norm_hartree_bohr)


def descend(
    surface: Surface,
    structure: Structure,
    *,
    max_steps: int = 1000,
    gradient_norm_hartree_bohr: float = GRADIENT_NORM_HARTREE_BOHR,
) -> Relaxed:
    """Relax a structure on any surface to a minimum; raise `CalculationFailed` when none is reached in `max_steps`."""
    descent = _Descent(surface, gradient_norm_hartree_bohr)
    positions = descent.run(structure, max_steps=max_steps)
    energy, slope = descent.history[-1]
    return Relaxed(structure.moved_to(positions), energy, float(np.abs(slope).max()), surface.calls, surface.name)


class _Descent:
    """BFGS from Lindh's model Hessian, which is made anew as the molecule moves.

    Coordinated waters and whole ligands move on a surface so flat that plain quasi-Newton methods stop
    early or need several times the gradients.
    """

    def __init__(self, surface: Surface, gradient_norm_hartree_bohr: float) -> None:
        self.history: list[tuple[float, Array]] = []
        self._surface = surface
        self._norm = gradient_norm_hartree_bohr

    def run(self, structure: Structure, *, max_steps: int) -> Array:
        """Return the positions of the minimum in Ångström."""
        from ase import Atoms
        from ase.optimize import BFGS
        from ase.units import Bohr, Hartree

        atoms = Atoms(structure.symbols, structure.positions_angstrom)
        atoms.calc = self._calculator()
        while not self._at_minimum():
            left = max_steps - self._surface.calls
            if left <= 0:
                raise self._not_converged()
            optimizer = BFGS(atoms, logfile=None, maxstep=MAX_STEP_ANGSTROM)
            optimizer.H0 = model_hessian(structure.moved_to(atoms.positions)) * Hartree / Bohr**2
            # The gradient where the last Hessian ended is still known.
            steps = min(FRESH_HESSIAN_STEPS, left - 1 if not self.history else left)
            for _ in optimizer.irun(fmax=0.0, steps=steps):
                if self._at_minimum():
                    break
        return np.array(atoms.positions)

    def _calculator(self) -> Any:
        from ase.calculators.calculator import Calculator, all_changes
        from ase.units import Bohr, Hartree

        surface, history = self._surface, self.history

        class _Adapter(Calculator):
            implemented_properties = ("energy", "forces")

            def calculate(
                self, atoms: Any = None, properties: Any = ("energy",), system_changes: Any = all_changes
            ) -> None:
                super().calculate(atoms, properties, system_changes)
                energy, slope = surface.at(atoms.positions)
                history.append((energy, slope))
                self.results = {"energy": energy * Hartree, "forces": -slope * Hartree / Bohr}

        return _Adapter()

    def _at_minimum(self) -> bool:
        if not self.history:
            return False
        energy, slope = self.history[-1]
        if np.linalg.norm(slope) > self._norm:
            return False
        # Energies above a minimum go with the square of the gradient.
        change = ENERGY_CHANGE_HARTREE * max(1.0, self._norm / GRADIENT_NORM_HARTREE_BOHR) ** 2
        return len(self.history) == 1 or abs(energy - self.history[-2][0]) < change

    def _not_converged(self) -> CalculationFailed:
        energy, slope = self.history[-1]
        return CalculationFailed(
            FailureCode.NOT_CONVERGED,
            "relaxation",
            f"no minimum after {self._surface.calls} gradients",
            gradient_norm_hartree_bohr=float(np.linalg.norm(slope)),
            energy_hartree=energy,
        )
