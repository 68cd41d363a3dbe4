"""Complexes in blocks that are predicted together: what an ensemble says of samples, whatever it sees of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem

from reexplore.chemistry.metals import METALS
from reexplore.errors import InputError
from reexplore.structures.screening.arrays import Complexes
from reexplore.structures.structure import Structure
from reexplore.surrogate.choices import Choices
from reexplore.surrogate.kernels import Around
from reexplore.surrogate.samples import Sample

#: Complexes predicted together: bounds the memory, changes no result.
_TOGETHER = 512


class Blocks:
    """Samples by metal, and where they tell their ligands' parts by scaffold and stoichiometry as well.

    Their labels are not looked at. A sample shows what the ensemble may see: its geometry, its parts, or both.
    """

    def __init__(self, samples: Sequence[Sample]) -> None:
        self._samples = samples
        rows_of: dict[Hashable, list[int]] = defaultdict(list)
        for row, sample in enumerate(samples):
            around, parts = Around.of(sample.group), sample.parts
            where = (parts[0], len(parts), around) if parts else around.metal
            rows_of[where, sample.structure is not None].append(row)
        self._blocks = [
            (part, self._choices(part), self._complexes(part))
            for rows in rows_of.values()
            for start in range(0, len(rows), _TOGETHER)
            for part in [rows[start : start + _TOGETHER]]
        ]

    def predicted(self, ensemble: Any) -> NDArray[np.float64]:
        """Return what an ensemble says of every sample, shape (samples, members or joint samples).

        Raises `InputError` where it says what is no number.
        """
        said = [
            ensemble.predict(complexes) if choices is None else ensemble.predict_ligands(choices, complexes)
            for _, choices, complexes in self._blocks
        ]
        table = np.empty((len(self._samples), said[0].shape[-1]))
        for (rows, _, _), found in zip(self._blocks, said, strict=True):
            table[rows] = found.reshape(len(rows), -1)
        if not np.isfinite(table).all():
            first = self._samples[int(np.argmin(np.isfinite(table).all(axis=1)))].key
            raise InputError(f"the surrogate says of {first} what is no number")
        return table

    def _choices(self, rows: Sequence[int]) -> Choices | None:
        scaffold, *_ = self._samples[rows[0]].parts or ("",)
        if not scaffold:
            return None
        groups = [self._samples[row].parts[1:] for row in rows]
        named = sorted({smiles for each in groups for smiles in each})
        numbers = np.array([[named.index(smiles) for smiles in each] for each in groups], dtype=np.intp)
        around = Around.of(self._samples[rows[0]].group)
        return Choices(scaffold, tuple(named), numbers.reshape(len(rows), -1), (around,))

    def _complexes(self, rows: Sequence[int]) -> Complexes | None:
        structures = [found for row in rows if (found := self._samples[row].structure) is not None]
        return _complexes(structures) if structures else None


def _complexes(structures: Sequence[Structure]) -> Complexes:
    """Return complexes of one metal as arrays; each has its own geometry, so that nothing moves with the metal."""
    table, atoms = Chem.GetPeriodicTable(), max(map(len, structures)) - 1
    numbers = np.zeros((len(structures), atoms), dtype=np.intp)
    positions = np.zeros((len(structures), atoms, 3))
    for row, structure in enumerate(structures):
        here = slice(0, len(structure) - 1)
        numbers[row, here] = [table.GetAtomicNumber(symbol) for symbol in structure.symbols[1:]]
        positions[row, here] = (structure.positions_angstrom - structure.positions_angstrom[:1])[1:]
    return Complexes(
        numbers=numbers,
        positions_angstrom=positions,
        metals=(METALS[structures[0].symbols[0]],),
        shifts_angstrom=np.zeros((1, atoms, 3)),
        charges=np.array([structure.charge for structure in structures], dtype=np.intp),
    )
