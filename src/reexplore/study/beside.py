"""What another model says of the same complexes, such as a universal potential: read from a table, tested alike."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from reexplore.errors import InputError
from reexplore.study.atoms import line_of_atoms
from reexplore.study.models import Model
from reexplore.surrogate.samples import Sample, targets_kcal_mol

_KEY = "key"


def models_beside(path: Path, keys: Collection[str], *, taken: Collection[str]) -> list[Model]:
    """Return for each column of a CSV file what it says as a model, and the same with a line of atoms fitted to it.

    `key` is that of the pool, every other column an energy in kcal/mol by the name of what computed it. Raises
    `InputError` for a file without these, gaps, numbers that are not finite, a key that is there twice, and names that
    are `taken`.
    """
    try:
        table = pd.read_csv(path, dtype={_KEY: str})
    except (OSError, ValueError) as error:
        raise InputError(f"--beside: {path} is no CSV file that can be read: {str(error).splitlines()[0]}") from None
    if _KEY not in table or len(table.columns) < 2:
        raise InputError(f"--beside: {path} needs the column key and one for each model, in kcal/mol")
    if table[_KEY].duplicated().any():
        raise InputError(f"--beside: {path} has {table[_KEY][table[_KEY].duplicated()].iloc[0]} twice")
    table = table.set_index(_KEY)
    if missing := sorted(set(keys) - set(table.index)):
        raise InputError(f"--beside: {path} has no row for {len(missing)} complexes, the first of them {missing[0]}")
    found = []
    for name in table.columns:
        if name in taken:
            raise InputError(f"--beside: {path} calls a column '{name}', which is a model of the study: rename it")
        values = pd.to_numeric(table[name].loc[sorted(keys)], errors="coerce")
        if not np.isfinite(values).all():
            raise InputError(f"--beside: {path}: {name} of {values.index[~np.isfinite(values)][0]} is no finite number")
        said = {"said": dict(zip(values.index, map(float, values), strict=True))}
        found.append(Model(name, "names", _as_given, said, "1"))
        found.append(Model(f"{name} + atoms", "atoms", _with_atoms, said, "1"))
    return found


def _as_given(
    _known: Sequence[Sample], asked: Sequence[Sample], settings: Mapping[str, Any], _seed: int
) -> NDArray[np.float64]:
    return np.array([settings["said"][sample.key] for sample in asked])


def _with_atoms(
    known: Sequence[Sample], asked: Sequence[Sample], settings: Mapping[str, Any], seed: int
) -> NDArray[np.float64]:
    """Return what was said and a line of atoms that is fitted to what it leaves of the known labels."""
    left = targets_kcal_mol(known) - _as_given(known, known, settings, seed)
    return _as_given(known, asked, settings, seed) + line_of_atoms(known, asked, left)[1]
