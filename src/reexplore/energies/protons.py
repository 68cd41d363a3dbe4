"""Protons that compete with a metal for a ligand: stability constants at a stated pH."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

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


def log_p(transfer_kcal_mol: float) -> float:
    """Return log10 of the partition ratio at 25 °C, organic over water, of what a transfer free energy moves."""
    return log_k(transfer_kcal_mol)


def from_deprotonated_kcal_mol(from_acid_kcal_mol: float, pka: Sequence[float], *, protons: int) -> float:
    """Return ΔG of M + L → ML of the deprotonated ligand, from ΔG with its acid, less `protons` in water, in its place.

    The measured pKa of the protons that left are what lies between.
    """
    return from_acid_kcal_mol - KCAL_MOL_PER_LOG_UNIT * sum(pka[:protons])


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


@dataclass(frozen=True)
class FreeLigandAtPH:
    """How free ligands are counted in water of one pH: partly protonated, by their pKa.

    `pka` are the measured ones of each ligand by its identity, the last proton to leave first; those of other ligands
    are computed.
    """

    ph: float
    pka: Mapping[str, tuple[float, ...]]

    def shift_kcal_mol(self, pka: Sequence[float], *, protons: int) -> float:
        """Return what the pH makes of the free energy of a ligand, of an acid with `protons` less these in water.

        That of the acid becomes the deprotonated ligand's by the pKa of the protons that left, and is lowered by the
        share of the ligand that holds protons.
        """
        return KCAL_MOL_PER_LOG_UNIT * (sum(pka[:protons]) - log_side_reaction(pka, ph=self.ph))
