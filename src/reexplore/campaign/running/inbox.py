"""Decisions that wait for the driver: one file each, for the driver alone writes the ledger."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from reexplore.errors import InputError
from reexplore.tracking.decisions import Decision

_FOLDER, _SUFFIX = "decisions", ".json"


def leave(folder: Path, decisions: Iterable[Decision]) -> None:
    """Leave decisions in a campaign's folder; each is there whole or not at all."""
    place = folder / _FOLDER
    place.mkdir(exist_ok=True)
    for number, decision in enumerate(decisions):
        name = f"{time.time_ns()}-{number:06d}-{decision.identity}"
        partial = place / f"{name}.{os.getpid()}.partial"
        with partial.open("w", encoding="utf-8") as file:
            file.write(json.dumps(asdict(decision)))
            file.flush()
            os.fsync(file.fileno())
        partial.replace(place / f"{name}{_SUFFIX}")


def waiting(folder: Path) -> dict[Path, Decision]:
    """Return the decisions that wait, in the order in which they were said; raise `InputError` for a torn file."""
    found = {path: _read(path) for path in sorted((folder / _FOLDER).glob(f"*{_SUFFIX}"))}
    return dict(sorted(found.items(), key=lambda each: (each[1].at, each[0].name)))


def _read(path: Path) -> Decision:
    try:
        told: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return Decision(**told)
    except (ValueError, TypeError) as error:
        raise InputError(f"{path} is no decision that can be read ({error}): move it away, and decide anew") from None
