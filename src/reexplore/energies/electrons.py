"""How many electrons a structure has at a level, and how many of them are unpaired."""

from __future__ import annotations

from reexplore.chemistry.metals import METALS
from reexplore.energies.levels import Level, core_electrons, require_support
from reexplore.errors import InputError
from reexplore.structures.structure import Structure


def electron_count(structure: Structure, level: Level) -> int:
    """Return the number of electrons a level treats, those that core potentials replace left out.

    Raises `InputError` for elements the level does not cover.
    """
    from ase.data import atomic_numbers

    require_support(level, structure.symbols)
    cores = sum(core_electrons(level, symbol) for symbol in structure.symbols)
    return sum(atomic_numbers[symbol] for symbol in structure.symbols) - cores - structure.charge


def implied_unpaired(structure: Structure, level: Level) -> int:
    """Return the number of unpaired electrons, 2S, that a level takes when none is named.

    Trivalent ions with an open 4f shell have those of Hund's rule, where the level treats the shell;
    ligands, and everything at other levels, are closed shells.
    """
    if not level.open_shells:
        return 0
    return sum(METALS[symbol].multiplicity - 1 for symbol in structure.symbols if symbol in METALS)


def checked_unpaired(structure: Structure, level: Level, unpaired: int | None) -> int:
    """Return the number of unpaired electrons, the implied one for None, when charge and electrons allow it.

    Raises `InputError` otherwise, with the charges that would. An invented energy has no electrons.
    """
    if level.is_fake:
        return 0
    electrons = electron_count(structure, level)
    asked = implied_unpaired(structure, level) if unpaired is None else unpaired
    charge = structure.charge
    if asked and not level.open_shells:
        raise InputError(
            f"level '{level.name}' treats closed shells only, without unpaired electrons, not {asked};"
            " `reexplore levels list` says which levels have open 4f shells"
        )
    if not 0 <= asked <= electrons or (electrons - asked) % 2:
        unpaired_told = f"cannot have {asked} unpaired" if asked else "cannot all be paired"
        other_spins = (
            f", or the number of unpaired electrons {abs(asked - 1)} or {asked + 1}" if level.open_shells else ""
        )
        raise InputError(
            f"the charge {charge:+d} leaves {electrons} electrons at level '{level.name}', which {unpaired_told}:"
            f" is the charge {charge - 1:+d} or {charge + 1:+d}{other_spins}?"
        )
    return asked
