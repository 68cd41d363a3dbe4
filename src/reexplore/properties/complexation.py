"""The free energy of complexation: a stability constant, computed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from reexplore.inputs.shown import shown
from reexplore.properties.exchange_energy import ExchangeEnergy
from reexplore.properties.metals import known_metal, only_keys


@dataclass(frozen=True)
class ComplexationFreeEnergy(ExchangeEnergy):
    """ΔG of n L + [M(H2O)a]3+ → [M Ln (H2O)m] + (a − m) H2O at 25 °C, 1 mol/l and liquid water, in kcal/mol.

    Divided by −RT ln 10 it is the logarithm of the overall stability constant, β_n. With `across_charges` ligands of
    different charge stand in one ranking; at a pH they compete with protons for themselves.
    """

    name: ClassVar[str] = "complexation_free_energy"
    needs_thermal_terms: ClassVar[bool] = True
    across_charges: bool = False

    @classmethod
    def read(cls, said: Mapping[str, Any]) -> Self:
        """Return the property of `{metal: Lu}` or `{metal: Lu, across_charges: true}`."""
        only_keys(said, "metal", "across_charges")
        if "metal" not in said:
            raise ValueError("name its metal, such as metal: Lu")
        across = said.get("across_charges", False)
        if across not in (True, False):
            raise ValueError(f"across_charges: should be true or false, not {shown(across)}")
        return cls(known_metal(said["metal"], key="metal"), across)

    def say(self) -> dict[str, Any]:
        """Return what `read` takes."""
        return super().say() | ({"across_charges": True} if self.across_charges else {})

    @property
    def ranks_across_charges(self) -> bool:
        """Return whether the campaign asks for that."""
        return self.across_charges

    @property
    def needs_ph(self) -> bool:
        """Return whether its ranking makes sense at a pH only."""
        return self.across_charges

    @property
    def title(self) -> str:
        """Return a name to read."""
        return f"free energy of complexation {self.metal}"
