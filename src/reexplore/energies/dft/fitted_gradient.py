"""Derivatives of the density fit's integrals, contracted with whatever weighs them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyscf import gto

Array = NDArray[np.float64]

#: Memory for the derivatives of three-centre integrals that are held at a time.
_BLOCK_BYTES = 300_000_000


def metric_slope(functions: Any, weights: Array) -> Array:
    """Return -Σ_PQ W_PQ d(P|Q) by the centre of each fitting function, shape (3, functions)."""
    return np.einsum("xpq,pq->xp", functions.intor("int2c2e_ip1"), weights + weights.T)


def three_centre_slopes(
    mol: Any, functions: Any, density: Array, weights: Array, exchanged: tuple[Array, Array] | None
) -> tuple[Array, Array]:
    """Return Σ Γ d(μν|P) by the centre of each orbital and of each fitting function, both of shape (3, n).

    Γ_μνP is D_μν w_P, and Σ_ij C_μi C_νj p_Pij where there is exchange: C (nao, n) and p (functions, n, n).
    """
    by_orbital = np.zeros((3, mol.nao))
    by_function = np.zeros((3, functions.nao))
    optimizer = gto.moleintor.make_cintopt(
        *gto.conc_env(mol._atm, mol._bas, mol._env, functions._atm, functions._bas, functions._env),
        mol._add_suffix("int3c2e_ip1"),
    )
    joined = mol + functions
    offsets = functions.ao_loc_nr()
    most = max(1, _BLOCK_BYTES // (24 * mol.nao**2))
    start = 0
    while start < functions.nbas:
        stop = max(start + 1, int(np.searchsorted(offsets, offsets[start] + most, side="right")) - 1)
        integrals = gto.moleintor.getints(
            mol._add_suffix("int3c2e_ip1"),
            joined._atm,
            joined._bas,
            joined._env,
            comp=3,
            aosym="s1",
            cintopt=optimizer,
            shls_slice=(0, mol.nbas, 0, mol.nbas, mol.nbas + start, mol.nbas + stop),
        )
        span = slice(offsets[start], offsets[stop])
        gamma = weights[span, None, None] * density
        if exchanged is not None:
            filled, pairs = exchanged
            gamma += filled @ pairs[span] @ filled.T
        # (3, orbital that is differentiated, orbital, function), the first orbital running fastest
        for axis in range(3):
            product = integrals[axis].transpose(2, 1, 0) * gamma
            by_function[axis, span] = product.sum(axis=(1, 2))
            by_orbital[axis] += product.sum(axis=(0, 1))
        start = stop
    return -2.0 * by_orbital, 2.0 * by_function


def by_atom(values: Array, mol: Any) -> Array:
    """Return the sums over each atom's functions of values of shape (3, functions), shape (atoms, 3)."""
    return np.array([values[:, start:stop].sum(axis=1) for start, stop in mol.aoslice_by_atom()[:, 2:]])
