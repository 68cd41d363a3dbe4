"""The spin-orbit constant ζ of a free ion's 4f shell, from its own orbitals."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyscf import lib
from pyscf.scf import jk
from pyscf.x2c import sfx2c1e, x2c

from reexplore.energies.kramers.doublets import HARTREE_TO_CM
from reexplore.energies.kramers.free_ion import bare_ion, ion_orbitals, orbital_momenta
from reexplore.energies.kramers.ions import KramersIon

Array = NDArray[np.float64]


def spin_orbit_constant_cm(ion: KramersIon, basis: Any) -> float:
    """Return ζ of the averaged 4f shell in cm⁻¹, so that the spin-orbit operator there is ζ Σ l·s.

    The Breit-Pauli operator of the nucleus, and that of all other electrons in the mean field of the averaged density
    (B. A. Hess, C. M. Marian, U. Wahlgren, O. Gropen, Chem. Phys. Lett. 1996, 251, 365), both between the small
    components that sf-X2C gives the orbitals: first order in the spin-orbit coupling.
    """
    mol = bare_ion(ion, basis)
    closed, shell = ion_orbitals(ion, basis)
    relativistic = sfx2c1e.SpinFreeX2C(mol)
    primitive, contraction = relativistic.get_xmol(mol)
    small = relativistic.get_xmat()
    overlap, kinetic = primitive.intor("int1e_ovlp"), primitive.intor("int1e_kin")
    metric = overlap + small.T @ kinetic @ small * (0.5 / lib.param.LIGHT_SPEED**2)
    large = x2c._get_r(overlap, metric)
    average = contraction @ (2.0 * closed @ closed.T + ion.f_electrons / 7.0 * shell @ shell.T) @ contraction.T
    operator = primitive.intor("int1e_pnucxp", comp=3) + _of_electrons(primitive, large @ average @ large.T)
    to_small = small @ large @ contraction @ shell
    coupling = 0.25 / lib.param.LIGHT_SPEED**2 * np.einsum("pi,kpq,qj->kij", to_small, operator, to_small)
    to_large = contraction @ shell
    momentum = np.einsum("pi,kpq,qj->kij", to_large, primitive.intor("int1e_cg_irxp", comp=3), to_large)
    # Both are antisymmetric: the operator is coupling·σ, and σ is twice the spin.
    return float(-2.0 * np.vdot(momentum, coupling) / np.vdot(momentum, momentum) * HARTREE_TO_CM)


def _of_electrons(mol: Any, density: Array) -> Array:
    """Return what a density (nao, nao) adds to the operator between f functions, shape (3, nao, nao)."""
    shells = [b for b in range(mol.nbas) if mol.bas_angular(b) == 3]
    f, every = (shells[0], shells[-1] + 1), (0, mol.nbas)

    def integrals(script: str, ranges: tuple[int, ...]) -> Array:
        return np.asarray(jk.get_jk(mol, density, script, intor="int2e_p1vxp1", aosym="s1", comp=3, shls_slice=ranges))

    screening = integrals("ijkl,lk->ij", f + f + every + every)
    exchange = integrals("ijkl,jk->il", f + every + every + f) + integrals("ijkl,li->kj", every + f + f + every)
    functions = np.flatnonzero(orbital_momenta(mol) == 3)
    found = np.zeros((3, mol.nao, mol.nao))
    found[np.ix_(np.arange(3), functions, functions)] = screening - 1.5 * exchange
    return found
