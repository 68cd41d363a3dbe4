"""The binding energy of the published protocol, from the bare ion."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from reexplore.properties.base import Array, Measured
from reexplore.properties.label import Label
from reexplore.properties.metals import OfOneMetal


@dataclass(frozen=True)
class BindingEnergy(OfOneMetal):
    """M3+ + n L + m H2O → [M Ln (H2O)m] for one metal, in kcal/mol."""

    name: ClassVar[str] = "binding_energy"
    needs_aqua_ions: ClassVar[bool] = False
    needs_thermal_terms: ClassVar[bool] = False

    @property
    def title(self) -> str:
        """Return a name to read."""
        return f"binding energy {self.metal}"

    @property
    def meaning(self) -> str:
        """Return in a sentence what a low value means."""
        return f"the more negative, the more strongly {self.metal} is held"

    def value(self, labels: Mapping[str, Label]) -> Measured | None:
        """Return the energy of the reaction from the bare ion."""
        return Measured.of(labels[self.metal].binding)

    def samples(self, binding_kcal_mol: Mapping[str, Array], hydration_kcal_mol: Mapping[str, float]) -> Array:  # noqa: ARG002
        """Return the samples of its metal."""
        return binding_kcal_mol[self.metal]
