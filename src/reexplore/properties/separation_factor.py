"""The separation factor of a ligand between two metals, or between two groups of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from reexplore.energies.protons import KCAL_MOL_PER_LOG_UNIT, log_k
from reexplore.properties.base import Array, Measured
from reexplore.properties.label import Label
from reexplore.properties.selectivity import Selectivity


@dataclass(frozen=True)
class SeparationFactor(Selectivity):
    """log10 of how much more `first` is bound than `second` by the same ligand: the ratio of stability constants."""

    name: ClassVar[str] = "separation_factor"
    unit: ClassVar[str] = "log units"
    needs_thermal_terms: ClassVar[bool] = True

    @property
    def title(self) -> str:
        """Return a name to read."""
        return f"separation factor {' '.join(self.first)} over {' '.join(self.second)}"

    @property
    def meaning(self) -> str:
        """Return in a sentence what a low value means."""
        return f"a unit more binds {' and '.join(self.first)} ten times more than {' and '.join(self.second)}"

    def value(self, labels: Mapping[str, Label]) -> Measured | None:
        """Return the difference of the logarithms of the stability constants."""
        found = super().value(labels)
        if found is None:
            return None
        return Measured(log_k(found.value), None if found.error is None else found.error / KCAL_MOL_PER_LOG_UNIT)

    def samples(self, binding_kcal_mol: Mapping[str, Array], hydration_kcal_mol: Mapping[str, float]) -> Array:
        """Return it of every sample."""
        return super().samples(binding_kcal_mol, hydration_kcal_mol) / -KCAL_MOL_PER_LOG_UNIT
