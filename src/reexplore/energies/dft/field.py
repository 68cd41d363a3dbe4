"""The self-consistent field: PySCF's Kohn-Sham classes with our interaction, solvent and convergence."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import scipy.linalg
from numpy.typing import NDArray
from pyscf import dft

from reexplore.energies.dft.interaction import Interaction
from reexplore.energies.levels import Level

Array = NDArray[np.float64]


class _Field:
    """What the restricted and the unrestricted field have in common; it stands before PySCF's class."""

    mol: Any
    interaction: Interaction

    def equip(self, level: Level, interaction: Interaction, *, left_out: Array | None = None) -> None:
        """Set what the level declares, and where the interaction is evaluated.

        No orbital, filled or empty, has a share in what is `left_out`, shape (nao, n).
        """
        self.interaction = interaction
        self._semilocal = True
        self.direct_scf = False
        self.conv_check = False
        self.chkfile = None
        self.conv_tol = level.energy_tolerance_hartree
        self.conv_tol_grad = level.gradient_tolerance
        self.gradient_norm = float("inf")
        self.use_grid(level.grid_level)
        overlap = self.get_ovlp()  # type: ignore[attr-defined]
        if left_out is not None and left_out.size:
            self._span = _orthogonal_to(left_out, overlap)
        else:
            self._span = super().check_linear_dependency(overlap)  # type: ignore[misc]
        core_hamiltonian = interaction.core_hamiltonian()
        self.get_hcore = lambda *_: core_hamiltonian

    def use_grid(self, grid_level: int) -> None:
        """Integrate on PySCF's grid of this level from now on."""
        self.interaction.use_grid(grid_level)

    @contextmanager
    def hartree_fock(self) -> Iterator[None]:
        """Replace the functional by exact exchange for a while."""
        self._semilocal = False
        try:
            yield
        finally:
            self._semilocal = True

    def get_veff(
        self,
        mol: Any = None,  # noqa: ARG002
        dm: Array | None = None,
        dm_last: Array | None = None,  # noqa: ARG002
        vhf_last: Array | None = None,  # noqa: ARG002
        hermi: int = 1,  # noqa: ARG002
    ) -> Any:
        """Return the effective potential of density matrices of shape ([spins,] nao, nao), with its energies."""
        density = self.make_rdm1() if dm is None else dm  # type: ignore[attr-defined]
        return self.interaction.potential(np.asanyarray(density), hartree_fock=not self._semilocal)

    def energy_elec(self, dm: Array | None = None, h1e: Array | None = None, vhf: Any = None) -> tuple[float, float]:
        """Return the electronic energy and its two-electron part, the solvent's energy included in both."""
        potential: Any = self.get_veff(dm=dm) if vhf is None else vhf
        total, interaction = super().energy_elec(dm, h1e, potential)  # type: ignore[misc]
        self.solvent_in_field_hartree = potential.e_solvent
        return total + potential.e_solvent, interaction + potential.e_solvent

    def check_linear_dependency(self, *_: Any) -> Array:
        """Return orthonormal orbitals that span what the field's orbitals are made of (PySCF asks)."""
        return self._span

    def _eigh(
        self,
        h: Array,
        s: Array,  # noqa: ARG002
        overwrite: bool = False,  # noqa: ARG002
        x: Array | None = None,  # noqa: ARG002
    ) -> tuple[Array, Array]:
        """Return orbital energies and orbitals (PySCF asks)."""
        return self.interaction.diagonalised(h, self._span)

    def natural_orbitals(self, density: Array) -> Array:
        """Return the orbitals of one spin's density matrix, shape (nao, n), filled ones first."""
        overlap = self.get_ovlp()  # type: ignore[attr-defined]
        return self.interaction.diagonalised(-overlap @ density @ overlap, self._span)[1]

    def check_convergence(self, variables: dict[str, Any]) -> bool:
        """Return whether energy and orbital gradient have settled (PySCF calls it every cycle)."""
        self.gradient_norm = float(variables["norm_gorb"])
        change = abs(variables["e_tot"] - variables["last_hf_e"])
        return bool(change < self.conv_tol and self.gradient_norm < self.conv_tol_grad)


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
