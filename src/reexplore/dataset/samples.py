"""The labels of a pool as what surrogates learn from."""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np
import pandas as pd

from reexplore.dataset.pool import LabelledPool
from reexplore.errors import InputError
from reexplore.structures.structure import Structure
from reexplore.surrogate.samples import Sample

_PARTS = ("scaffold_smiles", "substituent_smiles")


def parts_of(pool: LabelledPool) -> dict[str, tuple[str, ...]]:
    """Return the SMILES of the scaffold and the substituents of every candidate by its key.

    Raises `InputError` where the pool does not tell them.
    """
    if lacking := [name for name in _PARTS if name not in pool.table]:
        raise InputError(f"the surrogate reads the parts of ligands, and the pool has no column {lacking[0]}")
    table = pool.table[["key", *_PARTS]].to_numpy()
    return {key: (str(scaffold), *map(str, substituents)) for key, scaffold, substituents in table}


def atoms_of(pool: LabelledPool) -> dict[str, Structure]:
    """Return the atoms of every candidate by its key, from the column `formula`: no position is a number.

    Raises `InputError` where the pool does not have it, or where it holds something else.
    """
    if "formula" not in pool.table:
        raise InputError("the pool has neither geometries nor the column formula: one of them is needed")
    table = pool.table[["key", "formula", "charge"]].to_numpy()
    return {key: _without_positions(str(formula), int(charge)) for key, formula, charge in table}


def _without_positions(formula: str, charge: int) -> Structure:
    """Return the atoms of a formula that begins with the metal, without any place."""
    counted = re.findall(r"([A-Z][a-z]?)(\d*)", formula)
    if not counted or "".join(symbol + count for symbol, count in counted) != formula:
        raise InputError(f"'{formula}' is no formula")
    symbols = tuple(symbol for symbol, count in counted for _ in range(int(count or 1)))
    return Structure(symbols, np.full((len(symbols), 3), np.nan), charge)


def labelled_samples(
    pool: LabelledPool, column: str, *, with_parts: bool = True, geometries: Mapping[str, Structure] | None = None
) -> tuple[Sample, ...]:
    """Return the candidates that have a value in `column`, as samples with that value, in the order of their keys.

    Parts are those of the ligand, for surrogates that see them. Raises `InputError` where the pool does not have the
    column, or the parts that are asked for.
    """
    if column not in pool.properties:
        raise InputError(f"the pool has no property '{column}'; it has {', '.join(pool.properties)}")
    parts = parts_of(pool) if with_parts else {}
    found = []
    for row in sorted(pool.table.to_dict("records"), key=lambda row: str(row["key"])):
        if pd.isna(row[column]):
            continue
        traits = pool.traits[row["key"]]
        structure = None if geometries is None else geometries.get(row["key"])
        told = (traits.group, traits.scaffold, traits.substituents, float(row[column]), parts.get(row["key"], ()))
        found.append(Sample(row["key"], structure, *told))
    return tuple(found)
