"""How a stability constant is made of what is kept: which terms, which reference, which coordination numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import product

from experiment_kept import NUMBERS, Folder, tag

from reexplore.anchors.computed import stability_kcal_mol
from reexplore.anchors.table import Anchor
from reexplore.chemistry.metals import METALS
from reexplore.energies.reactions import PROTON_KCAL_MOL


@dataclass(frozen=True)
class Scale:
    """How a constant is made of what is kept: thermal terms, the free ligand's reference, coordination numbers."""

    thermal: bool = True
    reference: str = "acid"
    numbers: tuple[int, ...] = NUMBERS

    def value(self, folder: Folder, name: str) -> float | None:
        """Return the free or the electronic energy of a species in kcal/mol."""
        energy, thermal = folder.energy_kcal_mol(name), folder.thermal_kcal_mol(name) if self.thermal else 0.0
        return None if energy is None or thermal is None else energy + thermal

    def best(self, folder: Folder, anchor: Anchor, metal: str) -> tuple[int, int, float] | None:
        """Return coordination number, waters of the aqua ion and ΔG or ΔE in kcal/mol of the reaction at its best."""
        numbers = [n for n in self.numbers if n >= anchor.single.ligand.denticity]
        found = {
            (n, waters): self.reaction(folder, anchor, metal, number=n, aqua_waters=waters)
            for n, waters in product(numbers, self.numbers)
        }
        if any(math.isnan(value) for value in found.values()) or not found:
            return None
        # The aqua ion in its own best number, which makes the most of the reaction.
        waters = max(self.numbers, key=lambda waters: found[numbers[0], waters])
        number = min(numbers, key=lambda n: found[n, waters])
        return number, waters, found[number, waters]

    def reaction(self, folder: Folder, anchor: Anchor, metal: str, *, number: int, aqua_waters: int) -> float:
        """Return ΔG or ΔE in kcal/mol of L or its acid with one complex and one aqua ion, NaN where one is missing."""
        reference = "acid" if self.reference == "acid" else "free"
        names = (
            f"{metal}_{tag(anchor)}_{number}",
            f"{metal}_aqua_{aqua_waters}",
            f"{tag(anchor)}_{reference}",
            "water",
        )
        known = [self.value(folder, name) for name in names]
        complex_, aqua, free, water = (math.nan if value is None else value for value in known)
        released = aqua_waters - number + anchor.single.ligand.denticity
        protons = anchor.charge * PROTON_KCAL_MOL if self.reference == "acid" else 0.0
        return complex_ + released * water - aqua - free - protons

    def constants(self, folder: Folder, anchors: tuple[Anchor, ...]) -> dict[tuple[str, str], float]:
        """Return ΔG of M + L → ML from the deprotonated ligand by (ligand, metal)."""
        found = {}
        for anchor in anchors:
            for metal in METALS:
                best = self.best(folder, anchor, metal)
                value = None if best is None else stability_kcal_mol(anchor, best[2], reference=self.reference)
                if value is not None:
                    found[anchor.name, metal] = value
        return found


SCALES = {
    "electronic, anion, number 8": Scale(thermal=False, reference="anion", numbers=(8,)),
    "electronic, anion, best number": Scale(thermal=False, reference="anion"),
    "free, anion, number 8": Scale(reference="anion", numbers=(8,)),
    "free, anion, number 9": Scale(reference="anion", numbers=(9,)),
    "free, anion, best number": Scale(reference="anion"),
    "free, acid, best number": Scale(),
}
