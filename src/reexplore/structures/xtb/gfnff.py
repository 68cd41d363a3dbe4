"""GFN-FF with implicit water: tens of starts put in order for the price of one GFN2-xTB relaxation."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reexplore.chemistry.candidates import Candidate
from reexplore.errors import CalculationFailed, FailureCode, MissingEngineError
from reexplore.structures.bonds import Bonds, complex_bonds
from reexplore.structures.structure import Layout, Structure
from reexplore.structures.xtb.blas import one_thread
from reexplore.structures.xtb.gfnff_of_xtb import surface_of_xtb

Array = NDArray[np.float64]
ForceFieldSurface = Callable[[Array], tuple[float, Array]]

STAGE = "force field"
#: 1 is GFN-FF of xtb-python, which ends with Python 3.11; 2 that of the package gfnff, told which atoms are bonded.
NEWEST_FORCE_FIELD = 2

#: The newest of the force field's own parameters for molecules.
_PARAMETERS = "angewChem2020_2"
#: A start, not a minimum: GFN2-xTB goes on from here.
_GRADIENT_HARTREE_BOHR = 1e-3
_MOST_STEPS = 100


@dataclass(frozen=True)
class Settled:
    """A structure at a minimum of the force field, as far as a start needs it."""

    structure: Structure
    energy_hartree: float


def settle(structure: Structure, *, candidate: Candidate, force_field: int = NEWEST_FORCE_FIELD) -> Settled:
    """Relax a complex in `Layout` order with a version of GFN-FF and water as a continuum.

    S. Spicher and S. Grimme, Angew. Chem. Int. Ed. 2020, 59, 15665. A force field keeps its bonds. Version 2 is told
    them: those of the ligands and waters, and of the metal to the donors that were named. What it would find by itself
    around a metal hangs on the distances: with four ligands donors end 1.75 Å from lanthanum. Version 1 finds
    them in the structure given, right or wrong. Raises `CalculationFailed` when the topology cannot be set up.
    """
    from ase.units import Bohr
    from scipy.optimize import minimize

    try:
        with _surface(structure, candidate, force_field) as surface:

            def flat(positions: Array) -> tuple[float, Array]:
                energy, gradient = surface(positions.reshape(-1, 3))
                return energy, gradient.ravel()

            found = minimize(
                flat,
                structure.positions_angstrom.ravel() / Bohr,
                jac=True,
                method="L-BFGS-B",
                options={"maxiter": _MOST_STEPS, "gtol": _GRADIENT_HARTREE_BOHR},
            )
    except RuntimeError as error:
        raise CalculationFailed(FailureCode.NOT_CONVERGED, STAGE, f"GFN-FF stopped: {error}") from error
    if not np.isfinite(found.fun):
        raise CalculationFailed(FailureCode.NOT_CONVERGED, STAGE, "the GFN-FF energy is not a number")
    return Settled(structure.moved_to(found.x.reshape(-1, 3) * Bohr), float(found.fun))


def _surface(structure: Structure, candidate: Candidate, force_field: int) -> AbstractContextManager[ForceFieldSurface]:
    if force_field == 1:
        return surface_of_xtb(structure)
    return force_field_surface(structure, solvent="h2o", bonds=held_bonds(candidate))


def held_bonds(candidate: Candidate) -> Bonds:
    """Return who is bonded to whom in a complex, shape (atoms, atoms), the metal to every donor that was named."""
    layout = Layout.of(candidate)
    bonds = complex_bonds(candidate).copy()
    donors = list(layout.donors)
    bonds[0, donors] = bonds[donors, 0] = True
    return bonds


@contextmanager
def force_field_surface(
    structure: Structure, *, solvent: str = "", bonds: Bonds | None = None
) -> Iterator[ForceFieldSurface]:
    """Yield energy and gradient (Hartree, Hartree/bohr) of positions in bohr, shape (atoms, 3).

    `solvent` is ALPB's name of one, empty for the gas phase. Without `bonds` they are found by distance. Raises
    `RuntimeError` when the topology cannot be set up.
    """
    from ase.data import atomic_numbers
    from ase.units import Bohr

    try:
        from gfnff import GFNFFCalculator, _lib
    except (ImportError, OSError) as error:
        raise MissingEngineError(f"GFN-FF needs gfnff ({error}): install it with `pip install gfnff`") from error
    one_thread(_lib._lib._name)
    numbers = np.array([atomic_numbers[symbol] for symbol in structure.symbols])
    made = GFNFFCalculator(
        numbers,
        structure.positions_angstrom / Bohr,
        charge=structure.charge,
        solvent=solvent,
        version=_PARAMETERS,
        bond_matrix=None if bonds is None else bonds.astype(np.int32),
    )
    with made as calculator:

        def at(positions_bohr: Array) -> tuple[float, Array]:
            energy, gradient, _ = calculator.singlepoint(numbers, positions_bohr)
            return float(energy), np.asarray(gradient)

        yield at
