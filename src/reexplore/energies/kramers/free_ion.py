"""The bare trivalent ion: its averaged orbitals, with which every complex begins."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyscf import gto, lib
from pyscf.x2c import sfx2c1e
from scipy.linalg import eigh

from reexplore.energies.kramers.averaged_field import AveragedField, Mean
from reexplore.energies.kramers.f_configuration import ORBITALS
from reexplore.energies.kramers.integrals import ExactIntegrals, FittedIntegrals, Integrals
from reexplore.energies.kramers.ions import CLOSED_SHELLS, KramersIon
from reexplore.errors import CalculationFailed, FailureCode

Array = NDArray[np.float64]

_CYCLES = 80
_ENERGY_HARTREE = 1e-9


def bare_ion(ion: KramersIon, basis: Any) -> Any:
    """Return the ion's `pyscf.gto.Mole` in a basis (PySCF's form)."""
    alone = [(ion.symbol, (0.0, 0.0, 0.0))]
    return gto.M(atom=alone, basis={ion.symbol: basis}, charge=3, spin=None, verbose=0)


def ion_orbitals(ion: KramersIon, basis: Any, *, fitted: bool = True) -> tuple[Array, Array]:
    """Return the closed and the 4f orbitals of the bare ion, shapes (nao, closed) and (nao, 7).

    Orbitals of one angular momentum do not mix with those of another, so that the shells are chosen by it and DIIS
    cannot lose them. Raises `CalculationFailed` when it does not converge.
    """
    mol = bare_ion(ion, basis)
    integrals: Integrals = (
        FittedIntegrals(mol, metal=ion.symbol, memory_gb=1.0, scratch=None) if fitted else ExactIntegrals(mol)
    )
    field = AveragedField(mol, integrals, sfx2c1e.SpinFreeX2C(mol).get_hcore(mol), ion.f_electrons)
    momenta = orbital_momenta(mol)
    orbitals, mixer, before = _shells(field, field.core_hamiltonian, momenta), lib.diis.DIIS(), 0.0
    for _ in range(_CYCLES):
        mean = field.at(orbitals)
        if abs(mean.energy_hartree - before) < _ENERGY_HARTREE:
            return orbitals[:, : field.closed], orbitals[:, field.shell]
        before = mean.energy_hartree
        fock, error = _effective_fock(field, orbitals, mean)
        orbitals = _shells(field, mixer.update(fock, error), momenta)
    raise CalculationFailed(
        FailureCode.NOT_CONVERGED, "free ion", f"{ion.symbol}3+ did not converge in {_CYCLES} cycles"
    )


def orbital_momenta(mol: Any) -> NDArray[np.intp]:
    """Return the angular momentum of every basis function."""
    each = [[mol.bas_angular(b)] * ((2 * mol.bas_angular(b) + 1) * mol.bas_nctr(b)) for b in range(mol.nbas)]
    return np.concatenate(each).astype(np.intp)


def _shells(field: AveragedField, fock: Array, momenta: NDArray[np.intp]) -> Array:
    """Return eigenvectors: closed shells, 4f shell, the rest."""
    vectors = eigh(fock, field.overlap)[1]
    weights = vectors * (field.overlap @ vectors)
    kinds = np.argmax([weights[momenta == kind].sum(axis=0) for kind in range(momenta.max() + 1)], axis=0)
    places = [np.flatnonzero(kinds == kind)[: shells * (2 * kind + 1)] for kind, shells in CLOSED_SHELLS.items()]
    filled = np.concatenate([*places, np.flatnonzero(kinds == 3)[:ORBITALS]])
    return np.hstack([vectors[:, filled], np.delete(vectors, filled, axis=1)])


def _effective_fock(field: AveragedField, orbitals: Array, mean: Mean) -> tuple[Array, Array]:
    """Return one Fock matrix that is stationary where the energy is, and its commutator with the density."""
    nu, f, empty = field.average.occupation, field.shell, slice(field.shell.stop, None)
    filled = slice(0, field.closed)
    closed, shell = (orbitals.T @ part @ orbitals for part in (mean.closed, mean.shell))
    matrix = closed.copy()
    matrix[f, f] = shell[f, f] / nu
    matrix[f, empty] = shell[f, empty] / nu
    matrix[empty, f] = matrix[f, empty].T
    matrix[f, filled] = (2.0 * closed - shell)[f, filled] / (2.0 - nu)
    matrix[filled, f] = matrix[f, filled].T
    to_basis = field.overlap @ orbitals
    fock = to_basis @ matrix @ to_basis.T
    density = orbitals[:, filled] @ orbitals[:, filled].T + 0.5 * orbitals[:, f] @ orbitals[:, f].T
    product = fock @ density @ field.overlap
    return fock, product - product.T
