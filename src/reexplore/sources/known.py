"""The sources by name: those that are here, and those of other packages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from reexplore.errors import InputError
from reexplore.inputs.shown import shown
from reexplore.plug_ins import Kinds
from reexplore.sources.base import LigandTable, Source
from reexplore.sources.enumerated import Enumerated
from reexplore.sources.ligand_file import LigandFile

SOURCES: Kinds[Source] = Kinds(
    what="source",
    group="reexplore.sources",
    here={"file": LigandFile, "enumerated": Enumerated},
    needs=("read", "table"),
)


def read_source(said: str | dict[str, Any], *, beside: Path) -> Source:
    """Return the source that `space.ligands` says: a path, or one name with what it is to be given.

    Raises `InputError` with what is wrong, `MissingEngineError` when one of another package cannot be loaded.
    """
    name, given = ("file", said) if isinstance(said, str) else next(iter(said.items()))
    kind, _ = SOURCES.find(name)
    try:
        return kind.read(given, beside=beside)
    except ValueError as error:
        raise InputError(f"{error} (given: {shown(given)})", key="" if isinstance(said, str) else name) from None


def table_of(source: Source) -> LigandTable:
    """Return the rows of a source; raise `InputError` with what it stumbles over, whatever it is."""
    try:
        found = source.table()
    except InputError:
        raise
    except Exception as error:  # whatever another package's code raises
        raise InputError(f"the ligands of {type(source).__name__} cannot be had: {error!r}") from error
    if not isinstance(found, LigandTable):
        raise InputError(f"{type(source).__name__} gives no LigandTable, but {type(found).__name__}")
    return found
