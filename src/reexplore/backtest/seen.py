"""What a surrogate sees of a pool: samples to learn from, and arrays of complexes to predict."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem

from reexplore.backtest.question import Question
from reexplore.chemistry.metals import METALS
from reexplore.dataset.samples import parts_of
from reexplore.errors import InputError
from reexplore.structures.screening.arrays import Complexes
from reexplore.structures.structure import Structure
from reexplore.surrogate.base import Surrogate, needs_geometries, seen_by
from reexplore.surrogate.choices import Choices
from reexplore.surrogate.kernels import Around
from reexplore.surrogate.samples import Sample

#: Complexes predicted together: bounds the memory, changes no result.
_TOGETHER = 512


class Seen:
    """The candidates of a question as one kind of surrogate sees them: by geometry, by their ligands' parts, or both.

    Of one that reads no positions a geometry is its atoms alone.
    """

    def __init__(self, question: Question, kind: type[Surrogate]) -> None:
        self._question = question
        self.keys = tuple(sorted(question.labels))
        self.sees = seen_by(kind)
        self._needs_geometries = needs_geometries(kind)
        if self._needs_geometries and (missing := [key for key in self.keys if key not in question.pool.geometries]):
            raise InputError(
                f"the surrogate needs geometries, and {len(missing)} of {len(self.keys)} candidates have none, the"
                f" first of them {missing[0]}: take a pool file with its extended XYZ beside it, or another surrogate"
            )
        #: The SMILES of each candidate's scaffold and substituents; empty for a surrogate that reads none.
        self.parts = parts_of(question.pool) if self.sees != "geometry" else dict.fromkeys(self.keys, ())

    @cached_property
    def structures(self) -> Mapping[str, Structure]:
        """Return the geometry of each candidate that has one; where it is its atoms alone no position is a number."""
        if self._needs_geometries or self.sees == "both":
            return {key: found for key in self.keys if (found := self._question.pool.geometries.get(key)) is not None}
        if self.sees == "ligand":
            return {}
        table = self._question.pool.table
        if "formula" not in table:
            raise InputError("the pool has neither geometries nor the column formula: one of them is needed")
        known = {key: (formula, charge) for key, formula, charge in table[["key", "formula", "charge"]].to_numpy()}
        return {key: _without_positions(str(known[key][0]), int(known[key][1])) for key in self.keys}

    def samples(self, keys: Sequence[str]) -> list[Sample]:
        """Return some candidates with their labels."""
        found = []
        for key in keys:
            traits, label = self._question.traits[key], self._question.labels[key]
            told = (traits.group, traits.scaffold, traits.substituents, label)
            found.append(Sample(key, self.structures.get(key), *told, self.parts[key]))
        return found

    def predicted(self, ensemble: Any) -> NDArray[np.float64]:
        """Return what an ensemble says of every candidate, shape (keys, members or joint samples)."""
        said = [
            ensemble.predict(complexes) if choices is None else ensemble.predict_ligands(choices, complexes)
            for _, choices, complexes in self._blocks
        ]
        table = np.empty((len(self.keys), said[0].shape[-1]))
        for (rows, _, _), found in zip(self._blocks, said, strict=True):
            table[rows] = found.reshape(len(rows), -1)
        if not np.isfinite(table).all():
            first = self.keys[int(np.argmin(np.isfinite(table).all(axis=1)))]
            raise InputError(f"the surrogate says of {first} what is no number")
        return table

    @cached_property
    def _blocks(self) -> list[tuple[list[int], Choices | None, Complexes | None]]:
        """Return the candidates in blocks that are predicted together, each with its rows.

        A block has one metal, and for a surrogate that sees ligands one scaffold and stoichiometry.
        """
        rows_of: dict[Hashable, list[int]] = defaultdict(list)
        for row, key in enumerate(self.keys):
            around, parts = Around.of(self._question.traits[key].group), self.parts[key]
            where = (parts[0], len(parts), around) if parts else around.metal
            rows_of[where, key in self.structures].append(row)
        return [
            (part, self._choices(part), self._complexes(part))
            for rows in rows_of.values()
            for start in range(0, len(rows), _TOGETHER)
            for part in [rows[start : start + _TOGETHER]]
        ]

    def _choices(self, rows: Sequence[int]) -> Choices | None:
        keys = [self.keys[row] for row in rows]
        scaffold, *_ = self.parts[keys[0]] or ("",)
        if not scaffold:
            return None
        named = sorted({smiles for key in keys for smiles in self.parts[key][1:]})
        numbers = np.array([[named.index(smiles) for smiles in self.parts[key][1:]] for key in keys], dtype=np.intp)
        around = Around.of(self._question.traits[keys[0]].group)
        return Choices(scaffold, tuple(named), numbers.reshape(len(keys), -1), (around,))

    def _complexes(self, rows: Sequence[int]) -> Complexes | None:
        structures = [self.structures[key] for row in rows if (key := self.keys[row]) in self.structures]
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


def _without_positions(formula: str, charge: int) -> Structure:
    """Return the atoms of a formula that begins with the metal, without any place."""
    counted = re.findall(r"([A-Z][a-z]?)(\d*)", formula)
    if not counted or "".join(symbol + count for symbol, count in counted) != formula:
        raise InputError(f"'{formula}' is no formula")
    symbols = tuple(symbol for symbol, count in counted for _ in range(int(count or 1)))
    return Structure(symbols, np.full((len(symbols), 3), np.nan), charge)
