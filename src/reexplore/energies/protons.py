"""Protons that compete with a metal for a ligand: stability constants at a stated pH."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from scipy.special import logsumexp

from reexplore.energies.reactions import HARTREE_TO_KCAL_MOL
from reexplore.energies.thermal import concentration_hartree
from reexplore.errors import InputError

#: What a unit of log10 K is worth at 25 °C: RT ln 10, 1.364 kcal/mol.
KCAL_MOL_PER_LOG_UNIT = concentration_hartree(10.0) * HARTREE_TO_KCAL_MOL

LOWEST_PH, HIGHEST_PH = -1.0, 15.0


def log_k(free_energy_kcal_mol: float) -> float:
    """Return log10 K of a reaction at 25 °C, K in l/mol where one free ligand is bound."""
    return -free_energy_kcal_mol / KCAL_MOL_PER_LOG_UNIT


def log_side_reaction(pka: Sequence[float], *, ph: float) -> float:
    """Return log10 of all free ligand over its fully deprotonated part, α_L(H).

    `pka` are the ligand's, the last proton to leave first, so that they are the logarithms of its stepwise protonation
    constants (A. Ringbom, Complexation in Analytical Chemistry, 1963). Raises `InputError` for a pH outside −1 to 15.
    """
    if not LOWEST_PH <= ph <= HIGHEST_PH:
        raise InputError(f"a pH of {ph:g} is none of water: take one from {LOWEST_PH:g} to {HIGHEST_PH:g}", key="pH")
    taken_up = np.cumsum(np.asarray(pka, dtype=float) - ph)
    return float(logsumexp(np.log(10.0) * np.concatenate(([0.0], taken_up))) / np.log(10.0))


def conditional_log_k(stability: float, pka: Sequence[float], *, ph: float) -> float:
    """Return the logarithm of a stability constant as it acts at a pH, where protons hold a part of the ligand."""
    return stability - log_side_reaction(pka, ph=ph)


def require_pka(pka: Sequence[float], *, sites: int, ligand: str) -> None:
    """Raise `InputError` when a ligand cannot take so many protons, or they are not in the order in which they leave.

    `sites` is the number of its atoms that can hold one.
    """
    if not pka:
        raise InputError(f"'{ligand}' has no pKa", key="pka")
    if len(pka) > sites:
        raise InputError(
            f"'{ligand}' has {len(pka)} pKa and {sites} atoms that take a proton: leave some out", key="pka"
        )
    if any(first < second for first, second in pairwise(pka)):
        raise InputError(f"the pKa of '{ligand}' rise: write that of the last proton to leave first", key="pka")
