"""Thermal terms of a free energy: vibrations, rotation and translation of a structure, and its standard state."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from reexplore.chemistry.metals import METALS
from reexplore.structures.structure import Structure

TEMPERATURE_K = 298.15

#: The correction's name in the result of a task.
GIBBS = "gibbs_correction_hartree"

#: Pure water at 25 °C, 997.05 g/l.
WATER_MOL_L = 55.34

#: Below this a vibration passes into a rotation, S. Grimme, Chem. Eur. J. 2012, 18, 9955.
_ROTOR_BELOW_CM1 = 100.0
_GAS_CONSTANT_HARTREE_K = 3.166811563e-6
_LITRES_PER_MOLE_AT_1_BAR = 24.789
#: GFN2-xTB's minima keep the symmetry of a molecule to this.
_SYMMETRY_ANGSTROM = 0.05

#: Rotational symmetry numbers of the point groups that are no family, A. Fernández-Ramos et al., Theor. Chem. Acc.
#: 2007, 118, 813; PySCF calls D∞h Dooh and C∞v Coov.
_SYMMETRY_NUMBERS = {"Dooh": 2, "Coov": 1, "T": 12, "Th": 12, "Td": 12, "O": 24, "Oh": 24, "I": 60, "Ih": 60, "SO3": 1}


def gibbs_correction_hartree(structure: Structure, frequencies_cm1: Sequence[float]) -> float:
    """Return what makes the electronic energy of a solute a Gibbs free energy at 298.15 K and 1 mol/l.

    Rigid rotor and harmonic oscillator with Grimme's rotor for soft vibrations (Chem. Eur. J. 2012, 18, 9955, by
    ASE), ideal translation, the rotational symmetry number, and RT ln 24.8 from 1 bar to 1 mol/l. Frequencies in
    cm⁻¹, an imaginary one negative and taken for real; none for an atom. A degenerate electronic state is left out: it
    cancels between complexes of one ion.
    """
    from ase import Atoms, units
    from ase.thermochemistry import MSRRHOThermo

    atoms = Atoms(structure.symbols, structure.positions_angstrom)
    shape = "monatomic" if len(atoms) == 1 else "linear" if len(frequencies_cm1) == 3 * len(atoms) - 5 else "nonlinear"
    thermal = MSRRHOThermo([abs(cm1) * units.invcm for cm1 in frequencies_cm1], atoms, tau=_ROTOR_BELOW_CM1)
    energy_ev = (
        float(thermal.get_internal_energy(TEMPERATURE_K, verbose=False)) if frequencies_cm1 else 0.0
    ) + thermal.get_ideal_translational_energy(TEMPERATURE_K)
    energy_ev += thermal.get_ideal_rotational_energy(shape, TEMPERATURE_K) + units.kB * TEMPERATURE_K
    entropy_ev_k = float(thermal.get_entropy(TEMPERATURE_K, verbose=False)) if frequencies_cm1 else 0.0
    entropy_ev_k += thermal.get_ideal_entropy(
        TEMPERATURE_K,
        translation=True,
        rotation=True,
        geometry=shape,
        symmetrynumber=rotational_symmetry_number(structure),
    )[0]
    at_1_bar = (energy_ev - TEMPERATURE_K * entropy_ev_k) / units.Hartree
    return float(at_1_bar + concentration_hartree(_LITRES_PER_MOLE_AT_1_BAR))


def concentration_hartree(ratio: float) -> float:
    """Return RT ln of a ratio of concentrations: `WATER_MOL_L` makes water of 1 mol/l the solvent itself."""
    return _GAS_CONSTANT_HARTREE_K * TEMPERATURE_K * math.log(ratio)


def lowest_waters(free_hartree: Mapping[int, float], *, liquid_hartree: float) -> int:
    """Return the number of waters of the lowest complex, waters taken from the liquid; of equals the fewest.

    `free_hartree` are the free energies of the complexes by their waters, `liquid_hartree` is that of one water.
    """
    return min(sorted(free_hartree), key=lambda waters: free_hartree[waters] - waters * liquid_hartree)


def in_liquid_hartree(gibbs_hartree: float) -> float:
    """Return the free energy of a water in the liquid, from that of a water as a solute of 1 mol/l."""
    return gibbs_hartree + concentration_hartree(WATER_MOL_L)


def rotational_symmetry_number(structure: Structure) -> int:
    """Return how many rotations bring a molecule onto itself: 2 for water, 6 for nitrate.

    A complex has 1: its waters turn so freely that a symmetry of one of its minima is chance.
    """
    if len(structure) == 1 or METALS.keys() & set(structure.symbols):
        return 1
    from pyscf.lib import temporary_env
    from pyscf.symm import geom

    atoms = list(zip(structure.symbols, structure.positions_angstrom.tolist(), strict=True))
    with temporary_env(geom, TOLERANCE=_SYMMETRY_ANGSTROM):
        group: str = geom.detect_symm(atoms)[0]
    if group in _SYMMETRY_NUMBERS:
        return _SYMMETRY_NUMBERS[group]
    # Cn, Cnv, Cnh and Sn, Dn, Dnh, Dnd; Cs and Ci have none.
    order = int("".join(letter for letter in group if letter.isdigit()) or 1)
    return {"C": order, "S": order // 2, "D": 2 * order}[group[0]]
