"""What energies and charges of three states say of a molecule's chemistry: descriptors of conceptual DFT."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reexplore.electrons.states import ANION, CATION, NEUTRAL, ThreeStates

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Reactivity:
    """Descriptors of a molecule from its three states; arrays have the shape (atoms,)."""

    states: ThreeStates

    @property
    def electronegativity_ev(self) -> float:
        """Return Mulliken's (IP + EA) / 2 in eV (R. S. Mulliken, J. Chem. Phys. 1934, 2, 782)."""
        return (self.states.ionisation_potential_ev + self.states.electron_affinity_ev) / 2

    @property
    def hardness_ev(self) -> float:
        """Return IP − EA in eV (R. G. Parr, R. G. Pearson, J. Am. Chem. Soc. 1983, 105, 7512, without their half)."""
        return self.states.ionisation_potential_ev - self.states.electron_affinity_ev

    @property
    def electrophilicity_ev(self) -> float:
        """Return χ² / 2(IP − EA) in eV (R. G. Parr, L. v. Szentpály, S. Liu, J. Am. Chem. Soc. 1999, 121, 1922)."""
        return self.electronegativity_ev**2 / (2 * self.hardness_ev)

    @property
    def fukui_minus(self) -> Array:
        """Return the share of each atom in the electron that leaves: where electrophiles attack.

        W. Yang, W. J. Mortier, J. Am. Chem. Soc. 1986, 108, 5708.
        """
        return np.asarray(self.states.charges_e[CATION] - self.states.charges_e[NEUTRAL])

    @property
    def fukui_plus(self) -> Array:
        """Return the share of each atom in the electron that comes: where nucleophiles attack."""
        return np.asarray(self.states.charges_e[NEUTRAL] - self.states.charges_e[ANION])

    @property
    def philicity_minus_ev(self) -> Array:
        """Return electrophilicity times `fukui_minus` (P. K. Chattaraj et al., J. Phys. Chem. A 2003, 107, 4973)."""
        return self.electrophilicity_ev * self.fukui_minus

    @property
    def philicity_plus_ev(self) -> Array:
        """Return electrophilicity times `fukui_plus`."""
        return self.electrophilicity_ev * self.fukui_plus
