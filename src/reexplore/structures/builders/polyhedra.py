"""Coordination polyhedra of rare-earth ions, as directions from the metal to its donors."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

# Angles from the main axis (D. L. Kepert, Inorganic Stereochemistry, Springer 1982, chapters 8, 11-13):
# those of the most favourable polyhedron of equal single donors.
_SQUARE_ANTIPRISM = 57.3
_DODECAHEDRON = (36.9, 69.5)
_PRISM = 49.0
_CAPPED_PRISM = 45.0
_CAPPED_SQUARE = (70.0, 127.0)
_CAPPED_OCTAHEDRON = (74.6, 130.3)
# The least repulsion of ten points by the sixth power of their distances (Kepert, chapter 14), found by us: with
# fourfold symmetry, and 0.2 % above it with a single twofold axis. The four general points lie at this polar angle
# and azimuth, the pairs in two planes at these polar angles.
_BICAPPED_SQUARE = 64.8
_SPHENOCORONA_FOUR, _SPHENOCORONA_PAIRS = (99.7, 32.5), (34.6, 147.3, 65.4)

#: That of single-ion magnets with two strong donors on its axis.
BIPYRAMID = "pentagonal bipyramid"

#: The polyhedra of each coordination number, the most common in crystals first.
POLYHEDRA: dict[int, tuple[str, ...]] = {
    6: ("octahedron", "trigonal prism"),
    7: (BIPYRAMID, "capped trigonal prism", "capped octahedron"),
    8: ("square antiprism", "dodecahedron", "bicapped trigonal prism", "hexagonal bipyramid"),
    9: ("tricapped trigonal prism", "capped square antiprism"),
    10: ("bicapped square antiprism", "sphenocorona"),
}


@lru_cache
def vertices(name: str) -> Array:
    """Return the vertices of a polyhedron as unit vectors, shape (coordination number, 3)."""
    directions = _DIRECTIONS[name]()
    directions.setflags(write=False)
    return directions


def _ring(polar: float, count: int, *, start: float = 0.0) -> Array:
    """Return `count` directions at one polar angle, evenly about the axis; angles in degrees."""
    theta = np.radians(polar)
    phi = np.radians(start + 360.0 / count * np.arange(count))
    return np.column_stack((np.sin(theta) * np.cos(phi), np.sin(theta) * np.sin(phi), np.full(count, np.cos(theta))))


def _bipyramid(count: int) -> Array:
    return np.vstack((_ring(90.0, count), _ring(0.0, 1), _ring(180.0, 1)))


def _capped_prism(caps: int) -> Array:
    polar = _PRISM if caps == 1 else _CAPPED_PRISM
    prism = (_ring(polar, 3), _ring(180.0 - polar, 3))
    return np.vstack((*prism, _ring(90.0, 3, start=60.0)[:caps]))


def _dodecahedron() -> Array:
    steep, flat = _DODECAHEDRON
    upper = (_ring(steep, 2), _ring(flat, 2, start=90.0))
    lower = (_ring(180.0 - steep, 2, start=90.0), _ring(180.0 - flat, 2))
    return np.vstack((*upper, *lower))


def _sphenocorona() -> Array:
    polar, azimuth = _SPHENOCORONA_FOUR
    first, second, third = _SPHENOCORONA_PAIRS
    four = (_ring(polar, 2, start=azimuth), _ring(polar, 2, start=-azimuth))
    return np.vstack((*four, _ring(first, 2), _ring(second, 2, start=90.0), _ring(third, 2, start=90.0)))


_DIRECTIONS = {
    "octahedron": lambda: _bipyramid(4),
    "trigonal prism": lambda: _capped_prism(0),
    BIPYRAMID: lambda: _bipyramid(5),
    "capped trigonal prism": lambda: _capped_prism(1),
    "capped octahedron": lambda: np.vstack(
        (_ring(0.0, 1), _ring(_CAPPED_OCTAHEDRON[0], 3), _ring(_CAPPED_OCTAHEDRON[1], 3, start=60.0))
    ),
    "square antiprism": lambda: np.vstack(
        (_ring(_SQUARE_ANTIPRISM, 4), _ring(180.0 - _SQUARE_ANTIPRISM, 4, start=45.0))
    ),
    "dodecahedron": _dodecahedron,
    "bicapped trigonal prism": lambda: _capped_prism(2),
    "hexagonal bipyramid": lambda: _bipyramid(6),
    "tricapped trigonal prism": lambda: _capped_prism(3),
    "capped square antiprism": lambda: np.vstack(
        (_ring(0.0, 1), _ring(_CAPPED_SQUARE[0], 4), _ring(_CAPPED_SQUARE[1], 4, start=45.0))
    ),
    "bicapped square antiprism": lambda: np.vstack(
        (
            _ring(0.0, 1),
            _ring(_BICAPPED_SQUARE, 4),
            _ring(180.0 - _BICAPPED_SQUARE, 4, start=45.0),
            _ring(180.0, 1),
        )
    ),
    "sphenocorona": _sphenocorona,
}
