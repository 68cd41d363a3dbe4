"""A molecule with an electron less, as it is, and with one more, all at one geometry."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reexplore.errors import InputError
from reexplore.structures.structure import Structure

Array = NDArray[np.float64]

#: What the three states add to the charge of the molecule, and their unpaired electrons.
ADDED_CHARGES = (1, 0, -1)
UNPAIRED = (1, 0, 1)
CATION, NEUTRAL, ANION = range(3)

# CODATA 2022.
HARTREE_TO_EV = 27.211386245981


@dataclass(frozen=True, eq=False)
class ThreeStates:
    """Energies, shape (3,), and atomic charges and spins in e, shape (3, atoms), of cation, molecule and anion.

    Spins are electrons of spin up less those of spin down. Differences are vertical: the geometry stays.
    """

    energies_hartree: Array
    charges_e: Array
    spins_e: Array

    @property
    def ionisation_potential_ev(self) -> float:
        """Return the energy that takes one electron away, in eV."""
        return float(self.energies_hartree[CATION] - self.energies_hartree[NEUTRAL]) * HARTREE_TO_EV

    @property
    def electron_affinity_ev(self) -> float:
        """Return the energy that one more electron sets free, in eV; below zero it is not held."""
        return float(self.energies_hartree[NEUTRAL] - self.energies_hartree[ANION]) * HARTREE_TO_EV


def require_neutral(structure: Structure) -> None:
    """Raise `InputError` for a molecule that is charged or has an unpaired electron.

    In the gas phase an anion holds no further electron: its affinity would be one of the basis set.
    """
    from ase.data import atomic_numbers

    if structure.charge:
        raise InputError(
            f"the charge is {structure.charge:+d}: electrons are taken from and given to neutral molecules, a ligand's"
            " acid in place of its anion"
        )
    if sum(atomic_numbers[symbol] for symbol in structure.symbols) % 2:
        raise InputError("the molecule has an odd number of electrons: one of them is unpaired, or the charge is wrong")
