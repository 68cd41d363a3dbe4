"""An invented energy for rehearsals: a campaign's loop runs on it in seconds, its numbers mean nothing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from ase.units import Bohr
from numpy.typing import NDArray
from scipy.optimize import minimize

from reexplore.chemistry.metals import METALS, Metal
from reexplore.energies.levels import TEACHER, Level, require_support
from reexplore.energies.reactions import HARTREE_TO_KCAL_MOL
from reexplore.energies.relaxed import CONVERGED_HARTREE_BOHR, LevelMinimum
from reexplore.energies.terms import EnergyTerms
from reexplore.errors import CalculationFailed, FailureCode
from reexplore.structures.structure import Structure

# Every number below is made up. They are chosen so that binding energies lie roughly between -50 and
# -150 kcal/mol and follow the metal's radius, the ligand's charge and its composition.
_ATOM_HARTREE = {
    "H": -0.6,
    "C": -38.0,
    "N": -54.7,
    "O": -75.2,
    "F": -99.8,
    "Si": -289.5,
    "P": -341.4,
    "S": -398.2,
}
_ATOM_HARTREE |= {"Cl": -460.2, "Br": -2574.3, "I": -297.9}
_METAL_HARTREE = -30.0
_CHARGE_KCAL_MOL = 4.0
#: In any solvent but water: of each carbon, and of the charge squared.
_CARBON_OUT_OF_WATER_KCAL_MOL, _CHARGE_OUT_OF_WATER_KCAL_MOL = -0.7, 15.0
_DONOR_KCAL_MOL = {"O": 6.5, "N": 3.5, "S": 5.0}
_DONOR_RADIUS_ANGSTROM = {"O": 1.35, "N": 1.45, "S": 1.84}
_DONOR_WIDTH_ANGSTROM = 0.6
_DISTANT_KCAL_MOL = {"C": -1.6, "N": -4.5, "O": -1.2, "F": 7.0, "Si": -4.0, "P": -14.0, "S": -5.0, "Cl": 6.0}
_DISTANT_KCAL_MOL |= {"Br": 4.5, "I": 3.5, "H": -0.2}
_DISTANT_DECAY_ANGSTROM = 3.2
_CROWDING_KCAL_MOL = 4.0
_CROWDING_WIDTH_ANGSTROM = 1.0
_MOST_GRADIENTS = 60


def teacher_energy(structure: Structure, *, level: Level = TEACHER) -> EnergyTerms:
    """Return the invented energy of a complex, an ion, a ligand or a water.

    A level with a solvent is the teacher's outside of water.
    Smooth in the positions, unchanged by rotation, translation and the order of atoms, and zero
    interaction at infinite distance. Raises `InputError` for elements it has no number for.
    """
    return EnergyTerms(
        level=level.name,
        level_version=level.version,
        total_hartree=_Invented.of(structure, level)(structure.positions_angstrom),
        dispersion_hartree=0.0,
        solvent_electrostatic_hartree=0.0,
        solvent_cds_hartree=0.0,
        cycles=0,
        basis_functions=0,
        electrons=0,
        multiplicity=1,
        is_fake=True,
        program="none: invented",
    )


def relax_by_teacher(structure: Structure) -> LevelMinimum:
    """Return the structure at the invented energy's nearest minimum: a rehearsal of a relaxation at a level.

    Gradients are numerical. Raises as `teacher_energy`, and `CalculationFailed` when no minimum is reached.
    """

    def relative_hartree(coordinates: NDArray[np.float64]) -> float:
        return total_hartree(structure.moved_to(coordinates.reshape(-1, 3)).positions_angstrom) - start_hartree

    total_hartree = _Invented.of(structure, TEACHER)
    start_hartree = total_hartree(structure.positions_angstrom)
    found = minimize(
        relative_hartree,
        structure.positions_angstrom.ravel(),
        method="L-BFGS-B",
        jac="3-point",
        options={"gtol": CONVERGED_HARTREE_BOHR / Bohr, "ftol": 0.0, "maxiter": _MOST_GRADIENTS},
    )
    largest = float(np.abs(found.jac).max() * Bohr)
    if largest >= CONVERGED_HARTREE_BOHR:
        raise CalculationFailed(
            FailureCode.NOT_CONVERGED,
            "invented relaxation",
            f"no minimum after {found.njev} gradients: the largest is {largest:.1e} Hartree/bohr",
            gradient_max_hartree_bohr=largest,
        )
    end = structure.moved_to(found.x.reshape(-1, 3))
    return LevelMinimum(end, start_hartree + float(found.fun), start_hartree, largest, int(found.njev))


@dataclass(frozen=True, eq=False)
class _Invented:
    """The invented energy of some atoms wherever they are: a function of their positions (Å), in Hartree."""

    structure: Structure
    level: Level
    metals: NDArray[np.int_]
    others: NDArray[np.int_]
    pairs: tuple[NDArray[np.int_], NDArray[np.int_]]
    #: Which of the atoms that are no metals are of an element.
    of_element: dict[str, NDArray[np.bool_]]

    @classmethod
    def of(cls, structure: Structure, level: Level) -> _Invented:
        require_support(TEACHER, structure.symbols)
        symbols = np.array(structure.symbols)
        is_metal = np.array([symbol in METALS for symbol in symbols])
        others = np.flatnonzero(~is_metal)
        of_element = {symbol: symbols[others] == symbol for symbol in _DISTANT_KCAL_MOL}
        first, second = np.triu_indices(len(others), 1)
        return cls(structure, level, np.flatnonzero(is_metal), others, (first, second), of_element)

    def __call__(self, positions: NDArray[np.float64]) -> float:
        charge, symbols = self.structure.charge, self.structure.symbols
        around = positions[self.others]
        energy = _CHARGE_KCAL_MOL * charge**2 + self._crowding(around)
        for index in self.metals:
            distances = np.linalg.norm(around - positions[index], axis=1)
            energy += self._around_metal(METALS[symbols[index]], distances)
        if self.level.solvent:
            energy += _CARBON_OUT_OF_WATER_KCAL_MOL * symbols.count("C")
            energy += _CHARGE_OUT_OF_WATER_KCAL_MOL * charge**2
        atoms = sum(_ATOM_HARTREE.get(symbol, _METAL_HARTREE) for symbol in symbols)
        return float(atoms + energy / HARTREE_TO_KCAL_MOL)

    def _crowding(self, around: NDArray[np.float64]) -> float:
        """Return the invented repulsion of all pairs of non-metal atoms, in kcal/mol."""
        first, second = self.pairs
        distances = np.linalg.norm(around[first] - around[second], axis=1)
        return float(_CROWDING_KCAL_MOL * np.exp(-((distances / _CROWDING_WIDTH_ANGSTROM) ** 2)).sum())

    def _around_metal(self, metal: Metal, distances: NDArray[np.float64]) -> float:
        """Return the invented attraction of donors and the influence of all other atoms, in kcal/mol."""
        # Small ions attract more strongly; 1.16 Å is lanthanum's radius.
        strength = (1.16 / metal.shannon_radius_angstrom) ** 2
        energy = 0.0
        for symbol, depth in _DONOR_KCAL_MOL.items():
            there = distances[self.of_element[symbol]]
            stretch = there - metal.shannon_radius_angstrom - _DONOR_RADIUS_ANGSTROM[symbol]
            energy -= strength * depth * np.exp(-((stretch / _DONOR_WIDTH_ANGSTROM) ** 2)).sum()
        for symbol, influence in _DISTANT_KCAL_MOL.items():
            there = distances[self.of_element[symbol]]
            energy += strength * influence * np.exp(-there / _DISTANT_DECAY_ANGSTROM).sum()
        return float(energy)
