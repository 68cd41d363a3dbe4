"""Small changes of a relaxed complex that lead into neighbouring minima.

Which of its donors a ligand turns where, and where its side chains point, is chance in any start; n ligands have
2^n ways. Changed one at a time from a relaxed structure, the ways need not all be tried.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from reexplore.chemistry.candidates import Candidate
from reexplore.chemistry.ligands import Ligand
from reexplore.structures.conformers.rotamers import half_turned, turned, turns
from reexplore.structures.structure import Layout, Structure

#: A ligand whose donors' middle is nearer to the metal surrounds it and has no side to be turned over on.
_LEAST_AXIS_ANGSTROM = 0.5


def neighbours(structure: Structure, candidate: Candidate) -> list[Structure]:
    """Return the unrelaxed structures one change away: a ligand turned over, or one of its side chains turned."""
    layout = Layout.of(candidate)
    # A ligand that is alone with its metal looks the same from everywhere.
    alone = layout.ligands == 1 and not layout.waters
    found = []
    for index, ligand in enumerate(candidate.bound):
        if not alone and _turns_over(ligand) and np.linalg.norm(_axis(structure, layout, index)) > _LEAST_AXIS_ANGSTROM:
            found.append(turned_over(structure, candidate, index))
        found += [turned(structure, turn, first_atoms=[layout.ligand(index)[0]]) for turn in turns(ligand)]
    return found


def turned_over(structure: Structure, candidate: Candidate, index: int) -> Structure:
    """Return the structure with one ligand turned by half a circle about the axis from the metal to its donors' middle.

    The donors of a bidentate ligand change places.
    """
    atoms = list(Layout.of(candidate).ligand(index))
    positions = structure.positions_angstrom.copy()
    axis = _axis(structure, Layout.of(candidate), index)
    positions[atoms] = half_turned(positions[atoms], through=positions[0], along=axis)
    return structure.moved_to(positions)


def _turns_over(ligand: Ligand) -> bool:
    """Return whether half a turn about the axis through a ligand's donors can change it: an atom alone stays."""
    return bool(ligand.mol_with_hydrogens.GetNumAtoms() > 1)


def _axis(structure: Structure, layout: Layout, index: int) -> NDArray[np.float64]:
    """Return the vector from the metal to the middle of a ligand's donors, Å."""
    donors = structure.positions_angstrom[list(layout.ligand_donors(index))]
    return np.asarray(donors.mean(axis=0) - structure.positions_angstrom[0])
