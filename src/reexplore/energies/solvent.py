"""SMD water around PySCF: the same energies, with the work of the cavity done once instead of every cycle."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from pyscf import gto
from pyscf.solvent import pcm, smd
from scipy.linalg import cho_factor, cho_solve, lu_factor, lu_solve

from reexplore.energies.three_centre import ThreeCentreIntegrals

Array = NDArray[np.float64]


class FactorisedSMD(smd.SMD):
    """PySCF's SMD with the response factorised once and the cavity's potential integrals kept.

    The response K⁻¹R of IEF-PCM, K = (1 - f/2π DA) S and R = -f (1 - DA/2π) with f = (ε-1)/(ε+1),
    is applied by an LU factorisation of the first bracket and a Cholesky factorisation of S.
    The non-electrostatic term sees the true nuclear charges, not those a core potential leaves.
    """

    def __init__(
        self,
        mol: Any,
        *,
        solvent: str,
        points_per_sphere: int,
        memory_bytes: float,
        scratch: Path | None = None,
    ) -> None:
        super().__init__(mol, solvent=solvent)
        self.sasa_ng = points_per_sphere
        self.e_cds = cds_energy_hartree(mol, solvent=solvent)
        self._memory_bytes = memory_bytes
        self._scratch = scratch
        self._integrals: ThreeCentreIntegrals | None = None

    def build(self, ng: int | None = None) -> FactorisedSMD:
        """Lay the cavity and factorise its response."""
        alpha, epsilon = smd.solvent_db[self.solvent][2], smd.solvent_db[self.solvent][5]
        self.surface = pcm.gen_surface(self.mol, rad=smd.smd_radii(alpha), ng=ng or self.sasa_ng)
        _, areas = pcm.get_F_A(self.surface)
        double_layer, single_layer = pcm.get_D_S(self.surface, with_S=True, with_D=True)
        self._double_layer_area = double_layer * areas
        self._f_epsilon = (epsilon - 1.0) / (epsilon + 1.0)
        bracket = -self._f_epsilon / (2.0 * np.pi) * self._double_layer_area
        bracket[np.diag_indices_from(bracket)] += 1.0
        self._bracket = lu_factor(bracket, overwrite_a=True)
        self._single_layer = cho_factor(single_layer, overwrite_a=True)
        points = gto.fakemol_for_charges(self.surface["grid_coords"], expnt=self.surface["charge_exp"] ** 2)
        nuclei = gto.fakemol_for_charges(self.mol.atom_coords())
        # The electrostatics does take the charges a core potential leaves: its electrons are gone as well.
        self.v_grids_n = self.mol.atom_charges() @ gto.mole.intor_cross("int2c2e", nuclei, points)
        left = self._memory_bytes - self._matrix_bytes
        self._integrals = ThreeCentreIntegrals(self.mol, points, memory_bytes=left, scratch=self._scratch)
        self._intermediates = {"cavity_points": len(self.v_grids_n)}
        return self

    @property
    def bytes_in_memory(self) -> int:
        """Return the memory that the response and the kept integrals take."""
        return self._matrix_bytes + self._integrals.bytes_in_memory if self._integrals is not None else 0

    @property
    def _matrix_bytes(self) -> int:
        return int(self._double_layer_area.nbytes + self._bracket[0].nbytes + self._single_layer[0].nbytes)

    def _cavity(self) -> ThreeCentreIntegrals:
        """Return the cavity's integrals, laying the cavity first when that was not done yet."""
        if self._integrals is None:
            self.build()
        return cast(ThreeCentreIntegrals, self._integrals)

    def _get_vind(self, dms: Array) -> tuple[float, Array]:
        """Return the solvent's energy in Hartree and its potential matrix for a density matrix."""
        integrals = self._cavity()
        potential = self.v_grids_n - integrals.potential_of_density(_total_density(dms))
        charges = self._charges(potential)
        return 0.5 * float(charges @ potential), -integrals.potential_matrix(charges)

    def _charges(self, potential: Array) -> Array:
        """Return the cavity's charges, symmetrised as in PySCF: half of (K⁻¹R + its transpose)."""
        b, da = 1.0 / (2.0 * np.pi), self._double_layer_area
        source = -self._f_epsilon * (potential - b * (da @ potential))
        direct = cho_solve(self._single_layer, lu_solve(self._bracket, source))
        adjoint = lu_solve(self._bracket, cho_solve(self._single_layer, potential), trans=1)
        transposed = -self._f_epsilon * (adjoint - b * (adjoint @ da))
        return 0.5 * (direct + transposed)

    def _B_dot_x(self, dms: Array) -> Array:  # noqa: N802 - PySCF's name
        """Return the solvent's linear response to density matrices of shape (..., nao, nao)."""
        integrals = self._cavity()
        nao = dms.shape[-1]
        responses = [
            -integrals.potential_matrix(self._charges(-integrals.potential_of_density(dm)))
            for dm in dms.reshape(-1, nao, nao)
        ]
        return np.array(responses).reshape(dms.shape)


def cds_energy_hartree(mol: Any, *, solvent: str) -> float:
    """Return SMD's cavity, dispersion and solvent-structure energy with true nuclear charges.

    PySCF hands the charges left by the core potentials to this term, so that a lanthanide would
    be treated as the element with that charge.
    """

    class _TrueCharges:
        natm = mol.natm
        atom_coords = mol.atom_coords

        @staticmethod
        def atom_charges() -> NDArray[np.int32]:
            return np.array([gto.charge(mol.atom_pure_symbol(i)) for i in range(mol.natm)], dtype=np.int32)

    term = smd.SMD(mol, solvent=solvent)
    term.mol = _TrueCharges()
    return float(smd.get_cds_legacy(term)[0])


def _total_density(dms: Array) -> Array:
    """Return the symmetrised sum over spins of a density matrix of shape ([spins,] nao, nao)."""
    total = dms if dms.ndim == 2 else dms.sum(axis=0)
    return np.asarray(0.5 * (total + total.T))
