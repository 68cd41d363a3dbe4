"""What all members say of all candidates: one joint table."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from reexplore.errors import ExecutionError
from reexplore.surrogate.calibration import Calibration


@dataclass(frozen=True, eq=False)
class Forecast:
    """Row i of `of_members`, shape (N, K), is what K members say of `keys[i]`, in the unit of what they learned."""

    keys: tuple[str, ...]
    of_members: NDArray[np.float64]

    def __post_init__(self) -> None:
        table = np.array(self.of_members, dtype=np.float64)
        if table.ndim != 2 or len(table) != len(self.keys) or table.shape[1] < 2:
            raise ValueError(f"{len(self.keys)} keys need a table of as many rows and two members, not {table.shape}")
        if len(set(self.keys)) < len(self.keys):
            raise ValueError("a forecast names every candidate once")
        if not np.isfinite(table).all():
            raise ValueError("a forecast holds finite numbers only")
        table.setflags(write=False)
        object.__setattr__(self, "of_members", table)

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
        """Return the row of each of some keys; those that are not in the table are left out."""
        wanted = set(keys)
        return {key: row for row, key in enumerate(self.keys) if key in wanted}

    @cached_property
    def _rows(self) -> dict[str, int]:
        return {key: row for row, key in enumerate(self.keys)}

    def save(self, path: Path) -> None:
        """Write the table to an npz file."""
        with path.open("wb") as file:
            # The table has this name in files: the first labels were binding energies.
            np.savez(file, keys=np.array(self.keys, dtype=np.str_), member_kcal_mol=self.of_members)

    @classmethod
    def load(cls, path: Path) -> Forecast:
        """Read a table that `save` wrote; raise `ExecutionError` for a file that is gone or damaged."""
        try:
            with np.load(path, allow_pickle=False) as file:
                return cls(tuple(file["keys"].tolist()), file["member_kcal_mol"])
        except (OSError, ValueError, KeyError, EOFError, NotImplementedError, BadZipFile):
            raise ExecutionError(f"{path} is gone or damaged: `reexplore campaign resume` makes it again") from None
