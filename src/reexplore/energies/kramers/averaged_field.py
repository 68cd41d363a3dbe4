"""Configuration-averaged Hartree-Fock: the mean energy of all states of Hund's spin in the 4f shell.

The average over all determinants makes the densities of the shell spherical in orbital space, so that the energy of a
state-averaged complete active space, 4fⁿ in 7 orbitals, needs no configuration interaction while orbitals are found
(A. Soncini, M. Piccardo, S. Calvello, arXiv:1509.00974).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reexplore.energies.kramers.f_configuration import ORBITALS
from reexplore.energies.kramers.integrals import Integrals

Array = NDArray[np.float64]


@dataclass(frozen=True)
class ShellAverage:
    """Coefficients of the averaged shell: electrons an orbital, and the weights of Coulomb and exchange energy."""

    occupation: float
    coulomb: float
    exchange: float

    @classmethod
    def of(cls, electrons: int) -> ShellAverage:
        """Return those of all states of the highest spin of fⁿ.

        n = a + b electrons of spin up and down with a the most: pairs of one spin avoid each other in
        a(a − 1)/42 of all pairs of orbitals, pairs of two spins meet in ab/49 of them.
        """
        up = min(electrons, ORBITALS)
        down = electrons - up
        pairs = ORBITALS * (ORBITALS - 1)
        alike = (up * (up - 1) + down * (down - 1)) / pairs
        return cls(electrons / ORBITALS, alike + 2 * up * down / ORBITALS**2, alike)


@dataclass(frozen=True)
class Mean:
    """The energy at some orbitals with its Fock matrices in the basis, Hartree.

    `inactive` is the field of nuclei and closed shells; `closed` that of everything; `shell` is the generalised Fock
    matrix of the 4f shell.
    """

    energy_hartree: float
    inactive: Array
    closed: Array
    shell: Array


class AveragedField:
    """The averaged energy of `closed` doubly filled orbitals and seven 4f orbitals with `electrons` in them."""

    def __init__(self, mol: Any, integrals: Integrals, core_hamiltonian: Array, electrons: int) -> None:
        self.mol, self.integrals, self.core_hamiltonian = mol, integrals, core_hamiltonian
        self.overlap: Array = mol.intor("int1e_ovlp")
        self.average = ShellAverage.of(electrons)
        self.closed = (mol.nelectron - electrons) // 2
        self.builds = 0

    @property
    def shell(self) -> slice:
        """Return the places of the 4f orbitals among all orbitals."""
        return slice(self.closed, self.closed + ORBITALS)

    def at(self, orbitals: Array) -> Mean:
        """Return the energy and its Fock matrices at orbitals (nao, n): closed shells first, then the 4f shell."""
        return self.of_parts(orbitals[:, : self.closed], orbitals[:, self.shell])

    def of_parts(self, closed: Array, shell: Array) -> Mean:
        """Return the same for closed orbitals, scaled by the roots of their occupations, and 4f orbitals."""
        self.builds += 1
        average, core = self.average, self.core_hamiltonian
        filled, spread = 2.0 * closed @ closed.T, shell @ shell.T
        (j_filled, j_spread), (k_filled, k_spread) = self.integrals.coulomb_and_exchange(np.array([filled, spread]))
        inactive = core + j_filled - 0.5 * k_filled
        own = average.coulomb * j_spread - average.exchange * k_spread
        energy = (
            0.5 * np.vdot(filled, core + inactive)
            + average.occupation * np.vdot(spread, inactive)
            + 0.5 * np.vdot(spread, own)
            + self.mol.energy_nuc()
        )
        return Mean(
            float(energy),
            inactive,
            inactive + average.occupation * (j_spread - 0.5 * k_spread),
            average.occupation * inactive + own,
        )
