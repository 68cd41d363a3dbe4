"""SMD water: PySCF's cavity and energies, with the response factorised once and driven by the fitted density."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyscf import gto
from pyscf.data.nist import BOHR
from pyscf.solvent import pcm, smd
from scipy.linalg import cho_factor, cho_solve, lu_factor, lu_solve
from scipy.spatial.distance import cdist
from scipy.special import erf

from reexplore.chemistry.metals import METALS
from reexplore.energies.dft.fitting import DensityFit, potential_at_charges
from reexplore.energies.levels import GAS_PHASE, Level

Array = NDArray[np.float64]

#: Points whose rows of the cavity's matrices are filled at a time.
LAYER_ROWS = 256


@dataclass(frozen=True)
class Reaction:
    """What the solvent answers to a density: its energy and the potential it makes, by fitting coefficients.

    The potential's matrix is `DensityFit.potential_matrix(coefficients)`. `potential` is that of the density at the
    cavity's points, `charges` are those that answer it there, both of shape (points,).
    """

    energy_hartree: float
    coefficients: Array
    potential: Array
    charges: Array


class Cavity:
    """SMD's cavity around a molecule and its electrostatic response, factorised once.

    The response K⁻¹R of IEF-PCM, K = (1 - f/2π DA) S and R = -f (1 - DA/2π) with f = (ε-1)/(ε+1),
    is applied by an LU factorisation of the first bracket and a Cholesky factorisation of S.
    """

    @classmethod
    def of(cls, mol: Any, level: Level) -> Cavity | None:
        """Return the cavity that a level declares, None in the gas phase."""
        return None if level.solvent == GAS_PHASE else cls(mol, level)

    def __init__(self, mol: Any, level: Level) -> None:
        radii, epsilon = radii_and_permittivity(level)
        self.mol = mol
        self.surface = pcm.gen_surface(mol, rad=radii, ng=level.cavity_points_per_sphere)
        _, self.areas = pcm.get_F_A(self.surface)
        single_layer, self._double_layer_area = layers(self.surface)
        self._double_layer_area *= self.areas
        self.f_epsilon = (epsilon - 1.0) / (epsilon + 1.0)
        bracket = np.multiply(self._double_layer_area, -self.f_epsilon / (2.0 * np.pi), order="F")
        bracket[np.diag_indices_from(bracket)] += 1.0
        self._bracket = lu_factor(bracket, overwrite_a=True)
        self._single_layer = cho_factor(single_layer, overwrite_a=True)
        self.points = gto.fakemol_for_charges(self.surface["grid_coords"], expnt=self.surface["charge_exp"] ** 2)
        nuclei = gto.fakemol_for_charges(mol.atom_coords())
        # The electrostatics does take the charges a core potential leaves: its electrons are gone as well.
        self._of_nuclei = mol.atom_charges() @ gto.mole.intor_cross("int2c2e", nuclei, self.points)
        self._at_points: Array | None = None

    @property
    def bytes_in_memory(self) -> int:
        """Return the memory that the response takes."""
        return int(self._double_layer_area.nbytes + self._bracket[0].nbytes + self._single_layer[0].nbytes)

    def energy_hartree(self, density: Array) -> float:
        """Return the electrostatic energy of a density matrix from its exact potential at the cavity."""
        potential = self._of_nuclei - potential_at_charges(self.mol, self.points, density)
        return 0.5 * float(self._charges(potential) @ potential)

    def reaction(self, coefficients: Array, fit: DensityFit) -> Reaction:
        """Return the response to a fitted density.

        The fit's error in the potential, some 1e-4 atomic units, is the price of never evaluating the
        orbitals' integrals at the cavity during the iterations; `energy_hartree` corrects the energy.
        """
        if self._at_points is None:
            self._at_points = gto.mole.intor_cross("int2c2e", self.points, fit.functions)
        potential = self._of_nuclei - self._at_points @ coefficients
        charges = self._charges(potential)
        return Reaction(
            0.5 * float(charges @ potential),
            -fit.solve(charges @ self._at_points),
            potential=potential,
            charges=charges,
        )

    def _charges(self, potential: Array) -> Array:
        """Return the cavity's charges, symmetrised as in PySCF: half of (K⁻¹R + its transpose)."""
        b, da = 1.0 / (2.0 * np.pi), self._double_layer_area
        source = -self.f_epsilon * (potential - b * (da @ potential))
        direct = cho_solve(self._single_layer, lu_solve(self._bracket, source))
        adjoint = lu_solve(self._bracket, cho_solve(self._single_layer, potential), trans=1)
        transposed = -self.f_epsilon * (adjoint - b * (adjoint @ da))
        return np.asarray(0.5 * (direct + transposed))


def radii_and_permittivity(level: Level) -> tuple[Array, float]:
    """Return SMD's radii of the cavity in bohr, by atomic number, and the solvent's relative permittivity.

    Rare earths have 2.0 Å there, all alike, unless the level has a radius of its own for them.
    """
    declared = smd.solvent_db[level.solvent]
    radii = np.array(smd.smd_radii(declared[2]))
    if level.metal_radius_angstrom:
        radii[[metal.atomic_number for metal in METALS.values()]] = level.metal_radius_angstrom / BOHR
    return radii, float(declared[5])


def layers(surface: dict[str, Array]) -> tuple[Array, Array]:
    """Return the single-layer matrix S and the double-layer matrix D between a cavity's points.

    For Gaussian charges, J. Chem. Phys. 2010, 133, 244111. PySCF's `get_D_S` has the same numbers; it holds
    fourteen matrices at a time where these two are filled row by row.
    """
    exponents, points, normals = surface["charge_exp"], surface["grid_coords"], surface["norm_vec"]
    along_normals = np.einsum("jx,jx->j", points, normals)
    single, double = np.empty((2, len(points), len(points)))
    for start in range(0, len(points), LAYER_ROWS):
        rows = slice(start, start + LAYER_ROWS)
        widths = np.outer(exponents[rows], exponents) / np.hypot(exponents[rows, None], exponents)
        apart = cdist(points[rows], points)
        scaled = widths * apart
        # A point and itself: both diagonals are set below.
        apart[apart == 0.0] = 1.0
        single[rows] = erf(scaled) / apart
        slope = single[rows] - 2.0 / np.sqrt(np.pi) * widths * np.exp(-(scaled**2))
        double[rows] = slope * (points[rows] @ normals.T - along_normals) / apart**2
    itself = exponents * np.sqrt(2.0 / np.pi)
    np.fill_diagonal(single, itself / surface["switch_fun"])
    np.fill_diagonal(double, -itself / (2.0 * surface["R_vdw"]))
    return single, double


def cds_energy_hartree(mol: Any, *, solvent: str) -> float:
    """Return SMD's cavity, dispersion and solvent-structure energy with true nuclear charges, zero in the gas phase.

    PySCF hands the charges left by the core potentials to this term, so that a lanthanide would
    be treated as the element with that charge.
    """
    if solvent == GAS_PHASE:
        return 0.0

    class _TrueCharges:
        natm = mol.natm
        atom_coords = mol.atom_coords

        @staticmethod
        def atom_charges() -> NDArray[np.int32]:
            return np.array([gto.charge(mol.atom_pure_symbol(i)) for i in range(mol.natm)], dtype=np.int32)

    term = smd.SMD(mol, solvent=solvent)
    term.mol = _TrueCharges()
    return float(smd.get_cds_legacy(term)[0])
