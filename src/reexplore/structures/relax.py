"""GFN2-xTB with ALPB water: the geometry every label stands on."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from reexplore.errors import CalculationFailed, FailureCode, MissingEngineError
from reexplore.structures.blas import lend_openblas
from reexplore.structures.geometry import Structure
from reexplore.structures.hessian import model_hessian

Solvent = Literal["alpb-water", "gas"]
Array = NDArray[np.float64]

#: Unpaired electrons GFN2-xTB sees; see `relax`.
UNPAIRED_ELECTRONS = 0

#: A minimum: gradient norm below the first and an energy change in the last step below the second
#: (the xtb program at its level `tight` takes 8e-4 and 1e-6, which leaves up to 1.7 kcal/mol on the
#: flat surface of coordinated waters).
GRADIENT_NORM_HARTREE_BOHR = 3e-4
ENERGY_CHANGE_HARTREE = 1e-6

#: No atom moves further than this in one step.
MAX_STEP_ANGSTROM = 0.2


@dataclass(frozen=True)
class Relaxed:
    """A minimum of the GFN2-xTB surface.

    `gradient_max_hartree_bohr` is the largest component of the remaining gradient, `steps` the number
    of gradients that were computed.
    """

    structure: Structure
    energy_hartree: float
    gradient_max_hartree_bohr: float
    steps: int

    def to_dict(self) -> dict[str, Any]:
        """Return the result as JSON-ready values."""
        return {
            "extxyz": self.structure.to_extxyz(),
            "energy_hartree": self.energy_hartree,
            "gradient_max_hartree_bohr": self.gradient_max_hartree_bohr,
            "steps": self.steps,
        }


class _Surface:
    """Energies (hartree) and gradients (hartree/bohr) of one molecule; each start from the last density."""

    def __init__(self, structure: Structure, solvent: Solvent) -> None:
        interface = _tblite()
        from ase.data import atomic_numbers
        from ase.units import Bohr

        numbers = np.array([atomic_numbers[symbol] for symbol in structure.symbols])
        self._bohr = Bohr
        self._calculator = interface.Calculator(
            "GFN2-xTB",
            numbers,
            structure.positions_angstrom / Bohr,
            charge=float(structure.charge),
            uhf=UNPAIRED_ELECTRONS,
        )
        self._calculator.set("verbosity", 0)
        if solvent == "alpb-water":
            self._calculator.add("alpb-solvation", "water")
        self._result: Any = None
        self.calls = 0

    def at(self, positions_angstrom: Array) -> tuple[float, Array]:
        self.calls += 1
        self._calculator.update(positions=np.ascontiguousarray(positions_angstrom) / self._bohr)
        try:
            self._result = self._calculator.singlepoint(self._result)
        except RuntimeError as error:
            raise CalculationFailed(
                FailureCode.NOT_CONVERGED, "relaxation", f"the GFN2-xTB density did not converge: {error}"
            ) from error
        return float(self._result.get("energy")), np.array(self._result.get("gradient"))


@lru_cache(maxsize=1)
def _tblite() -> Any:
    lend_openblas()
    try:
        from tblite import interface
    except ImportError as error:
        raise MissingEngineError("GFN2-xTB needs tblite: install it with `pip install tblite`") from error
    return interface


def single_point_energy(structure: Structure, *, solvent: Solvent = "alpb-water") -> float:
    """Return the GFN2-xTB energy in hartree; raise `CalculationFailed` when the density does not converge."""
    energy, _ = _Surface(structure, solvent).at(structure.positions_angstrom)
    return energy


def gradient(structure: Structure, *, solvent: Solvent = "alpb-water") -> Array:
    """Return the GFN2-xTB gradient in hartree/bohr, shape (atoms, 3)."""
    _, values = _Surface(structure, solvent).at(structure.positions_angstrom)
    return values


def relax(structure: Structure, *, solvent: Solvent = "alpb-water", max_steps: int = 1000) -> Relaxed:
    """Relax a structure to a minimum with GFN2-xTB.

    BFGS from Lindh's model Hessian: coordinated waters and whole ligands move on a surface so flat
    that plain quasi-Newton methods stop early or need twice the gradients. GFN2-xTB keeps the 4f
    electrons of a lanthanide in the core (Bannwarth, Ehlert, Grimme, J. Chem. Theory Comput. 2019,
    15, 1652), so a trivalent ion with closed-shell ligands has no unpaired valence electron whatever
    its real multiplicity. Raises `CalculationFailed` when no minimum is reached in `max_steps`
    gradients.
    """
    from ase import Atoms
    from ase.calculators.calculator import Calculator, all_changes
    from ase.optimize import BFGS
    from ase.units import Bohr, Hartree

    surface = _Surface(structure, solvent)
    history: list[tuple[float, Array]] = []

    class _Adapter(Calculator):
        implemented_properties = ("energy", "forces")

        def calculate(
            self, atoms: Any = None, properties: Any = ("energy",), system_changes: Any = all_changes
        ) -> None:
            super().calculate(atoms, properties, system_changes)
            energy, slope = surface.at(atoms.positions)
            history.append((energy, slope))
            self.results = {"energy": energy * Hartree, "forces": -slope * Hartree / Bohr}

    atoms = Atoms(structure.symbols, structure.positions_angstrom)
    atoms.calc = _Adapter()
    optimizer = BFGS(atoms, logfile=None, maxstep=MAX_STEP_ANGSTROM)
    optimizer.H0 = model_hessian(structure) * Hartree / Bohr**2
    for _ in optimizer.irun(fmax=0.0, steps=max_steps - 1):
        if _at_minimum(history):
            break
    energy, slope = history[-1]
    if not _at_minimum(history):
        raise CalculationFailed(
            FailureCode.NOT_CONVERGED,
            "relaxation",
            f"no minimum after {surface.calls} gradients",
            gradient_norm_hartree_bohr=float(np.linalg.norm(slope)),
            energy_hartree=energy,
        )
    return Relaxed(structure.moved_to(atoms.positions), energy, float(np.abs(slope).max()), surface.calls)


def _at_minimum(history: list[tuple[float, Array]]) -> bool:
    energy, slope = history[-1]
    if np.linalg.norm(slope) > GRADIENT_NORM_HARTREE_BOHR:
        return False
    return len(history) == 1 or abs(energy - history[-2][0]) < ENERGY_CHANGE_HARTREE
