"""The programs that give a GFN2-xTB energy and its gradient: one surface for each of them.

C. Bannwarth, S. Ehlert, S. Grimme, J. Chem. Theory Comput. 2019, 15, 1652.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, Protocol, get_args

import numpy as np
from numpy.typing import NDArray

from reexplore.errors import CalculationFailed, FailureCode, InputError, MissingEngineError
from reexplore.structures.structure import Structure
from reexplore.structures.xtb.blas import lend_openblas, one_thread
from reexplore.structures.xtb.gfnff_of_xtb import without_xtb_python

Array = NDArray[np.float64]

Engine = Literal["tblite", "xtb", "xtb-python"]
Solvent = Literal["alpb-water", "gbsa-water", "gas"]

ENGINES: tuple[Engine, ...] = get_args(Engine)

#: The solvent models each engine has here, the one it takes unless told otherwise first. ALPB and GBSA
#: energies of one complex differ by some 20 kcal/mol and never stand in one difference.
SOLVENTS: dict[Engine, tuple[Solvent, ...]] = {
    "tblite": ("alpb-water", "gas"),
    "xtb": ("alpb-water", "gbsa-water", "gas"),
    "xtb-python": ("gbsa-water", "gas"),
}

#: Unpaired electrons GFN2-xTB sees. It keeps the 4f electrons of a lanthanide in the core, so a
#: trivalent ion with closed-shell ligands has no unpaired valence electron whatever its real multiplicity.
UNPAIRED_ELECTRONS = 0

_STAGE = "relaxation"
_METHODS = {
    "alpb-water": "GFN2-xTB/ALPB(water)",
    "gbsa-water": "GFN2-xTB/GBSA(water)",
    "gas": "GFN2-xTB in the gas phase",
}


class Surface(Protocol):
    """The energy surface of one molecule; `calls` counts the gradients, `name` tells program and method."""

    name: str
    calls: int

    def at(self, positions_angstrom: Array) -> tuple[float, Array]:
        """Return the energy in hartree and the gradient in hartree/bohr, shape (atoms, 3).

        Raises `CalculationFailed` when the density does not converge.
        """
        ...


def chosen_solvent(engine: Engine, solvent: Solvent | None) -> Solvent:
    """Return the solvent model to use; raise `InputError` for an engine or a model of it that is not there."""
    if engine not in SOLVENTS:
        raise InputError(f"unknown relaxation engine '{engine}': choose one of {', '.join(ENGINES)}")
    if solvent is None:
        return SOLVENTS[engine][0]
    if solvent not in SOLVENTS[engine]:
        raise InputError(f"{engine} has no solvent model '{solvent}': choose one of {', '.join(SOLVENTS[engine])}")
    return solvent


def method(solvent: Solvent) -> str:
    """Return the level of theory in words, such as `GFN2-xTB/ALPB(water)`."""
    return _METHODS[solvent]


def surface_of(structure: Structure, *, engine: Engine, solvent: Solvent | None = None) -> Surface:
    """Return the surface of a structure's atoms and charge.

    Raises `InputError` for a solvent model the engine does not have and `MissingEngineError` when the
    engine is not installed.
    """
    model = chosen_solvent(engine, solvent)
    if engine == "tblite":
        return _Tblite(structure, model)
    if engine == "xtb-python":
        return _XtbPython(structure, model)
    from reexplore.structures.xtb.xtb_program import XtbProgram

    return XtbProgram(structure, model)


@dataclass(frozen=True, eq=False)
class ValenceState:
    """A converged GFN2-xTB density: its energy, and energy and occupation of every valence orbital, shape (orbitals,).

    `charges_e` are the partial charges of the atoms by Mulliken's partition, shape (atoms,).
    """

    energy_hartree: float
    occupations: Array
    orbital_energies_hartree: Array
    charges_e: Array


def tblite_state(structure: Structure) -> ValenceState:
    """Return the energy, the orbitals and the charges that tblite finds in ALPB water.

    Raises `CalculationFailed` when the density does not converge.
    """
    surface = _Tblite(structure, "alpb-water")
    energy, _ = surface.at(structure.positions_angstrom)
    return surface.state(energy)


class _Tblite:
    """Each calculation starts from the density of the last."""

    def __init__(self, structure: Structure, solvent: Solvent) -> None:
        interface, version = tblite_interface()
        self._calculator = interface.Calculator(
            "GFN2-xTB",
            *atoms_in_bohr(structure),
            charge=float(structure.charge),
            uhf=UNPAIRED_ELECTRONS,
        )
        self._calculator.set("verbosity", 0)
        if solvent == "alpb-water":
            self._calculator.add("alpb-solvation", "water")
        self._result: Any = None
        self.name = f"tblite {version} {method(solvent)}, {lend_openblas()}"
        self.calls = 0

    def at(self, positions_angstrom: Array) -> tuple[float, Array]:
        self.calls += 1
        self._calculator.update(positions=_in_bohr(positions_angstrom))
        try:
            self._result = self._calculator.singlepoint(self._result)
        except RuntimeError as error:
            raise _unconverged(error) from error
        return float(self._result.get("energy")), np.array(self._result.get("gradient"))

    def state(self, energy_hartree: float) -> ValenceState:
        """Return the last density, which has this energy."""
        names = ("orbital-occupations", "orbital-energies", "charges")
        return ValenceState(energy_hartree, *(np.array(self._result.get(name)) for name in names))


class _XtbPython:
    """Each calculation starts from the density of the last."""

    def __init__(self, structure: Structure, solvent: Solvent) -> None:
        interface, version = _xtb_python()
        from xtb.libxtb import VERBOSITY_MUTED

        self._failure = interface.XTBException
        self._calculator = interface.Calculator(
            interface.Param.GFN2xTB, *atoms_in_bohr(structure), charge=float(structure.charge), uhf=UNPAIRED_ELECTRONS
        )
        self._calculator.set_verbosity(VERBOSITY_MUTED)
        if solvent == "gbsa-water":
            self._calculator.set_solvent(interface.Solvent.h2o)
        self._result: Any = None
        self.name = f"xtb-python {version} {method(solvent)}"
        self.calls = 0

    def at(self, positions_angstrom: Array) -> tuple[float, Array]:
        self.calls += 1
        self._calculator.update(_in_bohr(positions_angstrom))
        try:
            self._result = self._calculator.singlepoint(self._result)
        except self._failure as error:
            raise _unconverged(error) from error
        return float(self._result.get_energy()), np.array(self._result.get_gradient())


def _unconverged(error: Exception) -> CalculationFailed:
    return CalculationFailed(FailureCode.NOT_CONVERGED, _STAGE, f"the GFN2-xTB density did not converge: {error}")


def atoms_in_bohr(structure: Structure) -> tuple[NDArray[np.int64], Array]:
    """Return the atomic numbers and the positions in bohr, shape (atoms, 3)."""
    from ase.data import atomic_numbers

    return np.array([atomic_numbers[s] for s in structure.symbols]), _in_bohr(structure.positions_angstrom)


def _in_bohr(positions_angstrom: Array) -> Array:
    from ase.units import Bohr

    return np.ascontiguousarray(positions_angstrom) / Bohr


@lru_cache(maxsize=1)
def tblite_interface() -> tuple[Any, str]:
    """Return tblite, held to one thread, and its version; raise `MissingEngineError` when it is not installed."""
    from importlib.metadata import version

    lend_openblas()
    try:
        from tblite import _libtblite, interface
    except ImportError as error:
        raise MissingEngineError("GFN2-xTB needs tblite: install it with `pip install tblite`") from error
    one_thread(_libtblite.__file__)
    return interface, version("tblite")


@lru_cache(maxsize=1)
def _xtb_python() -> tuple[Any, str]:
    from importlib.metadata import version

    try:
        from xtb import _libxtb, interface
    except ImportError as error:
        raise without_xtb_python("this engine") from error
    one_thread(_libxtb.__file__)
    return interface, version("xtb")
