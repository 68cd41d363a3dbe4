"""The free energy of complexation: a stability constant, computed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from reexplore.properties.exchange_energy import ExchangeEnergy


@dataclass(frozen=True)
class ComplexationFreeEnergy(ExchangeEnergy):
    """ΔG of n L + [M(H2O)a]3+ → [M Ln (H2O)m] + (a − m) H2O at 25 °C, 1 mol/l and liquid water, in kcal/mol.

    Divided by −RT ln 10 it is the logarithm of the overall stability constant, β_n.
    """

    name: ClassVar[str] = "complexation_free_energy"
    needs_thermal_terms: ClassVar[bool] = True

    @property
    def title(self) -> str:
        """Return a name to read."""
        return f"free energy of complexation {self.metal}"
