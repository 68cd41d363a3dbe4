"""Small magnets that the tests of this package share."""

from __future__ import annotations

import numpy as np

from reexplore.structures.structure import Structure

#: Linear [Dy(OH)2]+, Dy–O 2.05 Å.
LINEAR = Structure(
    ("Dy", "O", "H", "O", "H"),
    np.array([[0.0, 0.0, 0.0], [0.0, 0.0, 2.05], [0.0, 0.0, 3.01], [0.0, 0.0, -2.05], [0.0, 0.0, -3.01]]),
    1,
)


def turned(structure: Structure) -> Structure:
    """Return the structure rotated by an arbitrary proper rotation and moved."""
    rotation, _ = np.linalg.qr(np.random.default_rng(3).normal(size=(3, 3)))
    rotation[:, 0] *= np.linalg.det(rotation)
    return structure.moved_to(structure.positions_angstrom @ rotation.T + np.array([3.0, -2.0, 7.0]))
