"""The one thing that Architector imports of xtb-python, an ASE calculator, on gfnff and tblite instead."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import ModuleType
from typing import Any, ClassVar

from ase.calculators.calculator import Calculator, all_changes

from reexplore.structures.structure import Structure
from reexplore.structures.xtb.gfnff import force_field_surface
from reexplore.structures.xtb.relax import single_point_energy
from reexplore.structures.xtb.surfaces import SURFACES

_FORCE_FIELD = "GFN-FF"


class LentCalculator(Calculator):
    """GFN-FF by gfnff, GFN2-xTB by tblite, in the gas phase: what Architector asks for while it assembles."""

    implemented_properties: ClassVar[list[str]] = ["energy"]
    default_parameters: ClassVar[dict[str, Any]] = {"method": "GFN2-xTB", "solvent": "none"}

    def calculate(
        self,
        atoms: Any = None,
        properties: Sequence[str] = ("energy",),
        system_changes: Sequence[str] = tuple(all_changes),
    ) -> None:
        """Compute the energy in eV of a closed shell; its charge is the sum of the atoms' initial ones."""
        from ase.units import Bohr, Hartree

        super().calculate(atoms, properties, system_changes)
        charge = round(float(self.atoms.get_initial_charges().sum()))
        structure = Structure(tuple(self.atoms.symbols), self.atoms.positions, charge)
        if self.parameters["method"] == _FORCE_FIELD:
            with force_field_surface(structure) as surface:
                energy, _ = surface(self.atoms.positions / Bohr)
        else:
            energy = single_point_energy(structure, surface=SURFACES["gfn2"], solvent="gas")
        self.results = {"energy": energy * Hartree}


@contextmanager
def lent() -> Iterator[None]:
    """Let what is imported meanwhile find this calculator where xtb-python has its own."""
    names = ("xtb", "xtb.ase", "xtb.ase.calculator")
    before = {name: sys.modules.get(name) for name in names}
    sys.modules.update({name: ModuleType(name) for name in names})
    sys.modules[names[-1]].XTB = LentCalculator  # type: ignore[attr-defined]
    try:
        yield
    finally:
        for name, module in before.items():
            if module is None:
                del sys.modules[name]
            else:
                sys.modules[name] = module
