"""A task: one calculation as a value, and the key under which its result is kept for ever."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field, replace
from typing import Any, Literal

Kind = Literal[
    "build",
    "template",
    "complex",
    "ligand",
    "water",
    "energy",
    "screen",
    "member",
    "predict",
    "forecast",
    "select",
]

#: Raised when the code of a task changes what it returns; old results then no longer answer for it.
METHOD_VERSIONS: dict[Kind, int] = {
    "build": 1,
    "template": 4,
    "complex": 3,
    "ligand": 2,
    "water": 2,
    "energy": 1,
    "screen": 1,
    "member": 1,
    "predict": 1,
    "forecast": 2,
    "select": 2,
}


@dataclass(frozen=True)
class Resources:
    """What one task may use; `time_s` is wall time, after which it is stopped."""

    cores: int = 1
    memory_gb: float = 2.0
    gpus: int = 0
    time_s: float = 3600.0


#: Generous limits for (1,6) to (4,0) complexes on one core; they stop what hangs, not what is slow.
RESOURCES: dict[Kind, Resources] = {
    "build": Resources(memory_gb=3, time_s=1800),
    "template": Resources(memory_gb=3, time_s=4 * 3600),
    "complex": Resources(memory_gb=2, time_s=2 * 3600),
    "ligand": Resources(memory_gb=2, time_s=3600),
    "water": Resources(time_s=600),
    "energy": Resources(memory_gb=8, time_s=12 * 3600),
    "member": Resources(memory_gb=4, time_s=4 * 3600),
    "screen": Resources(memory_gb=4, time_s=3600),
    "predict": Resources(memory_gb=4, time_s=4 * 3600),
    "forecast": Resources(memory_gb=4, time_s=3600),
    "select": Resources(memory_gb=4, time_s=3600),
}


@dataclass(frozen=True)
class Task:
    """A pure function's name and its inputs (JSON-ready); two tasks with equal keys are the same.

    `memory_gb` and `time_s` are limits of its own; they do not enter the key, for a result does not
    depend on them.
    """

    kind: Kind
    inputs: dict[str, Any] = field(hash=False)
    label: str = field(default="", compare=False)
    memory_gb: float | None = field(default=None, compare=False)
    time_s: float | None = field(default=None, compare=False)

    @property
    def resources(self) -> Resources:
        """Return what the task may use: its own limits where it has them, otherwise those of its kind."""
        kind = RESOURCES[self.kind]
        return replace(kind, memory_gb=self.memory_gb or kind.memory_gb, time_s=self.time_s or kind.time_s)

    @property
    def key(self) -> str:
        """Return the hash of kind, inputs and method version."""
        declared = {"kind": self.kind, "inputs": self.inputs, "version": METHOD_VERSIONS[self.kind]}
        text = json.dumps(declared, sort_keys=True, separators=(",", ":"), allow_nan=False)
        return hashlib.sha256(text.encode()).hexdigest()[:32]
