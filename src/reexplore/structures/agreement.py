"""How far two geometries of one complex are apart, whichever way their equal parts are numbered."""

from __future__ import annotations

from itertools import permutations

import numpy as np
from numpy.typing import NDArray

from reexplore.structures.geometry import Layout, Structure

Array = NDArray[np.float64]

#: Assigning waters and turning are repeated until nothing changes, this often at most.
_ROUNDS = 20


def heavy_atom_rmsd_angstrom(first: Structure, second: Structure, *, layout: Layout) -> float:
    """Return the root mean square distance of the heavy atoms after the best rotation and translation, in Å.

    Equal ligands may change places, and so may waters; every order of the ligands is tried, and waters
    are assigned to the nearest and turned again until that settles. Atoms within a ligand keep their
    numbers, so that a phenyl turned by half a circle counts as different. Raises `ValueError` when the
    two are not the same complex.
    """
    if first.symbols[1:] != second.symbols[1:] or len(first) != len(layout):
        raise ValueError("two geometries of one complex are needed")
    heavy = [i for i in layout.ligand(0) if first.symbols[i] != "H"] if layout.ligands else []
    inside = [i - layout.ligand(0)[0] for i in heavy]
    oxygens = [layout.water(k)[0] for k in range(layout.waters)]
    ours = [0, *(layout.ligand(k)[i] for k in range(layout.ligands) for i in inside)]
    best = np.inf
    for order in permutations(range(layout.ligands)):
        theirs = [0, *(layout.ligand(k)[i] for k in order for i in inside)]
        best = min(best, _with_waters(first.positions_angstrom, second.positions_angstrom, ours, theirs, oxygens))
    return float(best)


def _with_waters(first: Array, second: Array, ours: list[int], theirs: list[int], waters: list[int]) -> float:
    """Return the least distance found when the waters of the second are assigned to those of the first."""
    from scipy.optimize import linear_sum_assignment

    moved = _superposed(first[ours], second[theirs], second)
    assigned: list[int] = []
    for _ in range(_ROUNDS):
        apart = np.linalg.norm(first[waters][:, None] - moved[waters][None], axis=-1)
        found = [waters[i] for i in linear_sum_assignment(apart**2)[1]]
        if found == assigned:
            break
        assigned = found
        moved = _superposed(first[ours + waters], second[theirs + assigned], second)
    difference = first[ours + waters] - moved[theirs + assigned]
    return float(np.sqrt((difference**2).sum(axis=1).mean()))


def _superposed(target: Array, mobile: Array, everything: Array) -> Array:
    """Return `everything`, of which `mobile` is a part, turned and moved so that `mobile` lies best on `target`."""
    from scipy.spatial.transform import Rotation

    centre, there = mobile.mean(axis=0), target.mean(axis=0)
    if len(target) == 1:
        return np.asarray(everything - centre + there)
    rotation, _ = Rotation.align_vectors(target - there, mobile - centre)
    return np.asarray(rotation.apply(everything - centre) + there)
