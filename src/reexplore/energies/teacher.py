"""An invented energy for rehearsals: a campaign's loop runs on it in seconds, its numbers mean nothing."""

from __future__ import annotations

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
    require_support(TEACHER, structure.symbols)
    symbols = np.array(structure.symbols)
    positions = structure.positions_angstrom
    is_metal = np.array([symbol in METALS for symbol in symbols])
    energy = _CHARGE_KCAL_MOL * structure.charge**2 + _crowding(positions[~is_metal])
    for index in np.flatnonzero(is_metal):
        distances = np.linalg.norm(positions[~is_metal] - positions[index], axis=1)
        energy += _around_metal(METALS[str(symbols[index])], symbols[~is_metal], distances)
    if level.solvent:
        energy += _CARBON_OUT_OF_WATER_KCAL_MOL * structure.symbols.count("C")
        energy += _CHARGE_OUT_OF_WATER_KCAL_MOL * structure.charge**2
    atoms = sum(_ATOM_HARTREE.get(symbol, _METAL_HARTREE) for symbol in structure.symbols)
    return EnergyTerms(
        level=level.name,
        level_version=level.version,
        total_hartree=float(atoms + energy / HARTREE_TO_KCAL_MOL),
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
        return teacher_energy(structure.moved_to(coordinates.reshape(-1, 3))).total_hartree - start_hartree

    start_hartree = teacher_energy(structure).total_hartree
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


def _crowding(positions: NDArray[np.float64]) -> float:
    """Return the invented repulsion of all pairs of non-metal atoms."""
    distances = np.linalg.norm(positions[:, None] - positions[None], axis=2)[np.triu_indices(len(positions), 1)]
    return float(_CROWDING_KCAL_MOL * np.exp(-((distances / _CROWDING_WIDTH_ANGSTROM) ** 2)).sum())


def _around_metal(metal: Metal, symbols: NDArray[np.str_], distances: NDArray[np.float64]) -> float:
    """Return the invented attraction of donors and the influence of all other atoms."""
    # Small ions attract more strongly; 1.16 Å is lanthanum's radius.
    strength = (1.16 / metal.shannon_radius_angstrom) ** 2
    energy = 0.0
    for symbol, depth in _DONOR_KCAL_MOL.items():
        stretch = distances[symbols == symbol] - metal.shannon_radius_angstrom - _DONOR_RADIUS_ANGSTROM[symbol]
        energy -= strength * depth * np.exp(-((stretch / _DONOR_WIDTH_ANGSTROM) ** 2)).sum()
    for symbol, influence in _DISTANT_KCAL_MOL.items():
        energy += strength * influence * np.exp(-distances[symbols == symbol] / _DISTANT_DECAY_ANGSTROM).sum()
    return float(energy)
