"""GFN-FF as xtb-python has it: that of campaigns which began before `gfnff` was a package of its own."""

from __future__ import annotations

import ctypes
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import chdir, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reexplore.errors import MissingEngineError
from reexplore.structures.structure import Structure
from reexplore.structures.xtb.blas import one_thread

Array = NDArray[np.float64]


@contextmanager
def surface_of_xtb(structure: Structure) -> Iterator[Callable[[Array], tuple[float, Array]]]:
    """Yield energy and gradient (Hartree, Hartree/bohr) of positions in bohr, shape (atoms, 3), in GBSA water.

    The library has no ALPB for it. Raises `RuntimeError` when the topology cannot be set up.
    """
    from ase.data import atomic_numbers
    from ase.units import Bohr

    interface, utils = _xtb()
    numbers = np.array([atomic_numbers[symbol] for symbol in structure.symbols])
    with _aside():
        try:
            calculator = interface.Calculator(
                interface.Param.GFNFF, numbers, structure.positions_angstrom / Bohr, charge=float(structure.charge)
            )
            calculator.set_verbosity(interface.VERBOSITY_MUTED)
            calculator.set_solvent(utils.Solvent.h2o)

            def at(positions_bohr: Array) -> tuple[float, Array]:
                calculator.update(positions_bohr)
                result = calculator.singlepoint()
                return float(result.get_energy()), np.array(result.get_gradient())

            yield at
        except interface.XTBException as error:
            raise RuntimeError(str(error)) from error


def _xtb() -> tuple[Any, Any]:
    try:
        from xtb import _libxtb, interface, utils
    except ImportError as error:
        raise without_xtb_python() from error
    one_thread(_libxtb.__file__)
    return interface, utils


def without_xtb_python(what: str = "the first version of the force field") -> MissingEngineError:
    """Return what a person is told who needs xtb-python and cannot have it."""
    return MissingEngineError(
        f"{what} needs xtb-python, which is built for Python 3.11 at the latest: `pip install xtb` there"
    )


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
