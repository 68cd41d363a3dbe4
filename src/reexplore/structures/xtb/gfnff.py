"""GFN-FF with implicit water: tens of starts put in order for the price of one GFN2-xTB relaxation."""

from __future__ import annotations

import ctypes
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import chdir, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reexplore.errors import CalculationFailed, FailureCode, MissingEngineError
from reexplore.structures.structure import Structure
from reexplore.structures.xtb.blas import one_thread

Array = NDArray[np.float64]

STAGE = "force field"

#: A start, not a minimum: GFN2-xTB goes on from here.
_GRADIENT_HARTREE_BOHR = 1e-3
_MOST_STEPS = 100


@dataclass(frozen=True)
class Settled:
    """A structure at a minimum of the force field, as far as a start needs it."""

    structure: Structure
    energy_hartree: float


def settle(structure: Structure) -> Settled:
    """Relax a structure with GFN-FF and water as a continuum (GBSA; the library has no ALPB for it).

    S. Spicher and S. Grimme, Angew. Chem. Int. Ed. 2020, 59, 15665. The force field takes its bonds
    from the structure given, so the result keeps them, right or wrong. Raises `CalculationFailed`
    when the topology cannot be set up.
    """
    from ase.data import atomic_numbers
    from ase.units import Bohr
    from scipy.optimize import minimize

    interface, utils = _xtb()
    numbers = np.array([atomic_numbers[symbol] for symbol in structure.symbols])
    with _aside():
        try:
            calculator = interface.Calculator(
                interface.Param.GFNFF, numbers, structure.positions_angstrom / Bohr, charge=float(structure.charge)
            )
            calculator.set_verbosity(interface.VERBOSITY_MUTED)
            calculator.set_solvent(utils.Solvent.h2o)

            def surface(flat: Array) -> tuple[float, Array]:
                calculator.update(flat.reshape(-1, 3))
                result = calculator.singlepoint()
                return result.get_energy(), result.get_gradient().ravel()

            found = minimize(
                surface,
                structure.positions_angstrom.ravel() / Bohr,
                jac=True,
                method="L-BFGS-B",
                options={"maxiter": _MOST_STEPS, "gtol": _GRADIENT_HARTREE_BOHR},
            )
        except interface.XTBException as error:
            raise CalculationFailed(FailureCode.NOT_CONVERGED, STAGE, f"GFN-FF stopped: {error}") from error
    if not np.isfinite(found.fun):
        raise CalculationFailed(FailureCode.NOT_CONVERGED, STAGE, "the GFN-FF energy is not a number")
    return Settled(structure.moved_to(found.x.reshape(-1, 3) * Bohr), float(found.fun))


def _xtb() -> tuple[Any, Any]:
    try:
        from xtb import _libxtb, interface, utils
    except ImportError as error:
        raise MissingEngineError(f"GFN-FF needs xtb-python ({error}): install it with `pip install xtb`") from error
    one_thread(_libxtb.__file__)
    return interface, utils


@contextmanager
def _aside() -> Iterator[None]:
    """Work in a folder that vanishes, with what native code prints, pages for every structure, in a file there.

    GFN-FF writes its topology into the working folder and would read that of another molecule again.
    """
    sys.stdout.flush()
    kept = os.dup(1)
    try:
        with tempfile.TemporaryDirectory() as folder, chdir(folder), Path("printed").open("wb") as sink:
            os.dup2(sink.fileno(), 1)
            yield
            _flush()
    finally:
        os.dup2(kept, 1)
        os.close(kept)


def _flush() -> None:
    """Write out what the Fortran library still holds; it would appear when the process ends."""
    from xtb import _libxtb

    # A handle finds the symbols of all libraries that the extension was linked with.
    ctypes.CDLL(_libxtb.__file__)._gfortran_flush_i4(None)
