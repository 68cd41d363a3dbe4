"""The axes of the drawings on the review page, in its pixels."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

#: A drawing is 400 × 330 pixels, its axes run over these of them.
LEFT, RIGHT, TOP, BOTTOM = 60, 390, 10, 280


@dataclass(frozen=True)
class Tick:
    """A place on an axis, with its number."""

    at: float
    text: str


@dataclass(frozen=True)
class Axis:
    """An axis from the pixel `first` at `low` to the pixel `last` at `high`."""

    low: float
    high: float
    first: int
    last: int

    @classmethod
    def around(cls, numbers: Iterable[float], first: int, last: int) -> Axis:
        """Return an axis on which some numbers have room."""
        values = list(numbers)
        margin = 0.12 * (max(values) - min(values)) or 1.0
        return cls(min(values) - margin, max(values) + margin, first, last)

    def at(self, value: float) -> float:
        """Return the pixel of a number, of one beyond an end that of the end."""
        inside = min(max(value, self.low), self.high)
        return round(self.first + (inside - self.low) / (self.high - self.low) * (self.last - self.first), 1)

    @property
    def ticks(self) -> tuple[Tick, ...]:
        """Return its round numbers."""
        return tuple(Tick(self.at(t), f"{t:g}".replace("-", "−")) for t in round_numbers(self.low, self.high))


def round_numbers(low: float, high: float) -> list[float]:
    """Return about five round numbers between two."""
    rough = (high - low) / 5
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough)
    return [step * k for k in range(math.ceil(low / step), math.floor(high / step) + 1)]
