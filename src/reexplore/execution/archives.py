"""Finished results in a few large files instead of many small ones: SQLite archives, written once and never changed.

An archive holds the table `sqlar` of SQLite's own archive format, so that `sqlite3 -A` lists and unpacks it too.
"""

from __future__ import annotations

import sqlite3
import uuid
import zlib
from collections.abc import Collection, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reexplore.errors import ExecutionError
from reexplore.execution.durable import sync

#: An archive of this size is left alone; smaller ones are written anew with what came since.
FULL_BYTES = 2**30

_SCHEMA = "CREATE TABLE sqlar (name TEXT PRIMARY KEY, mode INT, mtime INT, sz INT, data BLOB) WITHOUT ROWID"
_SUFFIX = ".sqlar"


@dataclass(frozen=True)
class Archives:
    """The archives of one store, in `folder`."""

    folder: Path

    def paths(self) -> list[Path]:
        """Return the archives there are."""
        return sorted(self.folder.glob(f"*{_SUFFIX}"))

    def unfilled(self) -> list[Path]:
        """Return the archives that are written anew with what comes."""
        return [path for path in self.paths() if path.stat().st_size < FULL_BYTES]

    def read(self, name: str) -> bytes | None:
        """Return the file kept under this name, or None; raise `ExecutionError` for an archive that cannot be read."""
        for path in self.paths():
            try:
                rows = _asked(path, "SELECT sz, data FROM sqlar WHERE name = ?", name)
            except ExecutionError:
                if path.exists():
                    raise
                # Merged into another since it was listed.
                return self.read(name)
            if rows:
                size, data = rows[0]
                return bytes(data) if len(data) == size else zlib.decompress(data)
        return None

    def names(self) -> set[str]:
        """Return the names of all files in all archives."""
        return {name for path in self.paths() for (name,) in _asked(path, "SELECT name FROM sqlar")}

    def named(self, beginning: str) -> list[str]:
        """Return the names of all files that begin so."""
        query = "SELECT name FROM sqlar WHERE substr(name, 1, ?) = ?"
        return sorted({n for path in self.paths() for (n,) in _asked(path, query, str(len(beginning)), beginning)})

    def remove(self, names: Collection[str]) -> None:
        """Write every archive that holds one of these files anew, without them."""
        for path in self.paths():
            held = {name for (name,) in _asked(path, "SELECT name FROM sqlar")}
            if held.isdisjoint(names):
                continue
            partial = self.folder / f"{uuid.uuid4().hex[:12]}.partial"
            with closing(sqlite3.connect(partial.as_uri(), uri=True, isolation_level=None)) as new:
                new.execute("PRAGMA journal_mode = OFF")
                new.execute(_SCHEMA)
                new.execute("ATTACH ? AS old", (_address(path),))
                new.execute("INSERT INTO sqlar SELECT name, mode, mtime, sz, data FROM old.sqlar")
                new.executemany("DELETE FROM sqlar WHERE name = ?", [(name,) for name in names])
            sync(partial)
            partial.rename(partial.with_suffix(_SUFFIX))
            sync(self.folder)
            path.unlink()

    def extend(self, files: Iterable[tuple[str, Path]]) -> Path:
        """Write files and what the archives that are not full hold into one new archive, and return it.

        It appears whole or not at all, and what it holds of others is removed there afterwards: cut short, this leaves
        a file in two archives, never in none.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        for left in self.folder.glob("*.partial"):
            left.unlink()
        merged = self.unfilled()
        target = self.folder / f"{uuid.uuid4().hex[:12]}{_SUFFIX}"
        partial = target.with_suffix(".partial")
        with closing(sqlite3.connect(partial.as_uri(), uri=True, isolation_level=None)) as new:
            # What nobody reads before it is renamed needs no journal beside it.
            new.execute("PRAGMA journal_mode = OFF")
            new.execute(_SCHEMA)
            for path in merged:
                new.execute("ATTACH ? AS old", (_address(path),))
                new.execute("INSERT OR IGNORE INTO sqlar SELECT name, mode, mtime, sz, data FROM old.sqlar")
                new.execute("DETACH old")
            new.execute("BEGIN")
            new.executemany("INSERT OR IGNORE INTO sqlar VALUES (?, ?, ?, ?, ?)", _rows(files))
            new.execute("COMMIT")
        sync(partial)
        partial.rename(target)
        sync(self.folder)
        for path in merged:
            path.unlink()
        return target


def _address(path: Path) -> str:
    # Immutable: no lock is asked of a file system that may have none. Read-only: a file that is gone is not made anew.
    return f"{path.resolve().as_uri()}?mode=ro&immutable=1"


def _asked(path: Path, query: str, *values: str) -> list[tuple[Any, ...]]:
    try:
        with closing(sqlite3.connect(_address(path), uri=True)) as archive:
            return archive.execute(query, values).fetchall()
    except sqlite3.DatabaseError as error:
        raise ExecutionError(
            f"the archive {path} cannot be read ({error}): bring it back from a copy, or move it away and what it held"
            " is computed again"
        ) from None


def _rows(files: Iterable[tuple[str, Path]]) -> Iterator[tuple[str, int, int, int, bytes]]:
    for name, path in files:
        data, found = path.read_bytes(), path.stat()
        small = zlib.compress(data)
        yield name, found.st_mode, int(found.st_mtime), len(data), small if len(small) < len(data) else data
