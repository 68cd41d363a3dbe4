"""Measured constants of the reaction that was computed: from the free ligand, from its acid, or at a pH."""

from __future__ import annotations

from dataclasses import dataclass, replace

from reexplore.anchors.table import Anchor
from reexplore.chemistry.acids import proton_sites
from reexplore.energies.protons import FreeLigandAtPH, log_side_reaction


@dataclass(frozen=True)
class Reaction:
    """The reaction whose constants are compared: the free ligand is counted as `anion`, as `acid`, or at a `ph`."""

    reference: str
    ph: float | None = None

    def name(self, charge: int) -> str:
        """Return the name of its constant for ligands of a charge."""
        if self.ph is not None:
            return f"log K1 at pH {self.ph:g}"
        return "log K1 − Σ pKa" if self.protons(charge) else "log K1"

    def protons(self, charge: int) -> int:
        """Return how many protons the ligand was computed with."""
        return max(0, -charge) if self.reference == "acid" else 0

    def knows(self, anchor: Anchor) -> bool:
        """Return whether the pKa of an anchor are known that its constant needs."""
        enough = len(anchor.pka) >= self.protons(anchor.charge)
        return enough and (self.ph is None or bool(anchor.pka) or not proton_sites(anchor.single.ligand.mol))

    def measured(self, anchor: Anchor) -> Anchor:
        """Return an anchor with the constants of this reaction in place of K1."""
        if self.ph is not None:
            less = log_side_reaction(anchor.pka, ph=self.ph)
        else:
            less = sum(anchor.pka[: self.protons(anchor.charge)])
        return replace(anchor, log_k1={metal: value - less for metal, value in anchor.log_k1.items()})

    def computed_kcal_mol(self, anchor: Anchor, energy_kcal_mol: float) -> float:
        """Return the energy of this reaction from that of the same reference without a pH."""
        if self.ph is None:
            return energy_kcal_mol
        at_ph = FreeLigandAtPH(self.ph, {})
        return energy_kcal_mol - at_ph.shift_kcal_mol(anchor.pka, protons=self.protons(anchor.charge))
