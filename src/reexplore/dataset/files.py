"""Pool files on disk: a table in Parquet and the geometries in extended XYZ, either of them enough to be read."""

from __future__ import annotations

import gzip
import io
import json
import lzma
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from reexplore.dataset.columns import FORMAT_VERSION, meaning
from reexplore.dataset.frames import Foreign, foreign_row, own_row, structure_of
from reexplore.dataset.pool import LabelledPool, checked
from reexplore.energies.reactions import KCAL_MOL_PER_EV
from reexplore.errors import InputError
from reexplore.structures.structure import Structure
from reexplore.tracking.extended_xyz import with_facts

PARQUET = ".parquet"
#: What extended XYZ may be called, and what opens it.
_XYZ = (".extxyz", ".xyz", ".extxyz.xz", ".xyz.xz", ".extxyz.gz", ".xyz.gz")
GEOMETRIES = ".extxyz.xz"
_METADATA = b"reexplore"


def write_pool(pool: LabelledPool, stem: Path, *, energy_key: str, energy: str) -> tuple[Path, ...]:
    """Write a pool as `STEM.parquet` and, where it has geometries, `STEM.extxyz.xz`; return the files.

    A frame has every column, and under `energy_key` the property `energy` once more, in eV.
    """
    stem.parent.mkdir(parents=True, exist_ok=True)
    written = [_replace(stem.with_name(stem.name + PARQUET), _parquet(pool))]
    if pool.geometries:
        text = "".join(_frames(pool, energy_key, energy))
        written.append(_replace(stem.with_name(stem.name + GEOMETRIES), lzma.compress(text.encode(), preset=6)))
    return tuple(written)


def read_pool(path: Path, *, foreign: Foreign | None = None) -> LabelledPool:
    """Read a pool from its Parquet file, with the geometries beside it, or from extended XYZ alone.

    `path` may be the name without an ending. `foreign` says how frames are read that are not of our own writing;
    without it they are refused. Raises `InputError` with the first thing that is wrong.
    """
    table = path if path.suffix == PARQUET else path.with_name(path.name + PARQUET)
    if table.is_file() and not path.name.endswith(_XYZ):
        rows, provenance = _read_parquet(table)
        rows = checked(rows, source=str(table))
        beside = table.with_name(table.name.removesuffix(PARQUET) + GEOMETRIES)
        if not beside.is_file():
            return LabelledPool(rows, provenance)
        keys = set(rows["key"])
        return LabelledPool(rows, provenance, lambda: _geometries(beside, keys))
    if not path.name.endswith(_XYZ):
        raise InputError(f"{path} is no pool file: give NAME{PARQUET}, or extended XYZ ({', '.join(_XYZ[:3])}, …)")
    rows_read: list[dict[str, Any]] = []
    geometries: dict[str, Structure] = {}
    for number, atoms in enumerate(_atoms(path), start=1):
        where = f"{path}, frame {number}"
        if "key" in atoms.info and "scaffold" in atoms.info:
            row, structure = own_row(atoms), structure_of(atoms, where)
        elif foreign is not None:
            row, structure = foreign_row(atoms, foreign, where)
        else:
            raise InputError(f"{where} is not of a pool file of reexplore: `reexplore dataset import` reads it")
        rows_read.append(row)
        geometries.setdefault(row["key"], structure)
    rows = checked(pd.DataFrame(rows_read), source=str(path))
    return LabelledPool(rows, {}, lambda: geometries)


def provenance(rows: pd.DataFrame, **told: Any) -> dict[str, Any]:
    """Return what a pool file tells of itself: its version, its columns with their units, and more."""
    columns = {column: meaning(column) for column in rows.columns}
    return {"format": FORMAT_VERSION, "labels": len(rows), **told, "columns": columns}


def _parquet(pool: LabelledPool) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.Table.from_pandas(pool.table, preserve_index=False)
    said = {_METADATA: json.dumps(dict(pool.provenance), ensure_ascii=False).encode()}
    file = io.BytesIO()
    pq.write_table(table.replace_schema_metadata((table.schema.metadata or {}) | said), file, compression="zstd")
    return file.getvalue()


def _read_parquet(path: Path) -> tuple[pd.DataFrame, dict[str, Any]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(path)
        said = json.loads((table.schema.metadata or {}).get(_METADATA, b"{}"))
    except (pa.ArrowException, OSError, ValueError) as error:
        raise InputError(f"{path} is no Parquet file that can be read: {str(error).splitlines()[0]}") from None
    if said.get("format", FORMAT_VERSION) > FORMAT_VERSION:
        raise InputError(f"{path} has the format {said['format']}: use the later reexplore that wrote it")
    return table.to_pandas(), said


def _frames(pool: LabelledPool, energy_key: str, energy: str) -> Iterator[str]:
    """Yield each candidate with a geometry as a frame; what a row lacks is left out of it."""
    for row in pool.table.to_dict("records"):
        structure = pool.geometries.get(row["key"])
        if structure is not None:
            value = row.get(energy)
            facts = {} if value is None or pd.isna(value) else {energy_key: float(value) / KCAL_MOL_PER_EV}
            # The charge stands in the frame already, as ASE has it.
            facts |= {str(name): said for name, cell in row.items() if name != "charge" for said in _fact(cell)}
            yield with_facts(structure.to_extxyz(), facts)


def _fact(cell: Any) -> list[Any]:
    """Return a cell as a fact of a frame, in a list that is empty where there is none."""
    if isinstance(cell, str):
        return [cell] if cell else []
    if hasattr(cell, "__len__"):
        return [list(map(str, cell))]
    if pd.isna(cell):
        return []
    return [int(cell) if float(cell).is_integer() and not isinstance(cell, float) else float(cell)]


def _geometries(path: Path, keys: set[str]) -> Mapping[str, Structure]:
    found = {}
    for number, atoms in enumerate(_atoms(path), start=1):
        if (key := atoms.info.get("key")) in keys:
            found[str(key)] = structure_of(atoms, f"{path}, frame {number}")
    return found


def _atoms(path: Path) -> Iterator[Any]:
    """Yield the frames of an extended XYZ file as ASE atoms."""
    from ase.io import iread

    opened = {".xz": lzma.open, ".gz": gzip.open}.get(path.suffix, open)
    try:
        with opened(path, "rt", encoding="utf-8") as file:  # type: ignore[operator]
            yield from iread(file, index=":", format="extxyz")
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from None
    except InputError:
        raise
    except Exception as error:  # ASE raises whatever its parser stumbles over
        raise InputError(
            f"{path} is no extended XYZ file: {str(error).splitlines()[0] if str(error) else error!r}"
        ) from None


def _replace(path: Path, data: bytes) -> Path:
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    partial.write_bytes(data)
    partial.replace(path)
    return path
