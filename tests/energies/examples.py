"""Small structures the tests of this package share."""

from __future__ import annotations

import numpy as np

from reexplore.structures.structure import Structure

WATER = Structure(("O", "H", "H"), np.array([[0.0, 0.0, 0.1173], [0.0, 0.7572, -0.4692], [0.0, -0.7572, -0.4692]]), 0)

#: Two waters of a GFN2-relaxed lanthanum complex, about 2.6 Å from the metal.
LANTHANUM_TWO_WATERS = Structure(
    ("La", "O", "H", "H", "O", "H", "H"),
    np.array(
        [
            [-0.01728416, -0.40184355, 0.11462891],
            [2.38961574, -0.11867632, 0.50754472],
            [3.05284339, 0.59108329, 0.50943890],
            [2.86915862, -0.92285680, 0.20544890],
            [-2.33959775, 0.35358123, 0.52053725],
            [-2.66493322, 0.49853537, 1.42262274],
            [-3.10569447, 0.02688721, 0.02081105],
        ]
    ),
    3,
)


def ion(symbol: str) -> Structure:
    return Structure((symbol,), np.zeros((1, 3)), 3)


def turned(structure: Structure) -> Structure:
    """Return the structure rotated by an arbitrary proper rotation and moved."""
    rotation, _ = np.linalg.qr(np.random.default_rng(3).normal(size=(3, 3)))
    rotation[:, 0] *= np.linalg.det(rotation)
    return structure.moved_to(structure.positions_angstrom @ rotation.T + np.array([3.0, -2.0, 7.0]))
