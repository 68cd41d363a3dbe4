"""Many ligands of one scaffold as numbers: which substituent is at each site, and what they are combined with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from reexplore.chemistry.candidates import co_ligands_name
from reexplore.chemistry.families import Family
from reexplore.chemistry.metals import METALS
from reexplore.surrogate.descriptors import OF_SUBSTITUENT, added, bare, by_itself
from reexplore.surrogate.kernels import Around, Part

Array = NDArray[np.float64]

#: Sites that have columns of their own.
_SITES = 4


@dataclass(frozen=True, eq=False)
class Choices:
    """L ligands of one scaffold, each in M surroundings.

    `scaffold` and `substituents` are SMILES; `numbers`, shape (L, sites), tells the substituent at each site.
    """

    scaffold: str
    substituents: tuple[str, ...]
    numbers: NDArray[np.intp]
    around: tuple[Around, ...]

    @classmethod
    def of_family(cls, family: Family) -> Self:
        """Return the ligands of a family with its metals."""
        waters = None if family.waters_open else family.waters
        beside = co_ligands_name(family.co_ligands)
        return cls(
            family.scaffold.smiles,
            tuple(each.smiles for each in family.substituents),
            family.choices.astype(np.intp),
            tuple(Around(metal.symbol, family.ligands, waters, beside) for metal in family.metals),
        )

    @classmethod
    def of_one(cls, smiles: Sequence[str], around: Around) -> Self:
        """Return one ligand, given by the SMILES of its scaffold and substituents."""
        scaffold, *groups = smiles
        return cls(scaffold, tuple(groups), np.arange(len(groups), dtype=np.intp)[None], (around,))

    def __len__(self) -> int:
        return len(self.numbers)

    def ligands(self, rows: slice | Sequence[int]) -> Choices:
        """Return some of the ligands."""
        return Choices(self.scaffold, self.substituents, self.numbers[rows], self.around)

    def parts(self) -> tuple[list[Part], NDArray[np.intp]]:
        """Return the distinct parts and which of them each ligand has, shape (L, 1 + sites)."""
        found = [Part(self.scaffold)]
        columns = [np.zeros(len(self), dtype=np.intp)]
        for site in range(self.numbers.shape[1]):
            used, where = np.unique(self.numbers[:, site], return_inverse=True)
            columns.append(len(found) + where.reshape(-1))
            found += [Part(self.scaffold, site, self.substituents[number]) for number in used]
        return found, np.stack(columns, axis=1)

    def columns(self) -> Array:
        """Return descriptors of whole ligands and of the substituents at their first sites, shape (L, columns)."""
        whole = np.tile(bare(self.scaffold), (len(self), 1))
        slots = np.zeros((len(self), _SITES, len(OF_SUBSTITUENT)))
        for site in range(self.numbers.shape[1]):
            used, where = np.unique(self.numbers[:, site], return_inverse=True)
            groups = [self.substituents[number] for number in used]
            whole += np.array([added(self.scaffold, site, smiles) for smiles in groups])[where.reshape(-1)]
            if site < _SITES:
                slots[:, site] = np.array([by_itself(smiles) for smiles in groups])[where.reshape(-1)]
        return np.concatenate([whole, slots.reshape(len(self), -1)], axis=1)

    def surroundings(self) -> Array:
        """Return the columns of the surroundings, shape (M, columns)."""
        return np.array([_columns_of(around) for around in self.around], dtype=np.float64)


def gathered(asked: Sequence[tuple[Sequence[str], Around]]) -> Iterator[tuple[list[int], Choices]]:
    """Yield complexes, given by the SMILES of their parts, by scaffold and surroundings, with their rows."""
    rows_of: dict[tuple[str, Around], list[int]] = {}
    for row, (smiles, around) in enumerate(asked):
        rows_of.setdefault((smiles[0], around), []).append(row)
    for (scaffold, around), rows in rows_of.items():
        groups = sorted({smiles for row in rows for smiles in asked[row][0][1:]})
        numbers = np.array([[groups.index(smiles) for smiles in asked[row][0][1:]] for row in rows], dtype=np.intp)
        yield rows, Choices(scaffold, tuple(groups), numbers.reshape(len(rows), -1), (around,))


def _columns_of(around: Around) -> tuple[float, ...]:
    metal = METALS[around.metal]
    open_waters = around.waters is None
    return (
        metal.shannon_radius_angstrom,
        metal.f_electrons,
        metal.f_electrons * (14 - metal.f_electrons),
        around.ligands,
        around.waters or 0,
        open_waters,
        len(around.co_ligands.split(", ")) if around.co_ligands else 0,
    )
