"""What a ligand costs: a number of the ligand file, or the prices of its substituents together."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

from reexplore.chemistry.ligands import Ligand
from reexplore.constraints.number_range import NumberRange

_COLUMN, _SUBSTITUENTS = "column", "substituents"


@dataclass(frozen=True)
class Cost(NumberRange):
    """Leaves out what is too dear, and what has no price; in the unit of whoever wrote the prices.

    `column` is that of the ligand file, `values` what stands there by the ligand's identity. With `prices` by the names
    of substituents there is no column.
    """

    column: str = "cost"
    prices: Mapping[str, float] | None = None
    values: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def read(cls, said: Any) -> Self:
        """Return the limits of a mapping, and where prices come from; raise `ValueError` for anything else."""
        if not isinstance(said, dict):
            return super().read(said)
        if _COLUMN in said and _SUBSTITUENTS in said:
            raise ValueError("prices come from a column or from substituents: keep one of them")
        limits = super().read({key: value for key, value in said.items() if key not in (_COLUMN, _SUBSTITUENTS)})
        column = said.get(_COLUMN, "cost")
        if not isinstance(column, str) or not column:
            raise ValueError(f"column is {column!r}: name a column of the ligand file")
        prices = said.get(_SUBSTITUENTS)
        if prices is None:
            return replace(limits, column=column)
        if not isinstance(prices, dict) or not prices or not all(isinstance(name, str) for name in prices):
            raise ValueError("substituents are names with their prices, such as {methyl: 1, cyano: 2.5}")
        for name, price in prices.items():
            if isinstance(price, bool) or not isinstance(price, int | float) or not math.isfinite(price):
                raise ValueError(f"the price of {name} is {price!r}: give a number")
        return replace(limits, column="", prices={name: float(price) for name, price in prices.items()})

    def say(self) -> dict[str, Any]:
        """Return it as a campaign file has it."""
        source = {_COLUMN: self.column} if self.prices is None else {_SUBSTITUENTS: dict(self.prices)}
        return super().say() | source

    def read_value(self, text: str) -> float:
        """Return the cost that stands in the column; raise `ValueError` when it is no number."""
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise ValueError(f"'{text[:40]}' is no number, such as 4.2")
        return value

    def with_values(self, values: Mapping[str, float]) -> Self:
        """Return the constraint with what was read in its column, by the ligand's identity."""
        return replace(self, values=dict(values))

    def reason(self, ligand: Ligand) -> str | None:
        """Return why a ligand is left out: its cost is outside the range, or not known."""
        if self.prices is None:
            return super().reason(ligand) if ligand.identity in self.values else f"no {self.column} is given"
        unknown = [name for name in ligand.substituents if name not in self.prices and name != "H"]
        return f"no price is given for {unknown[0]}" if unknown else super().reason(ligand)

    @property
    def words(self) -> str:  # type: ignore[override]
        """Return what the number is called in a reason."""
        return self.column or "cost of substituents"

    def number(self, ligand: Ligand) -> float:
        """Return what a ligand costs."""
        if self.prices is None:
            return self.values[ligand.identity]
        return sum(self.prices.get(name, 0.0) for name in ligand.substituents)
