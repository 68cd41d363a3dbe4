"""Labels for other programs: the same single point as a file that PySCF or ORCA can run without this package."""

from __future__ import annotations

from typing import Literal, get_args

from reexplore.energies.electrons import checked_unpaired
from reexplore.energies.levels import Level, require_support
from reexplore.energies.terms import ENGINE
from reexplore.errors import InputError
from reexplore.structures.structure import Structure

Program = Literal["pyscf", "orca"]
PROGRAMS: tuple[Program, ...] = get_args(Program)

#: How the file for each program ends.
SUFFIXES: dict[Program, str] = {"pyscf": ".py", "orca": ".inp"}


def export_label(structure: Structure, *, level: Level, program: Program, multiplicity: int | None = None) -> str:
    """Return the input with which a program computes the energy of a structure at a level.

    `multiplicity` None is what the level implies. The level may be one that is declared but cannot be run here.
    Raises `InputError` for an invented or semi-empirical level, an element the level does not cover, a multiplicity
    that the number of electrons forbids, or a part of the level that the program has no counterpart for.
    """
    from reexplore.energies.interchange.orca_input import orca_input
    from reexplore.energies.interchange.pyscf_script import pyscf_script

    if level.is_fake:
        raise InputError(f"level '{level.name}' is invented: no other program can compute its energies")
    if level.engine != ENGINE:
        raise InputError(f"level '{level.name}' is computed by {level.engine}: only levels of {ENGINE} are exported")
    require_support(level, structure.symbols)
    spin = multiplicity_of(structure, level, multiplicity)
    write = pyscf_script if program == "pyscf" else orca_input
    return write(structure, level=level, multiplicity=spin)


def multiplicity_of(structure: Structure, level: Level, multiplicity: int | None = None) -> int:
    """Return 2S + 1, that which the level implies for None; raise `InputError` when the electrons forbid it."""
    return checked_unpaired(structure, level, None if multiplicity is None else multiplicity - 1) + 1
