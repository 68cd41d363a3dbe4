"""The selectivity of a ligand between two metals, or between two groups of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np

from reexplore.energies.levels import Level, comparison_warning
from reexplore.energies.reactions import combined
from reexplore.errors import InputError
from reexplore.inputs.shown import shown
from reexplore.properties.base import Array, Measured
from reexplore.properties.label import Label
from reexplore.properties.metals import known_metal, only_keys


@dataclass(frozen=True)
class Selectivity:
    """The exchange energy of `first` less that of `second` with the same ligand, in kcal/mol; of groups, their means.

    The free ligand cancels, and with it most of what the solvent model gets wrong about its charge.
    """

    name: ClassVar[str] = "selectivity"
    unit: ClassVar[str] = "kcal/mol"
    ranks_across_charges: ClassVar[bool] = True
    needs_aqua_ions: ClassVar[bool] = True
    needs_thermal_terms: ClassVar[bool] = False
    first: tuple[str, ...]
    second: tuple[str, ...]

    @classmethod
    def read(cls, said: Mapping[str, Any]) -> Self:
        """Return the property of `{metals: [Lu, La]}` or `{metals: [[Nd, Pr], [Dy, Tb]]}`."""
        only_keys(said, "metals")
        two = said.get("metals")
        if not isinstance(two, list) or len(two) != 2:
            raise ValueError(f"metals: give two metals, such as [Lu, La], or two groups, not {shown(two)}")
        first, second = (_group(side) for side in two)
        if both := [metal for metal in first if metal in second]:
            raise ValueError(
                f"metals: {both[0]} stands on both sides; a metal is not separated from itself: remove one"
            )
        return cls(first, second)

    def say(self) -> dict[str, Any]:
        """Return what `read` takes."""
        return {"metals": [_side(self.first), _side(self.second)]}

    @property
    def title(self) -> str:
        """Return a name to read."""
        return f"selectivity {' '.join(self.first)} over {' '.join(self.second)}"

    @property
    def meaning(self) -> str:
        """Return in a sentence what a low value means."""
        return (
            f"the more negative, the more strongly {' and '.join(self.first)} {_verb(self.first)} held than"
            f" {' and '.join(self.second)}"
        )

    @property
    def metals(self) -> tuple[str, ...]:
        """Return the metals of both sides."""
        return (*self.first, *self.second)

    def require_comparable(self, level: Level) -> None:
        """Raise `InputError` when the level describes its metals in different ways."""
        if (reason := comparison_warning(level, self.metals)) is not None:
            raise InputError(f"{self.title}: {reason}")

    def value(self, labels: Mapping[str, Label]) -> Measured | None:
        """Return the difference of the exchange energies, in which the ligand cancels."""
        weighed = [(weight, labels[metal].exchange) for metal, weight in self._weights.items()]
        known = [(weight, reaction) for weight, reaction in weighed if reaction is not None]
        return Measured.of(combined(known)) if len(known) == len(weighed) else None

    def samples(self, binding_kcal_mol: Mapping[str, Array], hydration_kcal_mol: Mapping[str, float]) -> Array:
        """Return the difference of every sample."""
        return np.asarray(
            sum(w * (binding_kcal_mol[metal] - hydration_kcal_mol[metal]) for metal, w in self._weights.items())
        )

    @property
    def _weights(self) -> dict[str, float]:
        return {m: 1 / len(self.first) for m in self.first} | {m: -1 / len(self.second) for m in self.second}


def _group(side: Any) -> tuple[str, ...]:
    symbols = side if isinstance(side, list) else [side]
    if not symbols:
        raise ValueError("metals: a group is empty; name its metals")
    group = tuple(known_metal(symbol) for symbol in symbols)
    if len(set(group)) < len(group):
        raise ValueError(f"metals: a metal stands twice in {shown(list(group))}: remove one")
    return group


def _side(group: tuple[str, ...]) -> str | list[str]:
    return group[0] if len(group) == 1 else list(group)


def _verb(group: tuple[str, ...]) -> str:
    return "is" if len(group) == 1 else "are"
