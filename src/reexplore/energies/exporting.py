"""Labels for other programs: the same single point as a file that PySCF or ORCA can run without this package."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, Protocol, get_args

from reexplore.chemistry.metals import METALS
from reexplore.energies.levels import Level, require_support
from reexplore.errors import InputError
from reexplore.structures.geometry import Structure

Program = Literal["pyscf", "orca"]
PROGRAMS: tuple[Program, ...] = get_args(Program)

#: How the file for each program is called.
SUFFIXES: dict[Program, str] = {"pyscf": ".py", "orca": ".inp"}


class _Writer(Protocol):
    def __call__(self, structure: Structure, *, level: Level, multiplicity: int) -> str: ...


def export_label(structure: Structure, *, level: Level, program: Program, multiplicity: int | None = None) -> str:
    """Return the input with which a program computes the energy of a structure at a level.

    `multiplicity` None is what the level implies. The level may be one that is declared but cannot be run here.
    Raises `InputError` for an invented level, an element the level does not cover, a multiplicity that the number of
    electrons forbids, or a part of the level that the program has no counterpart for.
    """
    if level.is_fake:
        raise InputError(f"level '{level.name}' is invented: no other program can compute its energies")
    require_support(level, structure.symbols)
    spin = implied_multiplicity(structure, level) if multiplicity is None else multiplicity
    electrons = _valence_electrons(structure, level)
    if spin < 1 or electrons < spin - 1 or (electrons - spin + 1) % 2:
        raise InputError(
            f"{electrons} valence electrons at level '{level.name}' and charge {structure.charge:+d}"
            f" cannot have multiplicity {spin}: check both"
        )
    return _writer(program)(structure, level=level, multiplicity=spin)


def implied_multiplicity(structure: Structure, level: Level) -> int:
    """Return 2S + 1: 1 at a level of closed shells, otherwise that of the metal's ground term (Hund)."""
    spins = [METALS[symbol].multiplicity - 1 for symbol in structure.symbols if symbol in METALS]
    return sum(spins) + 1 if level.open_shells else 1


def _valence_electrons(structure: Structure, level: Level) -> int:
    from ase.data import atomic_numbers

    cores = {symbol: level.treatment_of(symbol).core_of(symbol) for symbol in set(structure.symbols) & set(METALS)}
    return sum(int(atomic_numbers[s]) - cores.get(s, 0) for s in structure.symbols) - structure.charge


def _writer(program: Program) -> _Writer:
    from reexplore.energies.orca_input import orca_input
    from reexplore.energies.pyscf_script import pyscf_script

    writers: dict[Program, Callable[..., str]] = {"pyscf": pyscf_script, "orca": orca_input}
    return writers[program]
