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
    """Binding energies in kcal/mol: row i of `member_kcal_mol`, shape (N, K), is what K members say of `keys[i]`."""

    keys: tuple[str, ...]
    member_kcal_mol: NDArray[np.float64]

    def __post_init__(self) -> None:
        table = np.array(self.member_kcal_mol, dtype=np.float64)
        if table.ndim != 2 or len(table) != len(self.keys) or table.shape[1] < 2:
            raise ValueError(f"{len(self.keys)} keys need a table of as many rows and two members, not {table.shape}")
        if len(set(self.keys)) < len(self.keys):
            raise ValueError("a forecast names every candidate once")
        if not np.isfinite(table).all():
            raise ValueError("a forecast holds finite numbers only")
        table.setflags(write=False)
        object.__setattr__(self, "member_kcal_mol", table)

    @cached_property
    def mean_kcal_mol(self) -> NDArray[np.float64]:
        """Return the members' mean, shape (N,)."""
        return self.member_kcal_mol.mean(axis=1)

    @cached_property
    def spread_kcal_mol(self) -> NDArray[np.float64]:
        """Return the members' sample standard deviation, shape (N,): no error bar before calibration."""
        return self.member_kcal_mol.std(axis=1, ddof=1)

    def spread(self, key: str) -> float:
        """Return one candidate's spread in kcal/mol; raise `KeyError` for one that is not in the table."""
        return float(self.spread_kcal_mol[self._rows[key]])

    def sigma_kcal_mol(self, calibration: Calibration) -> NDArray[np.float64]:
        """Return the calibrated error bars, shape (N,)."""
        return calibration.sigma_kcal_mol(self.spread_kcal_mol)

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
            np.savez(file, keys=np.array(self.keys, dtype=np.str_), member_kcal_mol=self.member_kcal_mol)

    @classmethod
    def load(cls, path: Path) -> Forecast:
        """Read a table that `save` wrote; raise `ExecutionError` for a file that is gone or damaged."""
        try:
            with np.load(path, allow_pickle=False) as file:
                return cls(tuple(file["keys"].tolist()), file["member_kcal_mol"])
        except (OSError, ValueError, KeyError, EOFError, NotImplementedError, BadZipFile):
            raise ExecutionError(f"{path} is gone or damaged: `reexplore campaign resume` makes it again") from None
