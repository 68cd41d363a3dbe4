"""The energy surfaces on which structures are relaxed, by name: this is the one place where they are named."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reexplore.chemistry.metals import METALS
from reexplore.errors import CalculationFailed, ExecutionError, FailureCode, InputError, MissingEngineError
from reexplore.plug_ins import PlugIn, plug_ins
from reexplore.structures.donor_kinds import KINDS_OF_ELEMENT
from reexplore.structures.structure import Structure
from reexplore.structures.xtb import engines
from reexplore.structures.xtb.engines import Engine, Solvent, Surface
from reexplore.structures.xtb.metal_donor import VERSION, MetalDonor, Push, shipped_pushes, without_numbers

Array = NDArray[np.float64]

#: Packages add surfaces of their own under this name: a function that takes `charge` and returns an ASE calculator.
ENTRY_POINTS = "reexplore.surfaces"


@dataclass(frozen=True)
class EnergySurface:
    """A way to compute energies and gradients of any structure.

    `engine` computes GFN2-xTB, None for a surface of another package, whose version is `version`. `pushes` is the
    metal-donor correction added to it; `own` tells that its numbers are a user's.
    """

    name: str
    summary: str
    engine: Engine | None = "tblite"
    version: str = ""
    pushes: tuple[Push, ...] = ()
    own: bool = False

    @property
    def is_corrected(self) -> bool:
        """Return whether metals and donors repel each other beyond GFN2-xTB."""
        return bool(self.pushes)

    def of(self, structure: Structure, *, solvent: Solvent | None = None) -> Surface:
        """Return the surface of one structure's atoms and charge.

        Raises `InputError` for a metal, a donor or a solvent the surface does not have, `MissingEngineError` when what
        computes it is not installed.
        """
        if self.engine is None:
            return _OfCalculator(structure, self)
        plain = engines.surface_of(structure, engine=self.engine, solvent=solvent)
        if not self.pushes or not METALS.keys() & set(structure.symbols):
            return plain
        return _Corrected(plain, MetalDonor(structure, self.pushes), self)

    def require(self, metals: Iterable[str], donors: Iterable[str]) -> None:
        """Raise `InputError` when the correction has no numbers for a metal and an element that is to hold it.

        Raises `MissingEngineError` when another package's surface cannot be loaded.
        """
        if self.engine is None:
            _maker(self.name)
        known = {(push.metal, push.donor) for push in self.pushes}
        for metal in metals if self.pushes else ():
            for element in donors:
                if missing := [kind for kind in KINDS_OF_ELEMENT[element] if (metal, kind) not in known]:
                    raise InputError(without_numbers(metal, missing[0]))

    def recipe(self, *, metal: bool) -> dict[str, Any]:
        """Return what a task's inputs hold of this surface; without a metal the correction is nothing.

        Plain GFN2-xTB is named by its engine alone, as it was before there were surfaces: its keys stay.
        """
        if self.engine is not None and not (self.pushes and metal):
            return {"engine": self.engine}
        declared: dict[str, Any] = {"name": self.name, "version": self.version}
        if self.own:
            declared["correction"] = [push.to_dict() for push in self.pushes]
        return {"surface": declared}


def _plain(name: str, engine: Engine, words: str) -> EnergySurface:
    return EnergySurface(name, words, engine)


GFN2_M = EnergySurface(
    "gfn2-m",
    "GFN2-xTB with ALPB water and the metal-donor correction, by tblite",
    version=str(VERSION),
    pushes=shipped_pushes(),
)
#: Those that are here without another package, the default first.
SURFACES: dict[str, EnergySurface] = {
    surface.name: surface
    for surface in (
        GFN2_M,
        _plain("gfn2", "tblite", "plain GFN2-xTB with ALPB water, by tblite"),
        _plain("gfn2-xtb", "xtb", "plain GFN2-xTB with ALPB water, by the program xtb and its optimiser"),
        _plain("gfn2-xtb-python", "xtb-python", "plain GFN2-xTB with GBSA water, by xtb-python"),
    )
}
DEFAULT = GFN2_M.name
#: What campaign files named before there were surfaces.
SURFACE_OF_ENGINE: dict[str, str] = {"tblite": "gfn2", "xtb": "gfn2-xtb", "xtb-python": "gfn2-xtb-python"}


def find_surface(name: str, own: Mapping[str, EnergySurface] | None = None) -> EnergySurface:
    """Return the surface of this name: shipped, one of `own`, or another package's.

    Raises `InputError` with the nearest match when there is none.
    """
    known = SURFACES | dict(own or {})
    if name in known:
        return known[name]
    added = _added()
    if name in added:
        version = added[name].version
        return EnergySurface(name, f"{added[name].point.value}, {version}", engine=None, version=version)
    near = difflib.get_close_matches(name, [*known, *added], n=1, cutoff=0.5)
    hint = f"did you mean '{near[0]}'?" if near else f"the surfaces are {', '.join([*known, *added])}"
    raise InputError(f"unknown surface '{name}': {hint}")


def known_surfaces() -> tuple[EnergySurface, ...]:
    """Return every surface there is here, the default first, those of other packages last."""
    return (*SURFACES.values(), *(find_surface(name) for name in sorted(_added())))


def own_surface(name: str, pushes: tuple[Push, ...]) -> EnergySurface:
    """Return gfn2-m with numbers of a user's own in the place of those of the same metal and donor.

    Raises `InputError` for a name that is taken and for numbers that are given twice.
    """
    if name in SURFACES or name in _added():
        raise InputError(f"the surface '{name}' is there already: give your own another name", key="name")
    changed = {(push.metal, push.donor): push for push in pushes}
    if len(changed) < len(pushes):
        raise InputError(f"the surface '{name}' has two corrections for one metal and donor: keep one of them")
    table = {(push.metal, push.donor): push for push in shipped_pushes()} | changed
    summary = f"gfn2-m with {len(changed)} corrections of your own"
    return replace(GFN2_M, name=name, summary=summary, pushes=tuple(table.values()), own=True)


def surface_of_recipe(inputs: Mapping[str, Any]) -> EnergySurface:
    """Return the surface that a task's inputs name; raise `ExecutionError` when another version is installed."""
    declared = inputs.get("surface")
    if declared is None:
        return SURFACES[SURFACE_OF_ENGINE[inputs["engine"]]]
    if "correction" in declared:
        return own_surface(declared["name"], tuple(Push(**push) for push in declared["correction"]))
    surface = find_surface(declared["name"])
    if surface.version != declared["version"]:
        raise ExecutionError(
            f"the worker's installation is not the driver's: its surface '{surface.name}' is version {surface.version},"
            f" not {declared['version']}"
        )
    return surface


def _added() -> dict[str, PlugIn]:
    return plug_ins(ENTRY_POINTS, what="surface")


def _maker(name: str) -> Callable[..., Any]:
    """Return what makes the calculator of another package's surface; raise `MissingEngineError` when nothing does."""
    make: Callable[..., Any] = _added()[name].load()
    try:
        inspect.signature(make).bind(charge=0)
    except (TypeError, ValueError):
        raise MissingEngineError(f"the surface '{name}' cannot be called as calculator(charge=0)") from None
    return make


class _Corrected:
    """GFN2-xTB and the repulsion between metals and donors."""

    def __init__(self, plain: Surface, correction: MetalDonor, surface: EnergySurface) -> None:
        self._plain, self._correction = plain, correction
        numbers = "numbers of your own" if surface.own else f"version {surface.version}"
        self.name = f"{plain.name}, metal-donor correction {surface.name}, {numbers}"

    @property
    def calls(self) -> int:
        return self._plain.calls

    @calls.setter
    def calls(self, value: int) -> None:
        self._plain.calls = value

    def at(self, positions_angstrom: Array) -> tuple[float, Array]:
        energy, gradient = self._plain.at(positions_angstrom)
        pushed, slope = self._correction.at(positions_angstrom)
        return energy + pushed, gradient + slope


class _OfCalculator:
    """The surface of an ASE calculator that another package brings."""

    def __init__(self, structure: Structure, surface: EnergySurface) -> None:
        from ase import Atoms

        make = _maker(surface.name)
        self._atoms = Atoms(structure.symbols, structure.positions_angstrom, info={"charge": structure.charge})
        self._atoms.calc = make(charge=structure.charge)
        self.name = f"{surface.name} {surface.version}"
        self.calls = 0

    def at(self, positions_angstrom: Array) -> tuple[float, Array]:
        from ase.calculators.calculator import CalculatorError
        from ase.units import Bohr, Hartree

        self.calls += 1
        self._atoms.positions = positions_angstrom
        try:
            energy, forces = self._atoms.get_potential_energy(), self._atoms.get_forces()
        except CalculatorError as error:
            raise CalculationFailed(FailureCode.NOT_CONVERGED, "relaxation", f"{self.name}: {error}") from error
        return float(energy) / Hartree, -np.asarray(forces) * Bohr / Hartree
