"""One rare earth in the place of another: the geometry between a template and its relaxation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from reexplore.chemistry.metals import Metal
from reexplore.structures.structure import Layout, Structure
from reexplore.structures.xtb.surfaces import EnergySurface

Array = NDArray[np.float64]

WATER = "water"


@dataclass(frozen=True)
class Contraction:
    """How far donors move with the metal on one kind of surface, by coordination number and donor.

    `slopes` hold the change of a metal-donor distance per change of the Shannon radius, by the ligand's donor element
    or water. `offsets_angstrom` are what the distances of some metals have beside the line through the lanthanides.
    What the ligand's donors have beside the line goes at the expense of the waters: with two HOPO and four waters
    yttrium's is -0.09 Å in plain GFN2-xTB, with four HOPO and none +0.02 Å (`--crowded`). It is therefore taken in
    proportion to the share of waters, `_SHARE_OF_WATERS` when measured. Phosphorus and chloride have not been measured
    and are taken for sulfur; numbers 9 and 10 are taken for 8, and 7 for 6.
    """

    slopes: dict[int, dict[str, float]]
    offsets_angstrom: dict[int, dict[str, dict[str, float]]]


#: Means over one-ligand aqua complexes of eight ligands (two with N, two with S) with fifteen lanthanides at
#: coordination number 8 and four at 6 (`python benchmarks/contraction.py`), by the number that stands in a task's
#: inputs: 1 in plain GFN2-xTB with ALPB water, which under-estimates the lanthanide contraction, 2 on gfn2-m.
CONTRACTIONS: dict[int, Contraction] = {
    1: Contraction(
        slopes={
            6: {"O": 0.49, "N": 0.35, "S": 0.58, "P": 0.58, "Cl": 0.58, WATER: 0.74},
            8: {"O": 0.34, "N": 0.03, "S": 0.23, "P": 0.23, "Cl": 0.23, WATER: 0.42},
        },
        offsets_angstrom={
            6: {
                "La": {"O": -0.021, "N": -0.004, "S": 0.001, "P": 0.001, "Cl": 0.001, WATER: 0.009},
                "Sc": {"O": -0.065, "N": -0.064, "S": 0.033, "P": 0.033, "Cl": 0.033, WATER: -0.074},
            },
            8: {
                "La": {"O": -0.013, "N": 0.005, "S": -0.004, "P": -0.004, "Cl": -0.004, WATER: 0.032},
                "Y": {"O": -0.135, "N": -0.137, "S": -0.090, "P": -0.090, "Cl": -0.090, WATER: -0.023},
            },
        },
    ),
    # Sulfur at 8 is taken from 6: of two ligands one lets its sulfur go from gadolinium on, and the other has no line.
    2: Contraction(
        slopes={
            6: {"O": 1.53, "N": 1.62, "S": 0.95, "P": 0.95, "Cl": 0.95, WATER: 1.65},
            8: {"O": 1.14, "N": 1.07, "S": 0.95, "P": 0.95, "Cl": 0.95, WATER: 1.24},
        },
        offsets_angstrom={
            6: {
                "La": {"O": 0.005, "N": 0.001, "S": 0.008, "P": 0.008, "Cl": 0.008, WATER: 0.012},
                "Sc": {"O": 0.047, "N": 0.036, "S": 0.0, "P": 0.0, "Cl": 0.0, WATER: 0.062},
            },
            8: {
                "La": {"O": 0.015, "N": 0.008, "S": 0.0, "P": 0.0, "Cl": 0.0, WATER: 0.027},
                "Y": {"O": 0.005, "N": -0.01, "S": 0.0, "P": 0.0, "Cl": 0.0, WATER: 0.021},
            },
        },
    ),
}
NEWEST_CONTRACTION = 2

_SHARE_OF_WATERS = {6: 4 / 6, 8: 6 / 8}

#: A ligand whose donors' centroid is nearer to the metal than this surrounds it and has no direction.
_WRAPPED_ANGSTROM = 0.5
_TOLERANCE_ANGSTROM = 1e-9
_ITERATIONS = 50


def contraction_of(surface: EnergySurface) -> int:
    """Return the number of the contraction that holds for a surface; one of another package is taken for gfn2-m."""
    return 1 if surface.engine is not None and not surface.is_corrected else NEWEST_CONTRACTION


def exchange_metal(
    structure: Structure, *, layout: Layout, old: Metal, new: Metal, contraction: int = NEWEST_CONTRACTION
) -> Structure:
    """Return the structure with `new` in the place of `old` and every ligand and water moved to suit.

    Each of them moves as `part_shifts` says. The charge does not change.
    """
    if len(structure) != len(layout) or structure.symbols[0] != old.symbol:
        raise ValueError(
            f"a complex of {old.symbol} with {len(layout)} atoms is needed,"
            f" not {len(structure)} atoms that begin with {structure.symbols[0]}"
        )
    (shifts,) = part_shifts(structure, layout=layout, old=old, metals=(new,), contraction=contraction)
    positions = structure.positions_angstrom.copy()
    for part, shift in zip(parts(layout), shifts, strict=True):
        positions[list(part)] += shift
    return Structure((new.symbol, *structure.symbols[1:]), positions, structure.charge)


def parts(layout: Layout) -> list[range]:
    """Return the atoms of each ligand, co-ligand and then water: what moves as one when the metal is exchanged."""
    return [layout.ligand(k) for k in range(layout.ligands)] + [layout.water(k) for k in range(layout.waters)]


def part_shifts(
    structure: Structure,
    *,
    layout: Layout,
    old: Metal,
    metals: Sequence[Metal],
    contraction: int = NEWEST_CONTRACTION,
) -> Array:
    """Return how far each ligand and water moves for each metal, in Å, shape (metals, parts, 3).

    Each moves rigidly along the line from the metal to the centroid of its donors until the mean of
    its metal-donor distances has changed by what `expected_change_angstrom` says of its donors. A
    ligand that surrounds the metal stays where it is.
    """
    centre = structure.positions_angstrom[0]
    shifts = []
    for k, part in enumerate(parts(layout)):
        is_ligand = k < layout.ligands
        atoms = list(layout.ligand_donors(k)) if is_ligand else [part[0]]
        classes = [structure.symbols[a] for a in atoms] if is_ligand else [WATER]
        expected = partial(
            expected_change_angstrom,
            old=old,
            coordination_number=len(layout.donors),
            waters=layout.waters,
            contraction=contraction,
        )
        changes = [np.mean([expected(donor, new=metal) for donor in classes]) for metal in metals]
        shifts.append(_translations(structure.positions_angstrom[atoms] - centre, np.array(changes)))
    return np.stack(shifts, axis=1)


def expected_change_angstrom(
    donor: str,
    *,
    old: Metal,
    new: Metal,
    coordination_number: int,
    waters: int,
    contraction: int = NEWEST_CONTRACTION,
) -> float:
    """Return the change of a metal-donor distance in Å; `donor` is the ligand's donor element or `water`."""
    table = CONTRACTIONS[contraction]
    number = min(table.slopes, key=lambda known: (abs(known - coordination_number), known))
    offsets = table.offsets_angstrom[number]
    beside = [offsets[metal.symbol][donor] if metal.symbol in offsets else 0.0 for metal in (old, new)]
    share = 1.0 if donor == WATER else waters / coordination_number / _SHARE_OF_WATERS[number]
    radii = new.shannon_radius_angstrom - old.shannon_radius_angstrom
    return table.slopes[number][donor] * radii + share * (beside[1] - beside[0])


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
