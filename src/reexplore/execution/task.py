"""A task: one calculation as a value, and the key under which its result is kept for ever."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Self

from reexplore.execution.kinds import KINDS, Resources

if TYPE_CHECKING:
    from reexplore.execution.recipes import Recipe


@dataclass(frozen=True)
class Task:
    """A pure function's name and its inputs (JSON-ready); two tasks with equal keys are the same.

    `title` is a name to read. `memory_gb` and `time_s` are limits of its own, `device` is where it is to compute
    (`auto`, `cpu`, `cuda`) if it can choose; they do not enter the key, for a result does not depend on them.
    """

    kind: str
    inputs: dict[str, Any] = field(hash=False)
    title: str = field(default="", compare=False)
    memory_gb: float | None = field(default=None, compare=False)
    time_s: float | None = field(default=None, compare=False)
    device: str = field(default="auto", compare=False)

    @classmethod
    def of(cls, recipe: Recipe, *, title: str, memory_gb: float | None = None) -> Self:
        """Return the task that computes a recipe."""
        return cls(recipe.kind, recipe.to_json(), title, memory_gb)

    @property
    def resources(self) -> Resources:
        """Return what the task may use: its own limits where it has them, otherwise those of its kind."""
        usual = KINDS[self.kind].resources
        return replace(usual, memory_gb=self.memory_gb or usual.memory_gb, time_s=self.time_s or usual.time_s)

    @property
    def may_use_card(self) -> bool:
        """Return whether it may compute on a graphics card."""
        return self.device != "cpu" and KINDS[self.kind].may_use_card

    @property
    def insists_on_card(self) -> bool:
        """Return whether it is to compute on a graphics card and nowhere else."""
        return self.device == "cuda" and self.may_use_card

    @property
    def key(self) -> str:
        """Return the hash of kind, inputs and method version."""
        declared = {"kind": self.kind, "inputs": self.inputs, "version": KINDS[self.kind].version}
        text = json.dumps(declared, sort_keys=True, separators=(",", ":"), allow_nan=False)
        return hashlib.sha256(text.encode()).hexdigest()[:32]
