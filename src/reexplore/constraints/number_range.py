"""A number of a ligand that has to lie in a range: `{at_least: 1, at_most: 4}`, one of them or both."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from reexplore.chemistry.ligands import Ligand
from reexplore.inputs.shown import shown

_KEYS = ("at_least", "at_most")


@dataclass(frozen=True)
class NumberRange(ABC):
    """Leaves out ligands whose number is outside; `words` and `unit` are how people read it."""

    at_least: float | None = None
    at_most: float | None = None

    words: ClassVar[str]
    unit: ClassVar[str] = ""

    @classmethod
    def read(cls, said: Any) -> Self:
        """Return the range of a mapping; raise `ValueError` for anything else."""
        if not isinstance(said, dict) or not said or set(said) - set(_KEYS):
            raise ValueError(f"give at_least, at_most or both, such as {{at_most: 4}}, not {shown(said)}")
        for key, value in said.items():
            if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
                raise ValueError(f"{key} is {shown(value)}: give a number")
        found = cls(**{key: float(value) for key, value in said.items()})
        if found.at_least is not None and found.at_most is not None and found.at_least > found.at_most:
            raise ValueError(
                f"at_least ({found.at_least:g}) is more than at_most ({found.at_most:g}): change one of them"
            )
        return found

    def say(self) -> dict[str, float]:
        """Return the range as a campaign file has it."""
        return {key: value for key in _KEYS if (value := getattr(self, key)) is not None}

    def reason(self, ligand: Ligand) -> str | None:
        """Return why a ligand is outside the range, None when it is inside."""
        value = self.number(ligand)
        if self.at_most is not None and value > self.at_most:
            return f"{self.words} {value:.3g}{self.unit}, at most {self.at_most:g}{self.unit}"
        if self.at_least is not None and value < self.at_least:
            return f"{self.words} {value:.3g}{self.unit}, at least {self.at_least:g}{self.unit}"
        return None

    @abstractmethod
    def number(self, ligand: Ligand) -> float:
        """Return the number of a ligand."""
