"""The store of results: content-addressed folders that appear whole or not at all.

Every campaign of a workspace shares one store, at the same time if need be. A result is a folder
`ab/<key>/` with `result.json` and the files the task wrote; it is prepared beside its place and
renamed into it, so what can be read is complete.
"""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import uuid
import zipfile
import zlib
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from filelock import FileLock

from reexplore.errors import RUN_ONLY, ExecutionError, Failure
from reexplore.execution.archives import Archives
from reexplore.execution.child import INPUTS, LOG
from reexplore.execution.durable import file_system, sync

RESULT = "result.json"


@dataclass(frozen=True)
class Outcome:
    """What a task came to: a value or a failure, with where and how long it ran."""

    value: dict[str, Any] | None
    failure: Failure | None
    provenance: dict[str, Any]

    @property
    def extxyz(self) -> str:
        """Return the geometry of a structure task that succeeded, as extended XYZ text."""
        if self.value is None:
            raise KeyError("a task that failed has no geometry")
        return str(self.value["extxyz"])

    @property
    def run_only(self) -> bool:
        """Return whether it failed by the run alone, a timeout or a crash: such an outcome is not stored."""
        return self.failure is not None and self.failure.code in RUN_ONLY

    def to_dict(self) -> dict[str, Any]:
        """Return the outcome as JSON-ready values."""
        failure = self.failure.to_dict() if self.failure else None
        return {"value": self.value, "failure": failure, "provenance": self.provenance}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Outcome:
        """Rebuild an outcome from `to_dict`; raise `ValueError` or `TypeError` when it is none."""
        if not isinstance(data, dict) or data.keys() != {"value", "failure", "provenance"}:
            raise ValueError("an outcome has a value, a failure and a provenance")
        value, failure, provenance = data["value"], data["failure"], data["provenance"]
        if not isinstance(provenance, dict) or not isinstance(value if failure is None else failure, dict):
            raise TypeError("an outcome has a value or a failure, and a provenance")
        if failure is None:
            return cls(value, None, provenance)
        if value is not None:
            raise ValueError("an outcome has a value or a failure, not both")
        return cls(None, Failure.from_dict(failure), provenance)


@dataclass(frozen=True)
class Store:
    """The folder of results."""

    root: Path

    def folder(self, key: str) -> Path:
        """Return where the result of this key is, or will be."""
        return self.root / key[:2] / key

    def outcome(self, key: str) -> Outcome | None:
        """Return the finished outcome, or None; a file that cannot be read is set aside, not trusted."""
        return found[0] if (found := self._read(key)) is not None else None

    def _read(self, key: str) -> tuple[Outcome, dict[str, str]] | None:
        with file_system(self.root):
            text = self.file(key, RESULT)
            if text is None:
                return None
            try:
                return _unsealed(text, key)
            except (ValueError, TypeError, RecursionError):
                self._set_aside(key)
                return None

    def file(self, key: str, name: str) -> bytes | None:
        """Return one file of a finished result, wherever it is kept, or None."""
        try:
            return (self.folder(key) / name).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return self.archives.read(f"{key[:2]}/{key}/{name}")

    def holds(self, key: str, name: str | None = None) -> bool:
        """Return whether a result is there, with its file `name` if one is named; a damaged one is set aside."""
        if (found := self._read(key)) is None:
            return False
        if name is None:
            return True
        with file_system(self.root):
            try:
                content = (self.folder(key) / name).read_bytes()
            except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
                content = b""
            stated = found[1].get(name)
            whole = _is_whole_zip(content) if stated is None else _digest(content) == stated
            if not whole:
                self._set_aside(key)
        return whole

    @property
    def archives(self) -> Archives:
        """Return where packed results are."""
        return Archives(self.root / "_packed")

    def workspace(self, key: str) -> Path:
        """Create and return the folder in which a result is prepared; the caller holds the key's lock.

        What a killed predecessor left of the same key is removed first.
        """
        work = self.root / "_work"
        for left in work.glob(f"{key}-*"):
            shutil.rmtree(left)
        folder = work / f"{key}-{uuid.uuid4().hex[:8]}"
        folder.mkdir(parents=True)
        return folder

    def checkpoint(self, key: str) -> Path:
        """Return the folder where a calculation keeps what shortens its next attempt, should this one be killed."""
        return self.root / "_checkpoints" / key

    def lock_path(self, key: str) -> Path:
        """Return the lock that keeps two campaigns from computing one key at the same time."""
        path = self.root / "_locks" / f"{key}.lock"
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def publish(self, workspace: Path, key: str, outcome: Outcome) -> None:
        """Write the outcome into a prepared folder and move that to its place; a result already there stays."""
        beside = {p.name: _digest(p.read_bytes()) for p in workspace.iterdir() if p.name not in (RESULT, INPUTS, LOG)}
        (workspace / RESULT).write_text(_sealed(outcome, key, beside), encoding="utf-8")
        for path in workspace.iterdir():
            sync(path)
        sync(workspace)
        target = self.folder(key)
        if not target.parent.is_dir():
            target.parent.mkdir(parents=True, exist_ok=True)
            sync(self.root)
        try:
            workspace.rename(target)
        except OSError:
            if self.outcome(key) is not None:
                shutil.rmtree(workspace)
                return
            # What stands in its place is no result; without this nothing could ever be stored there.
            self._set_aside(key)
            workspace.rename(target)
        sync(target.parent)

    def withdraw(self, key: str, aside: Path) -> bool:
        """Move a result into the folder `aside`, packed or not; return whether there was one.

        A kill leaves it in both places at worst, and the same call again takes it from here.
        """
        with file_system(self.root), FileLock(self.lock_path(key)), FileLock(self.lock_path("pack")):
            shutil.rmtree(self.checkpoint(key), ignore_errors=True)
            packed = self.archives.named(f"{key[:2]}/{key}/")
            target = aside / key
            target.parent.mkdir(parents=True, exist_ok=True)
            if loose := self.folder(key).is_dir():
                self.folder(key).rename(target)
            for name in packed:
                target.mkdir(exist_ok=True)
                if not (copy := target / Path(name).name).exists():
                    copy.write_bytes(self.archives.read(name) or b"")
            self.archives.remove(packed)
            return loose or bool(packed)

    def _set_aside(self, key: str) -> None:
        aside = self.root / "_quarantine" / f"{key}-{uuid.uuid4().hex[:8]}"
        aside.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileNotFoundError):
            self.folder(key).rename(aside)

    def put_text(self, text: str) -> str:
        """Keep a text under the hash of its content and return the hash."""
        digest = _digest(text.encode())
        path = self._text_path(digest)
        with file_system(self.root):
            if self._intact(digest) is not None:
                return digest
            if path.is_dir():
                shutil.rmtree(path)
            path.parent.mkdir(parents=True, exist_ok=True)
            partial = path.with_name(f"{digest}.{uuid.uuid4().hex[:8]}.partial")
            partial.write_text(text, encoding="utf-8")
            sync(partial)
            partial.rename(path)
            sync(path.parent)
        return digest

    def get_text(self, digest: str) -> str:
        """Return a text kept by `put_text`; raise `ExecutionError` for one that is gone or is not what was kept."""
        if (content := self._intact(digest)) is None:
            raise ExecutionError(
                f"{self._text_path(digest)} is gone or damaged: `reexplore campaign resume` writes again what it needs"
            )
        return content.decode()

    def _intact(self, digest: str) -> bytes | None:
        """Return the bytes of a text that hash to its digest; None where there are none."""
        try:
            content = self._text_path(digest).read_bytes()
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return None
        return content if _digest(content) == digest else None

    def _text_path(self, digest: str) -> Path:
        return self.root / "_texts" / digest[:2] / digest


def _is_whole_zip(content: bytes) -> bool:
    """Return whether a file agrees with its own checksums: all that can be asked where no hash of it was kept."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as file:
            return file.testzip() is None
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, ValueError):
        # What altered bytes are taken for: a password, another method, a place before the beginning.
        return False


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:32]


def _sealed(outcome: Outcome, key: str, beside: dict[str, str]) -> str:
    """Return an outcome as the text of its file: with its key and hashes, so that nothing else passes for it.

    `beside` holds the digests of the files that belong to it.
    """
    files = {"files": beside} if beside else {}
    # As it will be read: the hash must not depend on what JSON does not tell apart.
    content = json.loads(json.dumps({"key": key} | outcome.to_dict() | files, allow_nan=False))
    return json.dumps(content | {"sha256": _hash(content)})


def _unsealed(text: bytes, key: str) -> tuple[Outcome, dict[str, str]]:
    """Return the outcome a file holds and the digests of what is beside it; raise `ValueError` or `TypeError`.

    They are raised for a torn or foreign file.
    """
    content = json.loads(text, parse_constant=_refuse)
    if not isinstance(content, dict):
        raise TypeError("a result is a JSON object")
    # Results of the first versions have neither a key nor a hash.
    if content.keys() & {"key", "sha256"}:
        stated = content.pop("sha256", None)
        if stated != _hash(content) or content.pop("key", None) != key:
            raise ValueError("this is not the result that was written under this key")
    beside = content.pop("files", {})
    return Outcome.from_dict(content), beside


def _hash(content: dict[str, Any]) -> str:
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no number of a result")
