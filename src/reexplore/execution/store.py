"""The store of results: content-addressed folders that appear whole or not at all.

Every campaign of a workspace shares one store, at the same time if need be. A result is a folder
`ab/<key>/` with `result.json` and the files the task wrote; it is prepared beside its place and
renamed into it, so what can be read is complete.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reexplore.errors import RUN_ONLY, Failure

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
        """Rebuild an outcome from `to_dict`."""
        failure = Failure.from_dict(data["failure"]) if data["failure"] else None
        return cls(data["value"], failure, data["provenance"])


@dataclass(frozen=True)
class Store:
    """The folder of results."""

    root: Path

    def folder(self, key: str) -> Path:
        """Return where the result of this key is, or will be."""
        return self.root / key[:2] / key

    def outcome(self, key: str) -> Outcome | None:
        """Return the finished outcome, or None; a file that cannot be read is set aside, not trusted."""
        path = self.folder(key) / RESULT
        try:
            return Outcome.from_dict(json.loads(path.read_text(encoding="utf-8")))
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError):
            quarantine = self.root / "_quarantine" / f"{key}-{uuid.uuid4().hex[:8]}"
            quarantine.parent.mkdir(parents=True, exist_ok=True)
            self.folder(key).rename(quarantine)
            return None

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

    def publish(self, workspace: Path, key: str) -> None:
        """Move a prepared folder to its place; a result that is already there stays."""
        for path in workspace.iterdir():
            _sync(path)
        _sync(workspace)
        target = self.folder(key)
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            workspace.rename(target)
        except OSError:
            if not (target / RESULT).is_file():
                raise
            shutil.rmtree(workspace)
        _sync(target.parent)

    def put_text(self, text: str) -> str:
        """Keep a text under the hash of its content and return the hash."""
        digest = hashlib.sha256(text.encode()).hexdigest()[:32]
        path = self._text_path(digest)
        if not path.is_file():
            path.parent.mkdir(parents=True, exist_ok=True)
            partial = path.with_name(f"{digest}.{uuid.uuid4().hex[:8]}.partial")
            partial.write_text(text, encoding="utf-8")
            _sync(partial)
            partial.rename(path)
            _sync(path.parent)
        return digest

    def get_text(self, digest: str) -> str:
        """Return a text kept by `put_text`."""
        return self._text_path(digest).read_text(encoding="utf-8")

    def _text_path(self, digest: str) -> Path:
        return self.root / "_texts" / digest[:2] / digest


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
