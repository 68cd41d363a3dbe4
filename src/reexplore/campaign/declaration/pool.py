"""The candidates of a campaign by their keys: a million of them are a table of numbers, not a million objects."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from reexplore.chemistry.candidates import Candidate, Group
from reexplore.chemistry.families import Family


class Pool(Mapping[str, Candidate]):
    """Maps keys to candidates, which are made when they are asked for; in the order of the families."""

    def __init__(self, families: Sequence[Family]) -> None:
        self.families = tuple(families)
        self._starts = [0, *accumulate(map(len, self.families))]
        # A key is 16 hexadecimal digits: eight bytes.
        self._keys = np.concatenate([np.empty(0, np.uint64), *(family.keys() for family in self.families)])
        self._order = np.argsort(self._keys)
        self._sorted = self._keys[self._order]

    def place(self, key: str) -> tuple[int, int]:
        """Return the number of a candidate's family and that of its ligand there; raise `KeyError` for a stranger."""
        number, ligand, _metal = self._place(int(self.rows([key])[0]))
        return number, ligand

    def same_ligand(self, key: str) -> Iterator[Candidate]:
        """Yield the complexes of a candidate's ligand in its stoichiometry, metal by metal."""
        number, ligand = self.place(key)
        return self.families[number].candidates_of(ligand)

    def groups(self) -> tuple[list[Group], NDArray[np.intp]]:
        """Return the groups that candidates are ranked in, as they first appear, and the number of each one's."""
        return groups_of(self.families)

    def rows(self, keys: Iterable[str | bytes]) -> NDArray[np.intp]:
        """Return the positions of some candidates in the order of the pool; raise `KeyError` for a stranger."""
        asked = list(keys)
        try:
            wanted = np.array([int(key, 16) for key in asked], dtype=np.uint64)
        except (ValueError, OverflowError):
            raise KeyError(asked) from None
        found = np.minimum(np.searchsorted(self._sorted, wanted), len(self) - 1)
        if strangers := [key for key, same in zip(asked, self._sorted[found] == wanted, strict=True) if not same]:
            raise KeyError(strangers[0])
        return np.asarray(self._order[found])

    def at(self, row: int) -> Candidate:
        """Return the candidate at a position."""
        number, ligand, metal = self._place(row)
        family = self.families[number]
        return family.candidate(ligand, family.metals[metal])

    def candidates(self) -> Iterator[Candidate]:
        """Yield every candidate in the order of the pool."""
        return (candidate for family in self.families for candidate in family.candidates())

    def __getitem__(self, key: str) -> Candidate:
        """Return the candidate of a key."""
        return self.at(int(self.rows([key])[0]))

    def __iter__(self) -> Iterator[str]:
        """Yield every key."""
        return (f"{key:016x}" for key in self._keys)

    def __len__(self) -> int:
        """Return how many candidates there are."""
        return len(self._keys)

    def _place(self, row: int) -> tuple[int, int, int]:
        number = bisect_right(self._starts, row) - 1
        ligand, metal = divmod(row - self._starts[number], len(self.families[number].metals))
        return number, ligand, metal


def groups_of(families: Iterable[Family]) -> tuple[list[Group], NDArray[np.intp]]:
    """Return the groups of the candidates of some families, and the number of each one's, in their order."""
    numbers: dict[Group, int] = {}
    found = [np.empty(0, dtype=np.intp)]
    for family in families:
        groups, of_candidate = family.groups()
        found.append(np.array([numbers.setdefault(g, len(numbers)) for g in groups], dtype=np.intp)[of_candidate])
    return list(numbers), np.concatenate(found)
