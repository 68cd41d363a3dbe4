"""One rare earth in the place of another: the geometry between a template and its relaxation."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from reexplore.chemistry.metals import Metal
from reexplore.structures.geometry import Layout, Structure

Array = NDArray[np.float64]

WATER = "water"

#: Change of a metal-donor distance per change of the Shannon radius, by coordination number and by the
#: ligand's donor element or water: means over one-ligand aqua complexes of eight ligands (two with N, two
#: with S) with fifteen lanthanides at coordination number 8 and four at 6, relaxed with GFN2-xTB in ALPB
#: water (`python benchmarks/contraction.py`). Standard errors are 0.01 to 0.04. In crystals these are
#: near 1: GFN2-xTB under-estimates the lanthanide contraction, the more the more crowded the metal is.
#: Phosphorus has not been measured and is taken for sulfur; number 9 is taken for 8.
CONTRACTION: dict[int, dict[str, float]] = {
    6: {"O": 0.49, "N": 0.35, "S": 0.59, "P": 0.59, WATER: 0.74},
    8: {"O": 0.34, "N": 0.03, "S": 0.23, "P": 0.23, WATER: 0.42},
}

#: What the distances of metals other than lanthanides have beside that line, in Å (same source).
OFFSET_ANGSTROM: dict[str, dict[str, float]] = {
    "Sc": {"O": -0.065, "N": -0.063, "S": 0.033, "P": 0.033, WATER: -0.074},
    "Y": {"O": -0.138, "N": -0.145, "S": -0.090, "P": -0.090, WATER: -0.022},
}

#: A ligand whose donors' centroid is nearer to the metal than this surrounds it and has no direction.
_WRAPPED_ANGSTROM = 0.5
_TOLERANCE_ANGSTROM = 1e-9
_ITERATIONS = 50


def exchange_metal(structure: Structure, *, layout: Layout, old: Metal, new: Metal) -> Structure:
    """Return the structure with `new` in the place of `old` and every ligand and water moved to suit.

    Each of them moves as `part_shifts` says. The charge does not change.
    """
    if len(structure) != len(layout) or structure.symbols[0] != old.symbol:
        raise ValueError(
            f"a complex of {old.symbol} with {len(layout)} atoms is needed,"
            f" not {len(structure)} atoms that begin with {structure.symbols[0]}"
        )
    (shifts,) = part_shifts(structure, layout=layout, old=old, metals=(new,))
    positions = structure.positions_angstrom.copy()
    for part, shift in zip(parts(layout), shifts, strict=True):
        positions[list(part)] += shift
    return Structure((new.symbol, *structure.symbols[1:]), positions, structure.charge)


def parts(layout: Layout) -> list[range]:
    """Return the atoms of each ligand and then of each water: what moves as one when the metal is exchanged."""
    return [layout.ligand(k) for k in range(layout.ligands)] + [layout.water(k) for k in range(layout.waters)]


def part_shifts(structure: Structure, *, layout: Layout, old: Metal, metals: Sequence[Metal]) -> Array:
    """Return how far each ligand and water moves for each metal, in Å, shape (metals, parts, 3).

    Each moves rigidly along the line from the metal to the centroid of its donors until the mean of
    its metal-donor distances has changed by what `expected_change_angstrom` says of its donors. A
    ligand that surrounds the metal stays where it is.
    """
    metal, number = structure.positions_angstrom[0], len(layout.donors)
    shifts = []
    for k, part in enumerate(parts(layout)):
        is_ligand = k < layout.ligands
        atoms = [part[d] for d in layout.ligand_donors] if is_ligand else [part[0]]
        classes = [structure.symbols[a] for a in atoms] if is_ligand else [WATER]
        changes = np.array(
            [
                np.mean([expected_change_angstrom(c, old=old, new=m, coordination_number=number) for c in classes])
                for m in metals
            ]
        )
        shifts.append(_translations(structure.positions_angstrom[atoms] - metal, changes))
    return np.stack(shifts, axis=1)


def expected_change_angstrom(donor: str, *, old: Metal, new: Metal, coordination_number: int) -> float:
    """Return the change of a metal-donor distance in Å; `donor` is the ligand's donor element or `water`."""
    nearest = min(CONTRACTION, key=lambda number: (abs(number - coordination_number), number))
    radii = new.shannon_radius_angstrom - old.shannon_radius_angstrom
    return CONTRACTION[nearest][donor] * radii + _offset(new, donor) - _offset(old, donor)


def _offset(metal: Metal, donor: str) -> float:
    return OFFSET_ANGSTROM.get(metal.symbol, {}).get(donor, 0.0)


def _translations(donors: Array, changes: Array) -> Array:
    """Return the shifts along the donors' centroid that change their mean length by `changes` (Newton)."""
    centroid = donors.mean(axis=0)
    height = float(np.linalg.norm(centroid))
    if height < _WRAPPED_ANGSTROM:
        return np.zeros((len(changes), 3))
    direction = centroid / height
    wanted = np.linalg.norm(donors, axis=1).mean() + changes
    shift = changes.copy()
    for _ in range(_ITERATIONS):
        moved = donors + shift[:, None, None] * direction
        lengths = np.linalg.norm(moved, axis=-1)
        error = lengths.mean(axis=1) - wanted
        if np.abs(error).max() < _TOLERANCE_ANGSTROM:
            break
        shift -= error / (moved @ direction / lengths).mean(axis=1)
    # The same metal is the same geometry, to the last digit.
    return np.asarray(np.where(changes == 0.0, 0.0, shift)[:, None] * direction)
