"""A sketch of a complex in milliseconds: for rehearsals of a campaign, never a geometry to quote."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from reexplore.chemistry.candidates import Candidate
from reexplore.chemistry.metals import Metal
from reexplore.structures.conformers import free_ligand_conformers, water
from reexplore.structures.geometry import Layout, Structure
from reexplore.structures.quality import DONOR_RADII_ANGSTROM

Array = NDArray[np.float64]

#: Orientations tried for each ligand and each water.
_TRIALS = 200
_STEPS = 100


def sketch_complex(candidate: Candidate, *, seed: int) -> Structure:
    """Return a rough complex in `Layout` order, without any quantum chemistry.

    A stand-in for rehearsals: rigid force-field ligands and waters around the metal at the sum of
    ionic radii, each turned so that it keeps away from those before it. Nobody may quote it. The same
    seed gives the same sketch.
    """
    rng = np.random.default_rng(seed)
    layout = Layout.of(candidate)
    ligand = free_ligand_conformers(candidate.ligand, count=1, seed=seed)[0]
    facing = _facing(ligand, list(layout.ligand_donors), candidate.metal)
    oxygen = _bond_length("O", candidate.metal)
    wet = water().positions_angstrom + np.array([0.0, 0.0, oxygen])
    placed = np.zeros((1, 3))
    for part in [facing] * candidate.ligands + [wet] * candidate.waters:
        placed = np.vstack([placed, _turned_away(part, placed[1:], rng)])
    waters = water().symbols * candidate.waters
    symbols = (candidate.metal.symbol, *ligand.symbols * candidate.ligands, *waters)
    return Structure(symbols, placed, candidate.charge)


def _bond_length(donor: str, metal: Metal) -> float:
    return metal.shannon_radius_angstrom + DONOR_RADII_ANGSTROM[donor]


def _facing(ligand: Structure, donors: list[int], metal: Metal) -> Array:
    """Return the ligand's positions with the metal at the origin, at its bond length from every donor."""
    positions = ligand.positions_angstrom
    wanted = np.array([_bond_length(ligand.symbols[d], metal) for d in donors])
    outward = positions[donors].mean(axis=0) - positions.mean(axis=0)
    place = positions[donors].mean(axis=0) + 2.0 * outward / np.linalg.norm(outward)
    for _ in range(_STEPS):
        arms = place - positions[donors]
        lengths = np.linalg.norm(arms, axis=1)
        place = place - np.linalg.lstsq(arms / lengths[:, None], lengths - wanted, rcond=None)[0]
    return positions - place


def _turned_away(part: Array, others: Array, rng: np.random.Generator) -> Array:
    """Return `part` turned about the metal into the trial orientation farthest from `others`."""
    from scipy.spatial.transform import Rotation

    trials = Rotation.random(_TRIALS, rng).as_matrix()
    turned = np.einsum("kij,aj->kai", trials, part)
    if len(others) == 0:
        return np.asarray(turned[0])
    nearest = np.linalg.norm(turned[:, :, None] - others, axis=-1).min(axis=(1, 2))
    return np.asarray(turned[np.argmax(nearest)])
