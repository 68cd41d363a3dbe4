"""The aqua ion [M(H2O)a]3+: what every exchange energy of a metal starts from."""

from __future__ import annotations

from reexplore.chemistry.candidates import Candidate
from reexplore.chemistry.ligands import Ligand
from reexplore.chemistry.metals import Metal

# A complex without ligands needs a ligand of which it has none; the same one for all, so that all share its results.
_NO_LIGAND = Ligand("[OH2:1]", 0, scaffold="water", substituents=())


def aqua_ion(metal: Metal, *, waters: int) -> Candidate:
    """Return the aqua ion of a metal as a complex without ligands.

    A metal whose aqua ion has another number of waters has its own: scandium six.
    """
    held = metal.usual_numbers
    return Candidate(_NO_LIGAND, metal, 0, waters if waters in held else held[0])
