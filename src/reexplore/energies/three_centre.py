"""Three-centre Coulomb integrals (μν|P), evaluated once and kept packed.

The same object serves the density fit, where P is a fitting function, and the solvent, where P is
a Gaussian charge on the cavity.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyscf import df, gto, lib
from pyscf.scf import _vhf

Array = NDArray[np.float64]

#: Orbital pairs whose largest Coulomb integral is below its square are left out (Schwarz's inequality).
PAIR_THRESHOLD = 1e-11
_BLOCK_BYTES = 200_000_000


class ThreeCentreIntegrals:
    """The potential of every orbital pair at a set of Gaussian charges.

    Blocks of charges stay in memory up to `memory_bytes`; beyond it they lie in a file under
    `scratch`, or, without one, are evaluated anew each time. The numbers are the same in all three
    cases.
    """

    def __init__(self, mol: Any, charges: Any, *, memory_bytes: float, scratch: Path | None = None) -> None:
        self._mol = mol
        self._charges = charges
        self._optimizer = gto.moleintor.make_cintopt(mol._atm, mol._bas, mol._env, mol._add_suffix("int3c2e"))
        self._pairs = _significant_pairs(mol)
        self._memory_left = memory_bytes
        self._folder = tempfile.TemporaryDirectory(dir=scratch) if scratch is not None else None
        self._shells = list(_shell_blocks(charges, mol.nao * (mol.nao + 1) // 2))
        self._kept: dict[int, Array | Path] = {}
        offsets = charges.ao_loc_nr()
        widest = max(int(offsets[stop] - offsets[start]) for start, stop in self._shells)
        self._buffer = np.empty(widest * mol.nao * (mol.nao + 1) // 2)

    @property
    def bytes_in_memory(self) -> int:
        """Return the memory the kept blocks take."""
        return sum(block.nbytes for block in self._kept.values() if not isinstance(block, Path))

    def potential_of_density(self, density_matrix: Array) -> Array:
        """Return the potential of an electron density at every charge: Σ_μν D_μν (μν|P)."""
        packed = lib.pack_tril(density_matrix + density_matrix.T)
        packed[_diagonal(len(density_matrix))] *= 0.5
        packed = packed[self._pairs]
        return np.concatenate([block @ packed for block in self._blocks()])

    def potential_matrix(self, charges: Array) -> Array:
        """Return the matrix of the charges' potential between orbitals: Σ_P q_P (μν|P)."""
        summed = np.zeros(len(self._pairs))
        start = 0
        for block in self._blocks():
            summed += charges[start : start + len(block)] @ block
            start += len(block)
        nao = self._mol.nao
        packed = np.zeros(nao * (nao + 1) // 2)
        packed[self._pairs] = summed
        return lib.unpack_tril(packed)

    def _blocks(self) -> Iterator[Array]:
        """Yield blocks of shape (charges, significant orbital pairs)."""
        for index, shells in enumerate(self._shells):
            kept = self._kept.get(index)
            if kept is None:
                yield self._evaluate(index, shells)
            else:
                # A mapped file would count as this process's memory.
                yield np.load(kept) if isinstance(kept, Path) else kept

    def _evaluate(self, index: int, shells: tuple[int, int]) -> Array:
        everything = (0, self._mol.nbas, 0, self._mol.nbas, *shells)
        integrals = df.incore.aux_e2(
            self._mol,
            self._charges,
            aosym="s2ij",
            cintopt=self._optimizer,
            shls_slice=everything,
            # Fresh memory costs as much as copying it: one buffer serves all blocks.
            out=self._buffer,
        )
        # PySCF returns (pairs, charges) in Fortran order: the transpose is contiguous.
        block = np.take(integrals.T, self._pairs, axis=1, mode="clip")
        if block.nbytes <= self._memory_left:
            self._memory_left -= block.nbytes
            self._kept[index] = block
        elif self._folder is not None:
            path = Path(self._folder.name) / f"{index}.npy"
            np.save(path, block)
            self._kept[index] = path
        return block


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


def _shell_blocks(charges: Any, pairs: int) -> Iterator[tuple[int, int]]:
    """Yield ranges of charge shells whose integrals fill about one block."""
    offsets = charges.ao_loc_nr()
    per_block = max(1, _BLOCK_BYTES // (8 * pairs))
    start = 0
    while start < charges.nbas:
        stop = max(start + 1, int(np.searchsorted(offsets, offsets[start] + per_block, side="right")) - 1)
        yield start, stop
        start = stop
