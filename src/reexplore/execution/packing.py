"""Few files for many results: what a store holds, and finished results moved into archives."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from reexplore.errors import CampaignBusyError
from reexplore.execution.child import INPUTS, LOG
from reexplore.execution.durable import file_system
from reexplore.execution.store import RESULT, Store

#: Results with files beside these, trained members and forecasts, are few and read by path: they stay folders.
_PACKED = frozenset((RESULT, INPUTS, LOG))


@dataclass(frozen=True)
class Contents:
    """What one part of a store holds."""

    part: str
    entries: int
    files: int
    bytes: int


@dataclass(frozen=True)
class Packing:
    """What packing did, or would do: results moved into archives, leftovers of killed calculations removed."""

    results: int
    files_before: int
    files_after: int
    leftovers: int


def contents(store: Store) -> list[Contents]:
    """Return what a store holds, part by part; folders count as files, as quotas do."""
    with file_system(store.root):
        loose = [_count("results in folders of their own", list(_loose(store)))]
        packed = sum(name.endswith(f"/{RESULT}") for name in store.archives.names())
        archives = _count("results in archives", store.archives.paths())
        found = [*loose, Contents(archives.part, packed, archives.files, archives.bytes)]
        for part, folder in (
            ("texts shared by calculations", "_texts"),
            ("kept for an interrupted calculation", "_checkpoints"),
            ("calculations under way or interrupted", "_work"),
            ("set aside because unreadable", "_quarantine"),
            ("locks", "_locks"),
        ):
            found.append(_count(part, _entries(store.root / folder)))
        return found


def pack(store: Store, *, dry_run: bool = False) -> Packing:
    """Move finished results into an archive and remove what killed calculations left; campaigns may run meanwhile.

    A kill at any point loses nothing: results are removed from their folders after the archive that holds them is on
    the disk, and are read from whichever is there. Raises `CampaignBusyError` when another process packs.
    """
    with file_system(store.root):
        before = _files(store)
        if dry_run:
            new, done = _finished(store)
            saved = sum(_size(store.folder(key))[0] for key in (*new, *done))
            return Packing(len(new), before, before - saved + bool(new), len(list(_stale(store, remove=False))))
        marker = store.lock_path("pack")
        try:
            with FileLock(marker, timeout=0):
                results, leftovers = _pack(store)
                marker.unlink()
        except Timeout:
            raise CampaignBusyError(f"another process packs {store.root}: wait for it") from None
        return Packing(results, before, _files(store), leftovers)


def _pack(store: Store) -> tuple[int, int]:
    new, done = _finished(store)
    # What cannot be read is set aside now, and not taken for a result by the archive.
    new = [key for key in new if store.outcome(key) is not None]
    if new or len(store.archives.unfilled()) > 1:
        store.archives.extend(
            (_name(key, path.name), path) for key in new for path in sorted(store.folder(key).iterdir())
        )
    for key in (*new, *done):
        shutil.rmtree(store.folder(key))
    return len(new), len(list(_stale(store, remove=True)))


def _finished(store: Store) -> tuple[list[str], list[str]]:
    """Return the keys of folders that can be packed, and of those that were packed and not yet removed."""
    archived = store.archives.names()
    folders = sorted(_loose(store))
    done = [folder.name for folder in folders if _name(folder.name, RESULT) in archived]
    new = [folder.name for folder in folders if {path.name for path in folder.iterdir()} <= _PACKED]
    return [key for key in new if key not in set(done)], done


def _name(key: str, file: str) -> str:
    return f"{key[:2]}/{key}/{file}"


def _loose(store: Store) -> Iterator[Path]:
    for shelf in _entries(store.root):
        if not shelf.name.startswith("_") and shelf.is_dir():
            yield from shelf.iterdir()


def _stale(store: Store, *, remove: bool) -> Iterator[str]:
    """Find calculations that were begun and that nobody computes: their lock is free."""
    for marker in _entries(store.root / "_locks"):
        key = marker.stem
        if key == "pack":
            continue
        with suppress(Timeout), FileLock(marker, timeout=0):
            if remove:
                for left in (store.root / "_work").glob(f"{key}-*"):
                    shutil.rmtree(left)
                marker.unlink()
            yield key


def _entries(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() else []


def _files(store: Store) -> int:
    return _size(store.root)[0] if store.root.is_dir() else 0


def _count(part: str, entries: list[Path]) -> Contents:
    sizes = [_size(entry) for entry in entries]
    return Contents(part, len(entries), sum(files for files, _ in sizes), sum(size for _, size in sizes))


def _size(path: Path) -> tuple[int, int]:
    """Return how many files and folders a path is, itself among them, and their bytes."""
    files = size = 0
    for found in (path, *(path.rglob("*") if path.is_dir() else ())):
        # A running campaign may move what was just listed.
        with suppress(FileNotFoundError):
            size += found.stat().st_size
            files += 1
    return files, size
