"""What a correction of metal–donor distances cannot reach: minima in which DFT has put the distances right already.

Stiff springs hold every donor at the distance from the metal that it has at the end of the DFT relaxation, and the rest
relaxes on the corrected surface. What the DFT energy is then above that of the DFT relaxation lies in angles, in the
ligand's own bonds and in the waters. With the waters from DFT as well, it lies in the ligand alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from ase import Atoms
from ase.calculators.calculator import Calculator, all_changes
from ase.optimize import BFGS
from ase.units import Bohr, Hartree
from distance_figures import CORRECTED
from distance_fit import structure_of
from distance_probes import PROBES
from numpy.typing import NDArray

from reexplore.errors import CalculationFailed, FailureCode
from reexplore.structures.structure import Layout, Structure
from reexplore.structures.xtb.model_hessian import model_hessian
from reexplore.structures.xtb.relax import FRESH_HESSIAN_STEPS, GRADIENT_NORM_HARTREE_BOHR, MAX_STEP_ANGSTROM

Array = NDArray[np.float64]

#: The few mHartree/bohr by which distances are wrong stretch such a spring by 0.001 Å.
_SPRING_HARTREE_BOHR2 = 2.0
#: What does not move is held by a curvature that no step overcomes.
_WALL_HARTREE_BOHR2 = 1e6
_MOST_HESSIANS = 40


def at_dft_distances(name: str, last: Atoms) -> Structure:
    """Return the corrected minimum of METAL_PROBE in which every donor keeps the distance it has in `last`."""
    return _relaxed(structure_of(last), _layout(name))


def with_dft_waters(name: str, last: Atoms) -> Structure:
    """Return the same with the metal and the waters as in `last`, so that only the ligand relaxes."""
    layout = _layout(name)
    waters = [atom for k in range(layout.waters) for atom in layout.water(k)]
    return _relaxed(structure_of(last), layout, fixed=[0, *waters])


def _layout(name: str) -> Layout:
    metal, probe = name.split("_", maxsplit=1)
    return Layout.of(PROBES[probe].candidate(metal))


def _relaxed(start: Structure, layout: Layout, *, fixed: Sequence[int] = ()) -> Structure:
    """Return the corrected minimum with every donor held at its distance and some atoms in their places."""
    atoms = Atoms(start.symbols, start.positions_angstrom)
    atoms.calc = calculator = _Held(start, layout.donors, fixed)
    for _ in range(_MOST_HESSIANS):
        # Made here and not by `descend`, whose Hessian knows nothing of springs.
        optimizer = BFGS(atoms, logfile=None, maxstep=MAX_STEP_ANGSTROM)
        optimizer.H0 = calculator.hessian(start.moved_to(atoms.positions)) * Hartree / Bohr**2
        for _ in optimizer.irun(fmax=0.0, steps=FRESH_HESSIAN_STEPS):
            if np.linalg.norm(atoms.get_forces()) * Bohr / Hartree < GRADIENT_NORM_HARTREE_BOHR:
                return start.moved_to(atoms.positions)
    raise CalculationFailed(FailureCode.NOT_CONVERGED, "relaxation", "no minimum with the distances held")


class _Held(Calculator):
    """The corrected surface with springs between the metal and its donors, and without a force on what is fixed."""

    implemented_properties = ("energy", "forces")

    def __init__(self, start: Structure, donors: Sequence[int], fixed: Sequence[int]) -> None:
        super().__init__()
        self._surface, self._donors, self._fixed = CORRECTED.of(start), list(donors), list(fixed)
        self._lengths = self._arms(start.positions_angstrom)[0]

    def calculate(self, atoms: Any = None, properties: Any = ("energy",), system_changes: Any = all_changes) -> None:
        super().calculate(atoms, properties, system_changes)
        energy, slope = self._surface.at(atoms.positions)
        slope = slope.copy()
        lengths, directions = self._arms(atoms.positions)
        stretched = lengths - self._lengths
        pulls = _SPRING_HARTREE_BOHR2 * stretched[:, None] * directions
        slope[self._donors] += pulls
        slope[0] -= pulls.sum(axis=0)
        slope[self._fixed] = 0.0
        energy += 0.5 * _SPRING_HARTREE_BOHR2 * float(stretched @ stretched)
        self.results = {"energy": energy * Hartree, "forces": -slope * Hartree / Bohr}

    def hessian(self, structure: Structure) -> Array:
        """Return the model Hessian of the surface with the springs, hartree/bohr²."""
        found = model_hessian(structure)
        _, directions = self._arms(structure.positions_angstrom)
        for donor, direction in zip(self._donors, directions, strict=True):
            along = np.zeros((len(structure), 3))
            along[donor], along[0] = direction, -direction
            found += _SPRING_HARTREE_BOHR2 * np.outer(along, along)
        still = (3 * np.array(self._fixed, dtype=int)[:, None] + np.arange(3)).ravel()
        found[still], found[:, still] = 0.0, 0.0
        found[still, still] = _WALL_HARTREE_BOHR2
        return found

    def _arms(self, positions_angstrom: Array) -> tuple[Array, Array]:
        """Return the distances from the metal to the donors in bohr, and the directions."""
        arms = (positions_angstrom[self._donors] - positions_angstrom[0]) / Bohr
        lengths = np.linalg.norm(arms, axis=1)
        return lengths, arms / lengths[:, None]
