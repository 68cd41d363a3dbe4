"""Many ligands of one scaffold as a table: three million of them are numbers and texts, not three million objects."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from itertools import islice, product
from pathlib import Path
from typing import overload

import numpy as np
from numpy.typing import NDArray

from reexplore.chemistry.candidates import key_of
from reexplore.chemistry.library import Scaffold, Substituent
from reexplore.chemistry.ligands import Ligand, assemble
from reexplore.chemistry.symmetry import is_first, site_symmetries

#: Texts of any length, each as long as it is.
_TEXT = np.dtypes.StringDType()
_NO_WARNINGS: tuple[tuple[str, ...], ...] = ((),)


class Members(Sequence[Ligand]):
    """Ligands of one scaffold, each made when it is asked for.

    `choices`, shape (ligands, sites), numbers the substituent at each site, and `identities` are those of the ligands.
    `warned`, shape (ligands,), numbers what is said of each in `warnings`; by default nothing is.
    """

    def __init__(
        self,
        scaffold: Scaffold,
        substituents: tuple[Substituent, ...],
        choices: Iterable[Sequence[int]] | NDArray[np.uint16],
        identities: Iterable[str] | NDArray[np.object_],
        *,
        warned: NDArray[np.uint16] | None = None,
        warnings: tuple[tuple[str, ...], ...] = _NO_WARNINGS,
    ) -> None:
        self.scaffold = scaffold
        self.substituents = substituents
        texts = identities if isinstance(identities, np.ndarray) else list(identities)
        self.identities = np.asarray(texts, dtype=_TEXT)
        numbers = choices if isinstance(choices, np.ndarray) else list(choices)
        self.choices = np.asarray(numbers, dtype=np.uint16).reshape(len(self.identities), scaffold.sites)
        self.warned = np.zeros(len(self.identities), np.uint16) if warned is None else warned
        self.warnings = warnings

    @classmethod
    def of(
        cls,
        scaffold: Scaffold,
        substituents: tuple[Substituent, ...],
        ligands: Sequence[Ligand],
        choices: Iterable[Sequence[int]],
    ) -> Members:
        """Return ligands that were made one by one, with the choices they were made of."""
        numbers: dict[tuple[str, ...], int] = {(): 0}
        warned = np.array([numbers.setdefault(each.warnings, len(numbers)) for each in ligands], dtype=np.uint16)
        identities = [ligand.identity for ligand in ligands]
        return cls(scaffold, substituents, choices, identities, warned=warned, warnings=tuple(numbers))

    @classmethod
    def made(
        cls, scaffold: Scaffold, substituents: tuple[Substituent, ...], choices: Sequence[Sequence[int]]
    ) -> Members:
        """Return the ligands of some choices, about a millisecond each."""
        ligands = [assemble(scaffold, tuple(substituents[number] for number in choice)) for choice in choices]
        return cls.of(scaffold, substituents, ligands, choices)

    @classmethod
    def assembled(
        cls, scaffold: Scaffold, substituents: tuple[Substituent, ...], start: int = 0, stop: int | None = None
    ) -> Members:
        """Return what a scaffold makes of the fillings of its sites number `start` to `stop`.

        Fillings are counted as digits are, the last site fastest. Of alike ones the first alone makes a ligand.
        """
        symmetries = site_symmetries(scaffold)
        fillings = islice(product(range(len(substituents)), repeat=scaffold.sites), start, stop)
        return cls.made(scaffold, substituents, [choice for choice in fillings if is_first(choice, symmetries)])

    def save(self, path: Path) -> None:
        """Write the table to an npz file; scaffold and substituents are not in it."""
        texts = np.frombuffer("\n".join(self.identities).encode(), dtype=np.uint8)
        warnings = np.frombuffer(json.dumps(self.warnings).encode(), dtype=np.uint8)
        with path.open("wb") as file:
            np.savez_compressed(file, choices=self.choices, identities=texts, warned=self.warned, warnings=warnings)

    @classmethod
    def load(cls, path: Path, scaffold: Scaffold, substituents: tuple[Substituent, ...]) -> Members:
        """Read a table that `save` wrote of this scaffold."""
        with np.load(path, allow_pickle=False) as file:
            texts = file["identities"].tobytes().decode()
            warnings = tuple(map(tuple, json.loads(file["warnings"].tobytes())))
            identities = texts.split("\n") if texts else []
            return cls(scaffold, substituents, file["choices"], identities, warned=file["warned"], warnings=warnings)

    @classmethod
    def joined(cls, parts: Sequence[Members]) -> Members:
        """Return ligands of one scaffold with the same substituents in one table."""
        warnings = tuple(dict.fromkeys(said for part in parts for said in part.warnings))
        numbers = [np.array([warnings.index(said) for said in part.warnings], dtype=np.uint16) for part in parts]
        return cls(
            parts[0].scaffold,
            parts[0].substituents,
            np.concatenate([part.choices for part in parts]),
            np.concatenate([part.identities for part in parts]),
            warned=np.concatenate([number[part.warned] for number, part in zip(numbers, parts, strict=True)]),
            warnings=warnings,
        )

    @cached_property
    def charges(self) -> NDArray[np.intp]:
        """Return the charge of each ligand, shape (ligands,)."""
        brought = np.array([each.charge for each in self.substituents], dtype=np.intp)
        return np.asarray(self.scaffold.charge + brought[self.choices].sum(axis=1))

    def taken(self, rows: Sequence[int] | NDArray[np.intp] | slice) -> Members:
        """Return some of the ligands, by their numbers or a slice of them."""
        where = rows if isinstance(rows, slice) else np.asarray(rows, dtype=np.intp)
        return Members(
            self.scaffold,
            self.substituents,
            self.choices[where],
            self.identities[where],
            warned=self.warned[where],
            warnings=self.warnings,
        )

    @overload
    def __getitem__(self, row: int) -> Ligand: ...

    @overload
    def __getitem__(self, row: slice) -> Members: ...

    def __getitem__(self, row: int | slice) -> Ligand | Members:
        """Return a ligand, or some of them."""
        if isinstance(row, slice):
            return self.taken(row)
        return Ligand(
            str(self.identities[row]),
            int(self.charges[row]),
            self.scaffold.name,
            tuple(self.substituents[number].name for number in self.choices[row]),
            self.warnings[self.warned[row]],
        )

    def __len__(self) -> int:
        """Return how many ligands there are."""
        return len(self.identities)

    def __iter__(self) -> Iterator[Ligand]:
        """Yield every ligand."""
        return (self[row] for row in range(len(self)))


def distinct(tables: Sequence[Members]) -> list[Members]:
    """Return tables with each ligand once, in the first of them that has it, and none that is empty.

    Ligands are told apart by eight bytes of a hash, as candidates are.
    """
    digests = np.frombuffer(b"".join(key_of(text) for table in tables for text in table.identities), dtype=np.uint64)
    is_new = np.zeros(len(digests), dtype=bool)
    is_new[np.unique(digests, return_index=True)[1]] = True
    ends = np.cumsum([len(table) for table in tables])
    kept = [np.flatnonzero(is_new[end - len(table) : end]) for table, end in zip(tables, ends, strict=True)]
    found = zip(tables, kept, strict=True)
    return [table if len(rows) == len(table) else table.taken(rows) for table, rows in found if len(rows)]
