"""The transfer free energy: whether a complex goes from water into an organic phase."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from reexplore.properties.base import Array, Measured
from reexplore.properties.label import Label
from reexplore.properties.metals import OfOneMetal


@dataclass(frozen=True)
class TransferFreeEnergy(OfOneMetal):
    """ΔG of [M Ln Xk (H2O)m] (water) → (organic) at one geometry, 25 °C and 1 mol/l in both, in kcal/mol.

    Divided by −RT ln 10 it is the logarithm of the partition ratio. Ion pairs are not in it.
    """

    name: ClassVar[str] = "transfer_free_energy"
    needs_aqua_ions: ClassVar[bool] = False
    needs_thermal_terms: ClassVar[bool] = False
    learns_transfer: ClassVar[bool] = True

    @property
    def title(self) -> str:
        """Return a name to read."""
        return f"transfer free energy {self.metal}"

    @property
    def meaning(self) -> str:
        """Return in a sentence what a low value means."""
        return f"the more negative, the more of the complex with {self.metal} goes from water into the organic phase"

    def value(self, labels: Mapping[str, Label]) -> Measured | None:
        """Return the energy of the transfer, None without a second solvent."""
        reaction = labels[self.metal].transfer
        return None if reaction is None else Measured.of(reaction)

    def samples(self, binding_kcal_mol: Mapping[str, Array], hydration_kcal_mol: Mapping[str, float]) -> Array:  # noqa: ARG002
        """Return the samples of its metal: models learn the transfer itself, in place of binding."""
        return binding_kcal_mol[self.metal]
