"""A part of the second shell: waters that take hydrogen bonds from the waters of a complex."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from reexplore.chemistry.metals import METALS
from reexplore.structures.structure import Structure
from reexplore.structures.xtb.relax import relax
from reexplore.structures.xtb.surfaces import GFN2_M

Array = NDArray[np.float64]

_BOND_ANGSTROM = 2.65
_BOUND_WATER_ANGSTROM = 2.95
_OH_ANGSTROM = 0.96
_STARTS = 4


def shell_of(structure: Structure, *, waters: int) -> Structure:
    """Return a complex with so many waters of its second shell, the lowest of four minima on gfn2-m."""
    minima = [relax(_start(structure, waters, np.random.default_rng(seed)), surface=GFN2_M) for seed in range(_STARTS)]
    return min(minima, key=lambda minimum: minimum.energy_hartree).structure


def _start(structure: Structure, waters: int, chance: np.random.Generator) -> Structure:
    """Return the complex with waters at its waters' hydrogens, far from each other and from all else."""
    at = structure.positions_angstrom
    bonds = _bonds(structure)
    places = np.array([at[h] - at[o] for o, h in bonds])
    places = np.array([at[o] for o, _ in bonds]) + _BOND_ANGSTROM * places / np.linalg.norm(places, axis=1)[:, None]
    free = [
        i
        for i, bond in enumerate(bonds)
        if min(np.linalg.norm(places[i] - at[j]) for j in range(len(at)) if j not in bond) > 2.0
    ]
    taken = [int(chance.choice(free))]
    while len(taken) < waters:
        apart = {i: min(float(np.linalg.norm(places[i] - places[j])) for j in taken) for i in free if i not in taken}
        taken.append(max(apart, key=lambda i: apart[i] + 0.5 * chance.random()))
    symbols, positions = list(structure.symbols), [*at]
    for i in taken:
        along = places[i] - at[bonds[i][0]]
        along /= np.linalg.norm(along)
        across = np.cross(along, chance.normal(size=3))
        across /= np.linalg.norm(across)
        symbols += ["O", "H", "H"]
        hydrogens = [places[i] + _OH_ANGSTROM * (0.58 * along + sign * 0.81 * across) for sign in (1, -1)]
        positions += [places[i], *hydrogens]
    return Structure(tuple(symbols), np.array(positions), structure.charge)


def _bonds(structure: Structure) -> list[tuple[int, int]]:
    """Return oxygen and hydrogen of every O-H bond of the waters at the metal."""
    at, symbols = structure.positions_angstrom, structure.symbols
    apart = np.linalg.norm(at[:, None] - at[None], axis=-1)
    metal = next(i for i, symbol in enumerate(symbols) if symbol in METALS)
    found = []
    for o, symbol in enumerate(symbols):
        near = [i for i in range(len(symbols)) if i != o and apart[o, i] < 1.6]
        if symbol == "O" and apart[o, metal] < _BOUND_WATER_ANGSTROM and [symbols[i] for i in near] == ["H", "H"]:
            found += [(o, h) for h in near]
    return found
