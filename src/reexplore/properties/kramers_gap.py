"""The first Kramers gap: how high the first excited doublet of a magnet lies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Self

from reexplore.energies.kramers.ions import find_kramers_ion
from reexplore.errors import InputError
from reexplore.properties.base import Array, Measured
from reexplore.properties.label import Label
from reexplore.properties.metals import OfOneMetal

#: Models learn energies in kcal/mol (CODATA 2018).
CM_PER_KCAL_MOL = 349.7550882


@dataclass(frozen=True)
class KramersGap(OfOneMetal):
    """The second doublet of the ground multiplet above the first, in cm⁻¹, of one metal between two axial ligands."""

    name: ClassVar[str] = "kramers_gap"
    unit: ClassVar[str] = "cm⁻¹"
    #: What is wanted where a campaign file does not say.
    usual_direction: ClassVar[Literal["lower", "higher"]] = "higher"
    needs_aqua_ions: ClassVar[bool] = False
    needs_thermal_terms: ClassVar[bool] = False
    learns_gap: ClassVar[bool] = True

    @classmethod
    def read(cls, said: Mapping[str, Any]) -> Self:
        """Return the property of `{metal: Dy}`; raise `ValueError` for a metal without a gap."""
        found = super().read(said)
        try:
            find_kramers_ion(found.metal)
        except InputError as error:
            raise ValueError(str(error)) from None
        return found

    @property
    def title(self) -> str:
        """Return a name to read."""
        return f"first Kramers gap {self.metal}"

    @property
    def meaning(self) -> str:
        """Return in a sentence what a low value means."""
        return f"the lower, the sooner the moment of {self.metal} turns round over its first excited doublet"

    def value(self, labels: Mapping[str, Label]) -> Measured | None:
        """Return the gap, None for a label of another kind."""
        magnet = labels[self.metal].magnet
        return None if magnet is None else Measured(magnet.gap_cm, None)

    def samples(self, binding_kcal_mol: Mapping[str, Array], hydration_kcal_mol: Mapping[str, float]) -> Array:  # noqa: ARG002
        """Return the gap in samples of its metal: models learn it as an energy, in place of binding."""
        return binding_kcal_mol[self.metal] * CM_PER_KCAL_MOL
