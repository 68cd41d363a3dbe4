"""The electrons' interaction on the processor: our density fit, integration in blocks, and factorised cavity."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import scipy.linalg
from numpy.typing import NDArray
from pyscf import dft, lib, scf

from reexplore.energies.dft.exchange_correlation import BlockedIntegrator
from reexplore.energies.dft.fitting import DensityFit
from reexplore.energies.dft.solvent import Cavity, Reaction
from reexplore.energies.levels import Level

Array = NDArray[np.float64]

#: The share of the memory limit that kept integrals and orbital values may take; matrices need the rest.
_KEPT_SHARE = 0.7


class Processor:
    """An `Interaction` that evaluates its integrals once; without a cavity there is no solvent."""

    card: str | None = None

    def __init__(
        self, mol: Any, level: Level, *, cavity: Cavity | None, memory_gb: float, scratch: Path | None = None
    ) -> None:
        self.mol, self.cavity = mol, cavity
        kept_bytes = _KEPT_SHARE * memory_gb * 1e9 - (cavity.bytes_in_memory if cavity is not None else 0)
        hybrid = dft.libxc.is_hybrid_xc(level.functional)
        self.exact_exchange = float(dft.libxc.hybrid_coeff(level.functional)) if hybrid else 0.0
        self.fit = DensityFit(
            mol,
            level.coulomb_fitting_basis,
            # Open shells start from Hartree-Fock whatever the functional.
            exchange=hybrid or mol.spin > 0,
            memory_bytes=kept_bytes,
            scratch=scratch,
        )
        self._functional = level.functional
        self._orbital_value_bytes = kept_bytes - self.fit.bytes_in_memory

    def use_grid(self, grid_level: int) -> None:
        """Integrate on this grid from now on, keeping orbital values while memory lasts."""
        self.grids = dft.gen_grid.Grids(self.mol)
        self.grids.level = grid_level
        self.grids.build()
        self._integrator = BlockedIntegrator(memory_bytes=self._orbital_value_bytes)

    def core_hamiltonian(self) -> Array:
        """Return the matrix of kinetic energy, nuclei and core potentials."""
        return np.asarray(scf.hf.get_hcore(self.mol))

    def potential(self, density: Array, *, hartree_fock: bool) -> Any:
        """Return the effective potential with its energies; the solvent sees the fitted density."""
        density = np.asarray(density)
        spins = density.reshape(-1, *density.shape[-2:])
        semilocal_energy, potential = (0.0, np.zeros_like(density)) if hartree_fock else self._semilocal_part(density)
        share = 1.0 if hartree_fock else self.exact_exchange
        moments = self.fit.moments(spins.sum(axis=0))
        coefficients = self.fit.coefficients(moments)
        reaction = self._reaction(coefficients)
        potential = potential + self.fit.potential_matrix(coefficients + reaction.coefficients)
        exchange_energy = 0.0
        if share:
            # A restricted matrix holds both spins, hence half of its exchange acts on each.
            exchange = share * len(spins) / 2.0 * self.fit.exchange(spins)
            exchange_energy = -0.5 * float(np.einsum("sij,sij->", exchange, spins))
            potential = potential - exchange.reshape(density.shape)
        # The fit's own energy ½ (ρ|ρ), in either form of the integrals.
        coulomb = 0.5 * float(moments @ (moments if self.fit.halved else coefficients))
        exc = semilocal_energy + exchange_energy
        return lib.tag_array(potential, ecoul=coulomb, exc=exc, e_solvent=reaction.energy_hartree)

    def diagonalised(self, matrix: Array, span: Array) -> tuple[Array, Array]:
        """Return eigenvalues and eigenvectors of a symmetric matrix within orthonormal orbitals."""
        energies, turned = scipy.linalg.eigh(span.T @ matrix @ span, overwrite_a=True)
        return energies, np.asarray(span @ turned)

    def solvent_hartree(self, density: Array) -> float:
        """Return the electrostatic energy of the solvent; the iterations' own is that of the fitted density."""
        return 0.0 if self.cavity is None else self.cavity.energy_hartree(density)

    def _semilocal_part(self, density: Array) -> tuple[float, Array]:
        """Return the functional's energy and potential without exact exchange."""
        integrate = self._integrator.nr_rks if density.ndim == 2 else self._integrator.nr_uks
        _, energy, potential = integrate(self.mol, self.grids, self._functional, density)
        return float(energy), potential

    def _reaction(self, coefficients: Array) -> Reaction:
        if self.cavity is None:
            return Reaction(0.0, np.zeros_like(coefficients), potential=np.zeros(0), charges=np.zeros(0))
        return self.cavity.reaction(coefficients, self.fit)
