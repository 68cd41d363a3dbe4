"""Complexes of many ligands with many metals as arrays: what a million of them are, between grafting and prediction."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem

from reexplore.chemistry.metals import TEMPLATE_METAL, Metal
from reexplore.structures.metal_exchange import part_shifts, parts
from reexplore.structures.screening.grafting import Grafts
from reexplore.structures.structure import Layout, Structure

Array = NDArray[np.float64]
Integers = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Complexes:
    """The complexes of L ligands of one scaffold and coordination with each of M metals.

    `numbers`, shape (L, atoms), are atomic numbers without the metal's, 0 is padding;
    `positions_angstrom`, shape (L, atoms, 3), are relative to the metal in the lanthanum complex, and
    `shifts_angstrom`, shape (M, atoms, 3), is how far each atom moves for each metal. `charges`, shape
    (L,), are those of the complexes.
    """

    numbers: Integers
    positions_angstrom: Array
    metals: tuple[Metal, ...]
    shifts_angstrom: Array
    charges: Integers

    @classmethod
    def of(cls, grafts: Grafts, *, metals: tuple[Metal, ...], ligand_charges: Integers) -> Complexes:
        """Return grafted complexes with every metal; `ligand_charges`, shape (ligands,), are those of one ligand."""
        base = grafts.grafting.scaffolding
        positions = grafts.positions_angstrom - grafts.positions_angstrom[:, :1]
        return cls(
            numbers=grafts.numbers[:, 1:],
            positions_angstrom=positions[:, 1:],
            metals=metals,
            shifts_angstrom=base.shifts(metals)[:, grafts.part[1:]],
            charges=base.charge_beside + base.ligands * ligand_charges,
        )

    @classmethod
    def of_template(
        cls, template: Structure, *, layout: Layout, metals: tuple[Metal, ...], contraction: int
    ) -> Complexes:
        """Return one lanthanum complex with every metal in its place, as `exchange_metal` puts it there."""
        shifts = part_shifts(template, layout=layout, old=TEMPLATE_METAL, metals=metals, contraction=contraction)
        part = np.repeat(np.arange(shifts.shape[1]), [len(atoms) for atoms in parts(layout)])
        table = Chem.GetPeriodicTable()
        positions = template.positions_angstrom - template.positions_angstrom[:1]
        return cls(
            numbers=np.array([[table.GetAtomicNumber(symbol) for symbol in template.symbols[1:]]], dtype=np.intp),
            positions_angstrom=positions[None, 1:],
            metals=metals,
            shifts_angstrom=shifts[:, part],
            charges=np.array([template.charge], dtype=np.intp),
        )

    @property
    def shape(self) -> tuple[int, int]:
        """Return the number of ligands and of metals."""
        return len(self.numbers), len(self.metals)

    @property
    def size(self) -> int:
        """Return the number of complexes."""
        return len(self.numbers) * len(self.metals)

    def ligands(self, start: int, stop: int) -> Complexes:
        """Return the complexes of some of the ligands."""
        rows = slice(start, stop)
        return Complexes(
            self.numbers[rows], self.positions_angstrom[rows], self.metals, self.shifts_angstrom, self.charges[rows]
        )

    def structures(self) -> Iterator[Structure]:
        """Yield every complex, metal first, in an atom order of its own: all metals of a ligand before the next."""
        table = Chem.GetPeriodicTable()
        for numbers, positions, charge in zip(self.numbers, self.positions_angstrom, self.charges, strict=True):
            there = numbers > 0
            symbols = [table.GetElementSymbol(int(number)) for number in numbers[there]]
            for metal, shifts in zip(self.metals, self.shifts_angstrom, strict=True):
                places = np.vstack([np.zeros(3), (positions + shifts)[there]])
                yield Structure((metal.symbol, *symbols), places, int(charge))
