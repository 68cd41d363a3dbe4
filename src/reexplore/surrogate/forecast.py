"""What all members say of all candidates: one joint table."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import cached_property
from pathlib import Path
from typing import Self
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from reexplore.errors import ExecutionError
from reexplore.surrogate.calibration import Calibration


class Forecast:
    """Row i of `of_members`, shape (N, K), is what K members say of `keys[i]`, in the unit of what they learned.

    Keys may be given as text or, of very many, as an array of their UTF-8 bytes.
    """

    def __init__(self, keys: Sequence[str] | NDArray[np.bytes_], of_members: NDArray[np.float64]) -> None:
        names = keys if isinstance(keys, np.ndarray) else [key.encode() for key in keys]
        self.names = np.asarray(names, dtype=np.bytes_)
        table = np.array(of_members, dtype=np.float64)
        if table.ndim != 2 or len(table) != len(self.names) or table.shape[1] < 2:
            raise ValueError(f"{len(self.names)} keys need a table of as many rows and two members, not {table.shape}")
        if (self.names[self.order[1:]] == self.names[self.order[:-1]]).any():
            raise ValueError("a forecast names every candidate once")
        if not np.isfinite(table).all():
            raise ValueError("a forecast holds finite numbers only")
        table.setflags(write=False)
        self.of_members = table

    @classmethod
    def summed_up(cls, keys: NDArray[np.bytes_], of_members: NDArray[np.float64]) -> Self:
        """Return a forecast of two members that have the mean and the spread of all that are given.

        Of ten million candidates no more than that is kept.
        """
        mean, apart = of_members.mean(axis=1), of_members.std(axis=1, ddof=1) / np.sqrt(2)
        return cls(keys, np.stack([mean - apart, mean + apart], axis=1))

    @classmethod
    def joined(cls, parts: Sequence[Forecast]) -> Self:
        """Return forecasts of different candidates by the same members as one."""
        names = np.concatenate([part.names for part in parts])
        return cls(names, np.concatenate([part.of_members for part in parts]))

    def __len__(self) -> int:
        """Return how many candidates it has."""
        return len(self.names)

    @cached_property
    def keys(self) -> tuple[str, ...]:
        """Return the keys as text."""
        return tuple(name.decode() for name in self.names.tolist())

    @cached_property
    def order(self) -> NDArray[np.intp]:
        """Return the rows in the order of their keys."""
        return np.argsort(self.names, kind="stable")

    @cached_property
    def mean(self) -> NDArray[np.float64]:
        """Return the members' mean, shape (N,)."""
        return self.of_members.mean(axis=1)

    @cached_property
    def spreads(self) -> NDArray[np.float64]:
        """Return the members' sample standard deviation, shape (N,): no error bar before calibration."""
        return self.of_members.std(axis=1, ddof=1)

    def spread(self, key: str) -> float:
        """Return one candidate's spread; raise `KeyError` for one that is not in the table."""
        return float(self.spreads[self._rows[key]])

    def sigma(self, calibration: Calibration) -> NDArray[np.float64]:
        """Return the calibrated error bars, shape (N,)."""
        return calibration.sigma(self.spreads)

    def rows(self, keys: Collection[str]) -> dict[str, int]:
        """Return the row of each of some keys, in the order of the table; those that are not in it are left out."""
        asked = {key.encode(): key for key in keys}
        # A longer key would be cut to the width of the table.
        wanted = np.array([key for key in asked if len(key) <= self.names.itemsize], dtype=self.names.dtype)
        if not len(wanted) or not len(self):
            return {}
        places = np.searchsorted(self.names, wanted, sorter=self.order)
        rows = self.order[np.minimum(places, len(self) - 1)]
        return {asked[self.names[row]]: int(row) for row in np.sort(rows[self.names[rows] == wanted])}

    @cached_property
    def _rows(self) -> dict[str, int]:
        return {key: row for row, key in enumerate(self.keys)}

    def save(self, path: Path) -> None:
        """Write the table to an npz file."""
        with path.open("wb") as file:
            # The table has this name in files: the first labels were binding energies.
            np.savez(file, keys=self.names, member_kcal_mol=self.of_members)

    @classmethod
    def load(cls, path: Path) -> Forecast:
        """Read a table that `save` wrote; raise `ExecutionError` for a file that is gone or damaged."""
        try:
            with np.load(path, allow_pickle=False) as file:
                keys = file["keys"]
                # Keys were written as text once.
                return cls(keys.tolist() if keys.dtype.kind == "U" else keys, file["member_kcal_mol"])
        except (OSError, ValueError, KeyError, EOFError, NotImplementedError, BadZipFile):
            raise ExecutionError(f"{path} is gone or damaged: `reexplore campaign resume` makes it again") from None
