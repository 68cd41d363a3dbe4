"""The labels of a pool as what surrogates learn from."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from reexplore.dataset.pool import LabelledPool
from reexplore.errors import InputError
from reexplore.structures.structure import Structure
from reexplore.surrogate.samples import Sample

#: The SMILES of a ligand's parts.
PARTS = ("scaffold_smiles", "substituent_smiles")


def labelled_samples(
    pool: LabelledPool, column: str, *, with_parts: bool = True, geometries: Mapping[str, Structure] | None = None
) -> tuple[Sample, ...]:
    """Return the candidates that have a value in `column`, as samples with that value, in the order of their keys.

    Parts are those of the ligand, for surrogates that see them. Raises `InputError` where the pool does not have the
    column, or the parts that are asked for.
    """
    if column not in pool.properties:
        raise InputError(f"the pool has no property '{column}'; it has {', '.join(pool.properties)}")
    if with_parts and (lacking := [name for name in PARTS if name not in pool.table]):
        raise InputError(f"the pool does not tell the parts of its ligands: it has no column {lacking[0]}")
    found = []
    for row in sorted(pool.table.to_dict("records"), key=lambda row: str(row["key"])):
        if pd.isna(row[column]):
            continue
        traits = pool.traits[row["key"]]
        structure = None if geometries is None else geometries.get(row["key"])
        parts = (str(row[PARTS[0]]), *map(str, row[PARTS[1]])) if with_parts else ()
        told = (traits.group, traits.scaffold, traits.substituents, float(row[column]), parts)
        found.append(Sample(row["key"], structure, *told))
    return tuple(found)
