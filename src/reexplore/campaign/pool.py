"""The candidates of a campaign by their keys: a million of them are a table of numbers, not a million objects."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate

import numpy as np

from reexplore.chemistry.candidates import Candidate
from reexplore.chemistry.families import Family


class Pool(Mapping[str, Candidate]):
    """Maps keys to candidates, which are made when they are asked for; in the order of the families."""

    def __init__(self, families: Sequence[Family]) -> None:
        self.families = tuple(families)
        sizes = [len(family.members) * len(family.metals) for family in self.families]
        self._starts = [0, *accumulate(sizes)]
        # A key is 16 hexadecimal digits: eight bytes.
        keys = (int(candidate.key, 16) for family in self.families for candidate in family.candidates())
        self._keys = np.fromiter(keys, dtype=np.uint64, count=sum(sizes))
        self._order = np.argsort(self._keys)
        self._sorted = self._keys[self._order]

    def place(self, key: str) -> tuple[int, int]:
        """Return the number of a candidate's family and that of its ligand there; raise `KeyError` for a stranger."""
        number, ligand, _metal = self._place(key)
        return number, ligand

    def __getitem__(self, key: str) -> Candidate:
        """Return the candidate of a key."""
        number, ligand, metal = self._place(key)
        family = self.families[number]
        return Candidate(family.members[ligand], family.metals[metal], family.ligands, family.waters)

    def __iter__(self) -> Iterator[str]:
        """Yield every key."""
        return (f"{key:016x}" for key in self._keys)

    def __len__(self) -> int:
        """Return how many candidates there are."""
        return len(self._keys)

    def _place(self, key: str) -> tuple[int, int, int]:
        try:
            wanted = np.uint64(int(key, 16))
        except (ValueError, OverflowError):
            raise KeyError(key) from None
        found = int(np.searchsorted(self._sorted, wanted))
        if found == len(self._sorted) or self._sorted[found] != wanted:
            raise KeyError(key)
        row = int(self._order[found])
        number = bisect_right(self._starts, row) - 1
        ligand, metal = divmod(row - self._starts[number], len(self.families[number].metals))
        return number, ligand, metal
