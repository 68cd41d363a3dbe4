"""One rare earth in the place of another: the geometry between a template and its relaxation."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from reexplore.chemistry.metals import Metal
from reexplore.structures.geometry import Layout, Structure

#: Change of the mean metal-donor distance per change of the Shannon radius from La over Eu to Lu,
#: measured here with `relax`: 0.47 for [M(HOPO-H)(H2O)6]2+, 0.51 for [M(CAM-H)(H2O)6]+ (0.3 for the
#: ligand's donors, 0.55 for the waters). In crystals it is near 1: GFN2-xTB under-estimates the
#: lanthanide contraction.
CONTRACTION = 0.5

#: A ligand whose donors' centroid is nearer to the metal than this surrounds it and has no direction.
_WRAPPED_ANGSTROM = 0.5
_TOLERANCE_ANGSTROM = 1e-9
_ITERATIONS = 50


def exchange_metal(structure: Structure, *, layout: Layout, old: Metal, new: Metal) -> Structure:
    """Return the structure with `new` in the place of `old` and every ligand and water moved to suit.

    Each of them moves rigidly along the line from the metal to the centroid of its donors until the
    mean of its metal-donor distances has changed by `CONTRACTION` times the change of the Shannon
    radius. A ligand that surrounds the metal stays where it is. The charge does not change.
    """
    if len(structure) != len(layout) or structure.symbols[0] != old.symbol:
        raise ValueError(
            f"a complex of {old.symbol} with {len(layout)} atoms is needed,"
            f" not {len(structure)} atoms that begin with {structure.symbols[0]}"
        )
    change = CONTRACTION * (new.shannon_radius_angstrom - old.shannon_radius_angstrom)
    metal = structure.positions_angstrom[0]
    positions = structure.positions_angstrom.copy()
    for k in range(layout.ligands):
        atoms = list(layout.ligand(k))
        donors = positions[[atoms[d] for d in layout.ligand_donors]] - metal
        positions[atoms] += _translation(donors, change)
    for k in range(layout.waters):
        atoms = list(layout.water(k))
        positions[atoms] += _translation(positions[atoms[:1]] - metal, change)
    return Structure((new.symbol, *structure.symbols[1:]), positions, structure.charge)


def _translation(donors: NDArray[np.float64], change: float) -> NDArray[np.float64]:
    """Return the shift along the donors' centroid that changes their mean length by `change` (Newton)."""
    centroid = donors.mean(axis=0)
    height = float(np.linalg.norm(centroid))
    if height < _WRAPPED_ANGSTROM or change == 0.0:
        return np.zeros(3)
    direction = centroid / height
    wanted = np.linalg.norm(donors, axis=1).mean() + change
    shift = change
    for _ in range(_ITERATIONS):
        moved = donors + shift * direction
        lengths = np.linalg.norm(moved, axis=1)
        error = lengths.mean() - wanted
        if abs(error) < _TOLERANCE_ANGSTROM:
            break
        shift -= error / (moved @ direction / lengths).mean()
    return np.asarray(shift * direction)
