"""The cheap label: three states by GFN2-xTB and IPEA1-xTB, hundredths of a second each.

C. Bannwarth, S. Ehlert, S. Grimme, J. Chem. Theory Comput. 2019, 15, 1652; V. Asgeirsson, C. A. Bauer, S. Grimme,
Chem. Sci. 2017, 8, 4879.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from reexplore.electrons.states import ADDED_CHARGES, UNPAIRED, ThreeStates, require_neutral
from reexplore.errors import CalculationFailed, FailureCode
from reexplore.structures.structure import Structure
from reexplore.structures.xtb.engines import atoms_in_bohr, tblite_interface

Array = NDArray[np.float64]

Method = Literal["GFN2-xTB", "IPEA1-xTB"]


def tight_binding_states(structure: Structure, method: Method) -> ThreeStates:
    """Return the three states of a neutral molecule in the gas phase, with Mulliken charges and spins.

    Energies of IPEA1-xTB hold the self-interaction of the electron that comes or goes, about 4.85 eV, in both the
    ionisation potential and the affinity, as its authors say. Both methods are restricted: an atom's spin is its share
    in the one orbital that is half filled. Raises `InputError` for a molecule that is charged or has an unpaired
    electron, `CalculationFailed` when a density does not converge.
    """
    require_neutral(structure)
    found = [_state(structure, method, *state) for state in zip(ADDED_CHARGES, UNPAIRED, strict=True)]
    energies, charges, spins = zip(*found, strict=True)
    return ThreeStates(np.array(energies), np.array(charges), np.array(spins))


def _state(structure: Structure, method: Method, charge: int, unpaired: int) -> tuple[float, Array, Array]:
    interface, _ = tblite_interface()
    calculator = interface.Calculator(method, *atoms_in_bohr(structure), charge=float(charge), uhf=unpaired)
    calculator.set("verbosity", 0)
    calculator.set("save-integrals", 1)
    try:
        result = calculator.singlepoint()
    except RuntimeError as error:
        told = f"the {method} density with the charge {charge:+d} did not converge: {error}"
        raise CalculationFailed(FailureCode.NOT_CONVERGED, "tight binding", told) from error
    spins = _spins(calculator, result, len(structure)) if unpaired else np.zeros(len(structure))
    return float(result.get("energy")), np.array(result.get("charges")), spins


def _spins(calculator: Any, result: Any, atoms: int) -> Array:
    """Return Mulliken's share of each atom in the orbital that holds one electron."""
    occupations = np.array(result.get("orbital-occupations"))
    # Electrons are at 300 K: the half-filled orbital is the one nearest to one electron.
    orbital = np.array(result.get("orbital-coefficients"))[:, int(np.abs(occupations - 1.0).argmin())]
    shares = orbital * (np.array(result.get("overlap-matrix")) @ orbital)
    atom_of_shell = np.array(calculator.get("shell-map"))
    atom_of_orbital = atom_of_shell[np.array(calculator.get("orbital-map"))]
    return np.asarray(np.bincount(atom_of_orbital, weights=shares, minlength=atoms), dtype=np.float64)
