"""Small changes of a relaxed complex that lead into neighbouring minima.

Which of its donors a ligand turns where, and where its side chains point, is chance in any start; n ligands have
2^n ways. Changed one at a time from a relaxed structure, the ways need not all be tried.
"""

from __future__ import annotations

import numpy as np

from reexplore.chemistry.candidates import Candidate
from reexplore.structures.geometry import Layout, Structure
from reexplore.structures.rotamers import turned, turns


def neighbours(structure: Structure, candidate: Candidate) -> list[Structure]:
    """Return the unrelaxed structures one change away: a ligand turned over, or one of its side chains turned."""
    layout = Layout.of(candidate)
    found = []
    for index in range(layout.ligands):
        # A ligand that is alone with its metal looks the same from everywhere.
        if layout.ligands > 1 or layout.waters:
            found.append(turned_over(structure, candidate, index))
        first = layout.ligand(index)[0]
        found += [turned(structure, turn, first_atoms=[first]) for turn in turns(candidate.ligand)]
    return found


def turned_over(structure: Structure, candidate: Candidate, index: int) -> Structure:
    """Return the structure with one ligand turned by half a circle about the axis from the metal to its donors' middle.

    The donors of a bidentate ligand change places.
    """
    atoms = list(Layout.of(candidate).ligand(index))
    positions = structure.positions_angstrom.copy()
    metal = positions[0].copy()
    axis = positions[[atoms[donor] for donor in candidate.ligand.donors]].mean(axis=0) - metal
    axis /= np.linalg.norm(axis)
    arms = positions[atoms] - metal
    positions[atoms] = metal + 2.0 * np.outer(arms @ axis, axis) - arms
    return structure.moved_to(positions)
