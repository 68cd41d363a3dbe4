"""A pool of labels as a table, and the checks that every one has passed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from reexplore.chemistry.candidates import Group
from reexplore.chemistry.metals import METALS
from reexplore.dataset.columns import REQUIRED, properties
from reexplore.errors import InputError
from reexplore.structures.structure import Structure
from reexplore.surrogate.samples import Traits

#: Two labels of one candidate that differ by more contradict each other; less is lost in writing.
_SAME = 1e-4
_TEXTS = ("key", "metal", "scaffold")
_WHOLE = ("ligands", "ligand_charge", "charge")


def _no_geometries() -> Mapping[str, Structure]:
    return {}


@dataclass(frozen=True, eq=False)
class LabelledPool:
    """Candidates with their labels: one row of `table` each, its columns as `dataset.columns` says.

    `provenance` is what the file tells of itself. Geometries are read when they are first asked for.
    """

    table: pd.DataFrame
    provenance: Mapping[str, Any] = field(default_factory=dict)
    read_geometries: Callable[[], Mapping[str, Structure]] = _no_geometries

    def __len__(self) -> int:
        """Return the number of candidates."""
        return len(self.table)

    @cached_property
    def geometries(self) -> Mapping[str, Structure]:
        """Return the geometry of each candidate by its key, the metal first; empty where the pool has none."""
        return self.read_geometries()

    @property
    def properties(self) -> tuple[str, ...]:
        """Return the columns that candidates may be ranked by."""
        return properties(self.table.columns)

    @cached_property
    def traits(self) -> dict[str, Traits]:
        """Return what is known of each candidate without its geometry, by its key."""
        return {row["key"]: _traits(row) for row in self.table.to_dict("records")}

    def values(self, column: str) -> dict[str, float]:
        """Return a property of every candidate, by its key.

        Raises `InputError` for a column that is not there, and for one with gaps or without any difference.
        """
        if column not in self.properties:
            there = ", ".join(self.properties) or "none"
            raise InputError(f"the pool has no property '{column}'; it has {there}")
        found = self.table[column]
        if found.isna().any():
            first = self.table["key"][found.isna()].iloc[0]
            raise InputError(f"{column} has no value in {int(found.isna().sum())} rows, the first of them {first}")
        if len(found) > 1 and float(np.ptp(found)) == 0.0:
            raise InputError(f"{column} is the same in all {len(found)} rows: there is nothing to rank")
        return dict(zip(self.table["key"], map(float, found), strict=True))


def checked(rows: pd.DataFrame, *, source: str) -> pd.DataFrame:
    """Return rows that may be learned from: agreeing duplicates once, in their order.

    Raises `InputError`, with the row, for no rows, missing columns, gaps where a value is needed, numbers that are not
    finite, metals that are no rare earths, and duplicates that contradict each other.
    """
    if missing := [column for column in REQUIRED if column not in rows.columns]:
        raise InputError(f"{source} has no column {', '.join(missing)}: a pool file has {', '.join(REQUIRED)}")
    if rows.empty:
        raise InputError(f"{source} holds no labels")
    ranked = properties(rows.columns)
    if not ranked:
        raise InputError(f"{source} has no property: a column such as binding_energy_kcal_mol")
    for column in REQUIRED:
        if (gap := rows[column].isna()).any():
            raise InputError(f"{source}: {column} has no value in row {int(np.argmax(gap)) + 1}")
    for column in _WHOLE:
        _require_whole(rows, column, source)
    _require_finite(rows, source)
    for column in _TEXTS:
        if not rows[column].map(lambda value: isinstance(value, str)).all():
            raise InputError(f"{source}: {column} holds something that is no text")
    strange = sorted(set(rows["metal"]) - set(METALS))
    if strange:
        raise InputError(f"{source}: {strange[0]} is no rare earth; they are {' '.join(METALS)}")
    return _once(rows, ranked, source)


def _require_finite(rows: pd.DataFrame, source: str) -> None:
    for column in rows.select_dtypes(include="number").columns:
        values = rows[column].to_numpy(dtype=np.float64, na_value=np.nan)
        if np.isinf(values).any():
            raise InputError(f"{source}: {column} is infinite in row {int(np.argmax(np.isinf(values))) + 1}")
    for column in properties(rows.columns):
        if not pd.api.types.is_numeric_dtype(rows[column]):
            raise InputError(f"{source}: {column} holds something that is no number")
    first = properties(rows.columns)[0]
    if (gap := rows[first].isna()).any():
        raise InputError(f"{source}: {first} is no number (NaN) in row {int(np.argmax(gap)) + 1}")


def _require_whole(rows: pd.DataFrame, column: str, source: str) -> None:
    values = pd.to_numeric(rows[column], errors="coerce")
    if values.isna().any() or (values % 1 != 0).any():
        raise InputError(f"{source}: {column} holds something that is no whole number")


def _once(rows: pd.DataFrame, ranked: tuple[str, ...], source: str) -> pd.DataFrame:
    """Return the first row of each candidate; raise `InputError` where another says something else."""
    for key, same in rows[rows["key"].duplicated(keep=False)].groupby("key", sort=False):
        for column in ranked:
            values = same[column].dropna()
            if len(values) and float(np.ptp(values)) > _SAME:
                raise InputError(
                    f"{source} has {key} twice, with {column} {values.iloc[0]:.3f} and {values.iloc[-1]:.3f}: keep the"
                    " label that is right"
                )
    return rows.drop_duplicates("key").reset_index(drop=True)


def _traits(row: Mapping[Any, Any]) -> Traits:
    waters = row.get("waters")
    group = Group(
        metal=row["metal"],
        ligands=int(row["ligands"]),
        waters=None if waters is None or pd.isna(waters) else int(waters),
        ligand_charge=int(row["ligand_charge"]),
        co_ligands=said if isinstance(said := row.get("co_ligands"), str) else "",
    )
    return Traits(row["key"], group, row["scaffold"], tuple(row["substituents"]))
