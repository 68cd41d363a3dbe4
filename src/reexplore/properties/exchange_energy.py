"""The exchange energy: a ligand in place of waters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from reexplore.properties.base import Array, Measured
from reexplore.properties.label import Label
from reexplore.properties.metals import OfOneMetal


@dataclass(frozen=True)
class ExchangeEnergy(OfOneMetal):
    """n L + [M(H2O)a]3+ → [M Ln (H2O)m] + (a − m) H2O for one metal, in kcal/mol."""

    name: ClassVar[str] = "exchange_energy"
    needs_aqua_ions: ClassVar[bool] = True
    needs_thermal_terms: ClassVar[bool] = False

    @property
    def title(self) -> str:
        """Return a name to read."""
        return f"exchange energy {self.metal}"

    @property
    def meaning(self) -> str:
        """Return in a sentence what a low value means."""
        return f"the more negative, the more strongly {self.metal} is held in place of water"

    def value(self, labels: Mapping[str, Label]) -> Measured | None:
        """Return the energy of the reaction from the aqua ion, None without that."""
        reaction = labels[self.metal].exchange
        return None if reaction is None else Measured.of(reaction)

    def samples(self, binding_kcal_mol: Mapping[str, Array], hydration_kcal_mol: Mapping[str, float]) -> Array:
        """Return the binding energy less that of the waters of the aqua ion."""
        return binding_kcal_mol[self.metal] - hydration_kcal_mol[self.metal]
