"""The self-consistent field: PySCF's Kohn-Sham classes with our Coulomb, exchange, solvent and convergence."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import scipy.linalg
from numpy.typing import NDArray
from pyscf import dft, lib

from reexplore.energies.dft.exchange_correlation import BlockedIntegrator
from reexplore.energies.dft.fitting import DensityFit
from reexplore.energies.dft.solvent import Cavity, Reaction
from reexplore.energies.levels import Level

Array = NDArray[np.float64]

#: The share of the memory limit that kept integrals and orbital values may take; matrices need the rest.
_KEPT_SHARE = 0.7


class _Field:
    """What the restricted and the unrestricted field have in common; it stands before PySCF's class."""

    mol: Any
    xc: str
    grids: Any

    def equip(
        self,
        level: Level,
        *,
        cavity: Cavity | None,
        memory_gb: float,
        scratch: Path | None,
        left_out: Array | None = None,
    ) -> None:
        """Set what the level declares, and evaluate the integrals; without a cavity there is no solvent.

        No orbital, filled or empty, has a share in what is `left_out`, shape (nao, n).
        """
        kept_bytes = _KEPT_SHARE * memory_gb * 1e9 - (cavity.bytes_in_memory if cavity is not None else 0)
        hybrid = dft.libxc.is_hybrid_xc(level.functional)
        self.exact_exchange = float(dft.libxc.hybrid_coeff(level.functional)) if hybrid else 0.0
        self.fit = DensityFit(
            self.mol,
            level.coulomb_fitting_basis,
            # Open shells start from Hartree-Fock whatever the functional.
            exchange=hybrid or self.mol.spin > 0,
            memory_bytes=kept_bytes,
            scratch=scratch,
        )
        self._semilocal = True
        self.cavity = cavity
        self.direct_scf = False
        self.conv_check = False
        self.chkfile = None
        self.conv_tol = level.energy_tolerance_hartree
        self.conv_tol_grad = level.gradient_tolerance
        self.gradient_norm = float("inf")
        self._orbital_value_bytes = kept_bytes - self.fit.bytes_in_memory
        self.use_grid(level.grid_level)
        overlap = self.get_ovlp()  # type: ignore[attr-defined]
        if left_out is not None and left_out.size:
            self._span = _orthogonal_to(left_out, overlap)
        else:
            self._span = super().check_linear_dependency(overlap)  # type: ignore[misc]
        core_hamiltonian = super().get_hcore()  # type: ignore[misc]
        self.get_hcore = lambda *_: core_hamiltonian

    def use_grid(self, grid_level: int) -> None:
        """Integrate on PySCF's grid of this level from now on, keeping orbital values while memory lasts."""
        self.grids = dft.gen_grid.Grids(self.mol)
        self.grids.level = grid_level
        self.grids.build()
        self._numint = BlockedIntegrator(memory_bytes=self._orbital_value_bytes)

    @contextmanager
    def hartree_fock(self) -> Iterator[None]:
        """Replace the functional by exact exchange for a while."""
        share, self.exact_exchange, self._semilocal = self.exact_exchange, 1.0, False
        try:
            yield
        finally:
            self.exact_exchange, self._semilocal = share, True

    def get_veff(
        self,
        mol: Any = None,  # noqa: ARG002
        dm: Array | None = None,
        dm_last: Array | None = None,  # noqa: ARG002
        vhf_last: Array | None = None,  # noqa: ARG002
        hermi: int = 1,  # noqa: ARG002
    ) -> Array:
        """Return the effective potential of density matrices of shape ([spins,] nao, nao), with its energies."""
        density = np.asarray(self.make_rdm1() if dm is None else dm)  # type: ignore[attr-defined]
        spins = density.reshape(-1, *density.shape[-2:])
        semilocal_energy, potential = self._semilocal_part(density)
        moments = self.fit.moments(spins.sum(axis=0))
        coefficients = self.fit.coefficients(moments)
        reaction = self._reaction(coefficients)
        potential = potential + self.fit.potential_matrix(coefficients + reaction.coefficients)
        exchange_energy = 0.0
        if self.exact_exchange:
            # A restricted matrix holds both spins, hence half of its exchange acts on each.
            share = self.exact_exchange * len(spins) / 2.0
            exchange = share * self.fit.exchange(spins)
            exchange_energy = -0.5 * float(np.einsum("sij,sij->", exchange, spins))
            potential = potential - exchange.reshape(density.shape)
        # The fit's own energy ½ (ρ|ρ), in either form of the integrals.
        coulomb = 0.5 * float(moments @ (moments if self.fit.halved else coefficients))
        exc = semilocal_energy + exchange_energy
        tagged: Array = lib.tag_array(potential, ecoul=coulomb, exc=exc, e_solvent=reaction.energy_hartree)
        return tagged

    def energy_elec(self, dm: Array | None = None, h1e: Array | None = None, vhf: Any = None) -> tuple[float, float]:
        """Return the electronic energy and its two-electron part, the solvent's energy included in both."""
        potential: Any = self.get_veff(dm=dm) if vhf is None else vhf
        total, interaction = super().energy_elec(dm, h1e, potential)  # type: ignore[misc]
        self.solvent_fitted_hartree = potential.e_solvent
        return total + potential.e_solvent, interaction + potential.e_solvent

    def check_linear_dependency(self, *_: Any) -> Array:
        """Return orthonormal orbitals that span what the field's orbitals are made of (PySCF asks)."""
        return self._span

    def natural_orbitals(self, density: Array) -> Array:
        """Return the orbitals of one spin's density matrix, shape (nao, n), filled ones first."""
        overlap = self.get_ovlp()  # type: ignore[attr-defined]
        _, orbitals = self._eigh(-overlap @ density @ overlap, overlap, x=self._span)  # type: ignore[attr-defined]
        return np.asarray(orbitals)

    def check_convergence(self, variables: dict[str, Any]) -> bool:
        """Return whether energy and orbital gradient have settled (PySCF calls it every cycle)."""
        self.gradient_norm = float(variables["norm_gorb"])
        change = abs(variables["e_tot"] - variables["last_hf_e"])
        return bool(change < self.conv_tol and self.gradient_norm < self.conv_tol_grad)

    def _semilocal_part(self, density: Array) -> tuple[float, Array]:
        """Return the functional's energy and potential without exact exchange."""
        if not self._semilocal:
            return 0.0, np.zeros_like(density)
        integrate = self._numint.nr_rks if density.ndim == 2 else self._numint.nr_uks
        _, energy, potential = integrate(self.mol, self.grids, self.xc, density)
        return float(energy), potential

    def _reaction(self, coefficients: Array) -> Reaction:
        if self.cavity is None:
            return Reaction(0.0, np.zeros_like(coefficients), potential=np.zeros(0), charges=np.zeros(0))
        return self.cavity.reaction(coefficients, self.fit)


def _orthogonal_to(functions: Array, overlap: Array) -> Array:
    """Return orthonormal orbitals for all the basis spans but some functions, shape (nao, nao - n)."""
    bra = overlap @ functions
    # Lowest first: the eigenvalues are the orbitals' shares in the functions.
    _, orbitals = scipy.linalg.eigh(bra @ bra.T, overlap)
    return np.asarray(orbitals[:, : len(overlap) - functions.shape[1]])


class RestrictedField(_Field, dft.rks.RKS):
    """Closed shells."""


class UnrestrictedField(_Field, dft.uks.UKS):
    """Open shells: one set of orbitals for each spin."""
