"""Complexes as densities on a grid around the metal: what a convolutional network sees.

Every atom is a Gaussian. Importing this module loads torch.
"""

from __future__ import annotations

from itertools import permutations, product

import numpy as np
import torch
from numpy.typing import NDArray
from rdkit import Chem

from reexplore.chemistry.metals import METALS, SERIES
from reexplore.errors import InputError
from reexplore.structures.structure import Structure
from reexplore.surrogate.settings import VoxelSettings

Array = NDArray[np.float64]

#: One channel each; then the metal's, and its ionic radius as a value.
GROUPS = (("H",), ("C",), ("N",), ("O",), ("F", "Cl", "Br", "I"), ("B", "Si", "P", "S"))
_CHANNEL = {symbol: number for number, symbols in enumerate(GROUPS) for symbol in symbols}
_COLOURS = 3
_RADII = np.array([metal.shannon_radius_angstrom for metal in SERIES])


def channels(settings: VoxelSettings) -> int:
    """Return how many densities there are."""
    return _COLOURS if settings.channels == "rgb" else len(GROUPS) + 2


def weights(structure: Structure, settings: VoxelSettings) -> Array:
    """Return how much of each channel an atom is, shape (atoms, channels); the metal is the first atom.

    Raises `InputError` for an element that no channel holds, and for an atom beyond the box.
    """
    metal, *others = structure.symbols
    if strange := sorted(set(others) - _CHANNEL.keys()):
        known = ", ".join(_CHANNEL)
        raise InputError(f"the voxel network knows no element {', '.join(strange)} in a ligand; it knows {known}")
    away = np.linalg.norm(structure.positions_angstrom - structure.positions_angstrom[0], axis=1).max()
    if away > settings.reach_angstrom:
        raise InputError(
            f"an atom lies {away:.1f} Å from {metal}, and the box of the voxel network ends at"
            f" {settings.reach_angstrom:.1f} Å: take another surrogate"
        )
    if settings.channels == "rgb":
        return _colours(structure)
    found = np.zeros((len(structure), len(GROUPS) + 2))
    found[np.arange(1, len(structure)), [_CHANNEL[symbol] for symbol in others]] = 1.0
    # Without its radius one lanthanide would be the other.
    radius = (METALS[metal].shannon_radius_angstrom - _RADII.mean()) / _RADII.std()
    found[0, -2:] = 1.0, radius
    return found


def _colours(structure: Structure) -> Array:
    """Return the colour of each atom as Jmol shows it, shape (atoms, 3)."""
    from ase.data.colors import jmol_colors

    table = Chem.GetPeriodicTable()
    numbers = [table.GetAtomicNumber(symbol) for symbol in structure.symbols]
    return np.asarray(jmol_colors[numbers], dtype=np.float64)


def in_own_axes(structure: Structure) -> Array:
    """Return positions about the metal in the principal axes of the nuclear charges, in Å, shape (atoms, 3).

    A turned complex has the same but for the axes' signs, and these are among `TURNS`.
    """
    table = Chem.GetPeriodicTable()
    charge = np.array([table.GetAtomicNumber(symbol) for symbol in structure.symbols], dtype=np.float64)
    positions = structure.positions_angstrom - structure.positions_angstrom[0]
    _, axes = np.linalg.eigh(np.einsum("a,ai,aj->ij", charge, positions, positions))
    return np.asarray(positions @ (axes * np.sign(np.linalg.det(axes))))


def _turns() -> Array:
    """Return the twelve rotations of a tetrahedron: cyclic exchanges of the axes, with an even number of signs."""
    found = []
    for order, signs in product(permutations(range(3)), product((1.0, -1.0), repeat=3)):
        turn = np.eye(3)[list(order)] * np.array(signs)
        if order in ((0, 1, 2), (1, 2, 0), (2, 0, 1)) and np.prod(signs) > 0:
            found.append(turn)
    return np.array(found)


#: Fixed rotations over which predictions are averaged, shape (12, 3, 3). They are a group that has all signs of axes.
TURNS = _turns()


def random_turn(random: np.random.Generator) -> Array:
    """Return a rotation drawn evenly from all (K. Shoemake, Graphics Gems III, 1992), shape (3, 3)."""
    from scipy.spatial.transform import Rotation

    return np.asarray(Rotation.random(rng=random).as_matrix())


def densities(positions_angstrom: Array, weight: Array, settings: VoxelSettings) -> torch.Tensor:
    """Return the densities of one complex, shape (channels, points, points, points), the metal in the middle."""
    points = settings.points
    axis = (np.arange(points) - (points - 1) / 2) * settings.spacing_angstrom
    away = positions_angstrom[:, :, None] - axis
    along = torch.as_tensor(np.exp(-0.5 * (away / settings.width_angstrom) ** 2), dtype=torch.float32)
    amount = torch.as_tensor(weight, dtype=torch.float32)
    found = torch.zeros(weight.shape[1], points, points, points)
    for channel in range(weight.shape[1]):
        atoms = torch.nonzero(amount[:, channel])[:, 0]
        if len(atoms):
            x, y, z = (along[atoms, k] for k in range(3))
            plane = (y[:, :, None] * z[:, None, :]).flatten(1)
            found[channel] = ((x * amount[atoms, channel, None]).T @ plane).view(points, points, points)
    return found
