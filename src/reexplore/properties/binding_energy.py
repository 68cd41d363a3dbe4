"""The binding energy of the published protocol, from the bare ion."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from reexplore.energies.levels import Level
from reexplore.properties.base import Array, Measured
from reexplore.properties.label import Label
from reexplore.properties.metals import one_metal


@dataclass(frozen=True)
class BindingEnergy:
    """M3+ + n L + m H2O → [M Ln (H2O)m] for one metal, in kcal/mol."""

    name: ClassVar[str] = "binding_energy"
    unit: ClassVar[str] = "kcal/mol"
    ranks_across_charges: ClassVar[bool] = False
    needs_aqua_ions: ClassVar[bool] = False
    metal: str

    @classmethod
    def read(cls, said: Mapping[str, Any]) -> Self:
        """Return the property of `{metal: Lu}`."""
        return cls(one_metal(said))

    def say(self) -> dict[str, Any]:
        """Return what `read` takes."""
        return {"metal": self.metal}

    @property
    def title(self) -> str:
        """Return a name to read."""
        return f"binding energy {self.metal}"

    @property
    def meaning(self) -> str:
        """Return in a sentence what a low value means."""
        return f"the more negative, the more strongly {self.metal} is held"

    @property
    def metals(self) -> tuple[str, ...]:
        """Return its metal."""
        return (self.metal,)

    def require_comparable(self, level: Level) -> None:
        """Accept every level: there is one metal only."""

    def value(self, labels: Mapping[str, Label]) -> Measured | None:
        """Return the energy of the reaction from the bare ion."""
        return Measured.of(labels[self.metal].binding)

    def samples(self, binding_kcal_mol: Mapping[str, Array], hydration_kcal_mol: Mapping[str, float]) -> Array:  # noqa: ARG002
        """Return the samples of its metal."""
        return binding_kcal_mol[self.metal]
