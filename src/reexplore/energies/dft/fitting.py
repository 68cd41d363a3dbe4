"""Coulomb and exact-exchange matrices by density fitting, with the integrals evaluated once."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyscf import df, gto, lib
from pyscf.scf import _vhf
from scipy.linalg import blas, cho_solve, cholesky, solve_triangular

Array = NDArray[np.float64]

#: Orbital pairs whose largest Coulomb integral is below its square are left out (Schwarz's inequality).
PAIR_THRESHOLD = 1e-11
#: Natural orbitals of a density matrix with a smaller occupation are left out of the exchange.
OCCUPATION_THRESHOLD = 1e-12
_CHUNK_BYTES = 200_000_000
#: Fitting functions whose integrals are squared out at a time; a few dozen megabytes stay in the processor's cache.
_ROWS = 16


@dataclass(frozen=True)
class _Chunk:
    """The integrals of some orbital pairs, shape (fitting functions, pairs), in memory or in a file."""

    pairs: NDArray[np.intp]
    held: Array | Path
    functions: int

    def rows(self, start: int, stop: int) -> Array:
        """Return the integrals of a range of fitting functions."""
        if isinstance(self.held, Path):
            # Read, not mapped: mapped pages would count as this process's memory.
            width = len(self.pairs)
            read = np.fromfile(self.held, count=(stop - start) * width, offset=8 * start * width)
            return read.reshape(stop - start, width)
        return self.held[start:stop]

    @property
    def bytes_in_memory(self) -> int:
        return 0 if isinstance(self.held, Path) else self.held.nbytes


class DensityFit:
    """Densities expanded in fitting functions by the Coulomb norm, and the matrices of their potentials.

    With `exchange` the integrals are (P|μν) multiplied by the inverse Cholesky factor of the metric,
    so that their squares are the fitted four-centre integrals; without it they are the bare ones.
    `fitting_basis` is a name, or one set for each element as PySCF takes them.
    Chunks of orbital pairs stay in memory up to `memory_bytes`; the others lie in files under
    `scratch` (by default the system's temporary folder). The numbers are the same in both cases.
    """

    def __init__(
        self, mol: Any, fitting_basis: Any, *, exchange: bool, memory_bytes: float, scratch: Path | None = None
    ) -> None:
        self.mol = mol
        self.functions = df.addons.make_auxmol(mol, fitting_basis)
        self._lower = cholesky(self.functions.intor("int2c2e"), lower=True)
        self.halved = exchange
        self._folder = tempfile.TemporaryDirectory(dir=scratch)
        self._chunks = list(self._evaluate(memory_bytes))

    @property
    def bytes_in_memory(self) -> int:
        """Return the memory the kept integrals take."""
        return sum(chunk.bytes_in_memory for chunk in self._chunks)

    def moments(self, density: Array) -> Array:
        """Return the potential of a symmetric density matrix at the integrals' functions: Σ_μν D_μν (P|μν)."""
        packed = lib.pack_tril(2.0 * density)
        packed[_diagonal(len(density))] *= 0.5
        found = np.zeros(self.functions.nao)
        for chunk in self._chunks:
            weights = packed[chunk.pairs]
            for start, stop in self._blocks(chunk):
                found[start:stop] += chunk.rows(start, stop) @ weights
        return found

    def coefficients(self, moments: Array) -> Array:
        """Return the density's expansion coefficients in the fitting functions from its `moments`."""
        if self.halved:
            return np.asarray(solve_triangular(self._lower, moments, lower=True, trans="T"))
        return self.solve(moments)

    def solve(self, potential: Array) -> Array:
        """Return the coefficients of the fitted density with this potential at the fitting functions."""
        return np.asarray(cho_solve((self._lower, True), potential))

    def potential_matrix(self, coefficients: Array) -> Array:
        """Return the matrix of the potential of a density given by its coefficients: Σ_P c_P (P|μν)."""
        weights = self._lower.T @ coefficients if self.halved else coefficients
        nao = self.mol.nao
        packed = np.zeros(nao * (nao + 1) // 2)
        for chunk in self._chunks:
            summed = np.zeros(len(chunk.pairs))
            for start, stop in self._blocks(chunk):
                summed += weights[start:stop] @ chunk.rows(start, stop)
            packed[chunk.pairs] = summed
        return lib.unpack_tril(packed)

    def exchange(self, densities: Array) -> Array:
        """Return the exchange matrices of symmetric density matrices, both of shape (n, nao, nao).

        A matrix enters by its natural orbitals, whose number decides the cost.
        """
        if not self.halved:
            raise ValueError("this density fit was made without exchange")
        orbitals, slices, signs = _natural_orbitals(densities)
        matrices = np.zeros((len(densities), self.mol.nao, self.mol.nao))
        for squares in self._squares():
            # (functions, orbitals, nao)
            half = np.matmul(orbitals.T, squares)
            for index, (parts, sign) in enumerate(zip(slices, signs, strict=True)):
                for part, factor in zip(parts, sign, strict=True):
                    if part.stop > part.start:
                        flat = half[:, part].reshape(-1, self.mol.nao)
                        matrices[index] += factor * (flat.T @ flat)
        return matrices

    def products(self, orbitals: Array) -> Array:
        """Return the expansion coefficients of the products of orbitals (nao, n), shape (functions, n, n)."""
        found = self._halves(orbitals)
        # found.T is in Fortran order, so that the solution replaces it where it lies.
        blas.dtrsm(1.0, self._lower, found.T, side=1, lower=1, overwrite_b=1)
        return found.reshape(-1, orbitals.shape[1], orbitals.shape[1])

    def repulsion(self, orbitals: Array) -> Array:
        """Return the four-centre integrals (pq|rs) of a few orbitals (nao, n), shape (n, n, n, n)."""
        halves = self._halves(orbitals)
        return np.asarray((halves.T @ halves).reshape(4 * (orbitals.shape[1],)))

    def _halves(self, orbitals: Array) -> Array:
        """Return the integrals of orbital products whose squares are four-centre ones, shape (functions, n²)."""
        if not self.halved:
            raise ValueError("this density fit was made without exchange")
        found = np.empty((self.functions.nao, orbitals.shape[1] ** 2))
        start = 0
        for squares in self._squares():
            found[start : start + len(squares)] = (orbitals.T @ squares @ orbitals).reshape(len(squares), -1)
            start += len(squares)
        return found

    def _squares(self) -> Iterator[Array]:
        """Yield the integrals of a few fitting functions as square matrices, shape (functions, nao, nao)."""
        nao = self.mol.nao
        packed = np.zeros((_ROWS, nao * (nao + 1) // 2))
        square = np.empty((_ROWS, nao, nao))
        for start in range(0, self.functions.nao, _ROWS):
            stop = min(start + _ROWS, self.functions.nao)
            for chunk in self._chunks:
                packed[: stop - start, chunk.pairs] = chunk.rows(start, stop)
            yield lib.unpack_tril(packed[: stop - start], out=square[: stop - start])

    def _blocks(self, chunk: _Chunk) -> Iterator[tuple[int, int]]:
        """Yield ranges of fitting functions: all at once in memory, in portions from a file."""
        size = self.functions.nao
        step = size if isinstance(chunk.held, np.ndarray) else max(1, _CHUNK_BYTES // (8 * max(1, len(chunk.pairs))))
        for start in range(0, size, step):
            yield start, min(start + step, size)

    def _evaluate(self, memory_bytes: float) -> Iterator[_Chunk]:
        mol, size = self.mol, self.functions.nao
        significant = _significant_pairs(mol)
        optimizer = gto.moleintor.make_cintopt(mol._atm, mol._bas, mol._env, mol._add_suffix("int3c2e"))
        offsets = mol.ao_loc_nr()
        ranges = list(_shell_ranges(offsets, size))
        widest = max(_packed(offsets[stop]) - _packed(offsets[start]) for start, stop in ranges)
        # Fresh memory costs as much as the integrals: one buffer serves all chunks.
        buffer = np.empty(widest * size)
        for number, (start, stop) in enumerate(ranges):
            first, last = _packed(offsets[start]), _packed(offsets[stop])
            integrals = df.incore.aux_e2(
                mol,
                self.functions,
                aosym="s2ij",
                cintopt=optimizer,
                shls_slice=(start, stop, 0, stop, 0, self.functions.nbas),
                out=buffer,
            )
            pairs = significant[(significant >= first) & (significant < last)]
            # PySCF returns (pairs, functions) in Fortran order: the transpose is contiguous.
            kept: Array = np.take(integrals.T, pairs - first, axis=1, mode="clip")
            if self.halved:
                # kept.T is in Fortran order, so that the solution replaces it where it lies.
                solved = blas.dtrsm(1.0, self._lower, kept.T, side=1, lower=1, trans_a=1, overwrite_b=1)
                kept = solved.T
            if kept.nbytes <= memory_bytes:
                memory_bytes -= kept.nbytes
                yield _Chunk(pairs, kept, size)
            else:
                path = Path(self._folder.name) / f"{number}.bin"
                kept.tofile(path)
                yield _Chunk(pairs, path, size)


def potential_at_charges(mol: Any, charges: Any, density: Array) -> Array:
    """Return the potential of an electron density at Gaussian charges, exactly: Σ_μν D_μν (μν|k).

    `charges` is a molecule of s functions as `gto.fakemol_for_charges` makes them. Nothing is kept.
    """
    packed = lib.pack_tril(2.0 * density)
    packed[_diagonal(len(density))] *= 0.5
    step = max(1, _CHUNK_BYTES // (8 * len(packed)))
    optimizer = gto.moleintor.make_cintopt(mol._atm, mol._bas, mol._env, mol._add_suffix("int3c2e"))
    buffer = np.empty(min(step, charges.nbas) * len(packed))
    found = []
    for start in range(0, charges.nbas, step):
        shells = (0, mol.nbas, 0, mol.nbas, start, min(start + step, charges.nbas))
        block = df.incore.aux_e2(mol, charges, aosym="s2ij", cintopt=optimizer, shls_slice=shells, out=buffer)
        found.append(block.T @ packed)
    return np.concatenate(found)


def _natural_orbitals(densities: Array) -> tuple[Array, list[list[slice]], list[list[float]]]:
    """Return orbitals scaled by the root of their occupation, and which belong to each matrix with which sign."""
    columns: list[Array] = []
    slices: list[list[slice]] = []
    signs: list[list[float]] = []
    width = 0
    for density in densities:
        occupations, vectors = np.linalg.eigh(density)
        parts, sign = [], []
        for factor in (1.0, -1.0):
            chosen = factor * occupations > OCCUPATION_THRESHOLD
            columns.append(vectors[:, chosen] * np.sqrt(factor * occupations[chosen]))
            parts.append(slice(width, width + int(chosen.sum())))
            sign.append(factor)
            width = parts[-1].stop
        slices.append(parts)
        signs.append(sign)
    return np.hstack(columns), slices, signs


def _packed(orbitals: int) -> int:
    """Return the length of the packed lower triangle of so many orbitals."""
    return int(orbitals) * (int(orbitals) + 1) // 2


def _diagonal(nao: int) -> NDArray[np.intp]:
    """Return where the diagonal stands in a packed lower triangle."""
    rows = np.arange(nao)
    return rows * (rows + 1) // 2 + rows


def _significant_pairs(mol: Any) -> NDArray[np.intp]:
    """Return the packed indices of the orbital pairs that Schwarz's inequality cannot neglect."""
    bound = _vhf._VHFOpt(mol, "int2e", "CVHFnrs8_prescreen", "CVHFnr_int2e_q_cond").get_q_cond()
    shell_of_orbital = np.repeat(np.arange(mol.nbas), np.diff(mol.ao_loc_nr()))
    rows, columns = np.tril_indices(mol.nao)
    return np.flatnonzero(bound[shell_of_orbital[rows], shell_of_orbital[columns]] > PAIR_THRESHOLD)


def _shell_ranges(offsets: NDArray[np.int32], functions: int) -> Iterator[tuple[int, int]]:
    """Yield ranges of orbital shells whose rows of the packed triangle fill about one chunk."""
    pairs = max(1, _CHUNK_BYTES // (8 * functions))
    start = 0
    shells = len(offsets) - 1
    while start < shells:
        packed = np.array([_packed(n) for n in offsets])
        stop = max(start + 1, int(np.searchsorted(packed, packed[start] + pairs, side="right")) - 1)
        yield start, stop
        start = stop
