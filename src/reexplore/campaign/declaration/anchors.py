"""The anchors of a campaign: the shipped ones, a person's own tables, or both. They decide nothing that is computed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from reexplore.anchors.table import Anchor, read_anchors, shipped_anchors, together
from reexplore.config import NO_ANCHORS, SHIPPED_ANCHORS
from reexplore.errors import of_key


def anchor_files(said: Sequence[str], *, beside: Path) -> dict[str, Path]:
    """Return the tables that a campaign file names, each by its key: beside it, or where the command is given."""
    files = {}
    for number, name in enumerate(said):
        if name not in {SHIPPED_ANCHORS, NO_ANCHORS}:
            near, here = beside / name, Path(name)
            files[f"anchors.{number}"] = (near if near.is_file() or not here.is_file() else here).resolve()
    return files


def declared_anchors(said: Sequence[str], files: Mapping[str, Path]) -> tuple[Anchor, ...]:
    """Return the anchors that a campaign file names, a person's own before what is shipped.

    Raises `InputError` with the line of a table that is wrong.
    """
    tables = []
    for key, path in files.items():
        with of_key(key):
            tables.append(read_anchors(path))
    shipped = shipped_anchors() if SHIPPED_ANCHORS in said else ()
    return together([*tables, shipped]) if tables else shipped
