"""The pKa of labelled ligands that were computed, derived from the stored energies of their protonation states."""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import pairwise

from reexplore.campaign.ledger.ledger import Ledger
from reexplore.campaign.ledger.rows import LabelKeys
from reexplore.energies.acidity import ComputedPka, Scales
from reexplore.energies.reactions import HARTREE_TO_KCAL_MOL
from reexplore.energies.thermal import GIBBS


class ComputedPkas:
    """Reads the computed pKa of labels; each molecule is looked up once."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._free: dict[tuple[str, str], float] = {}
        self._of_references: dict[str, Scales] = {}

    def of(self, keys: LabelKeys) -> tuple[ComputedPka, ...]:
        """Return the computed pKa of a label's ligand, the last proton to leave first; none where none were needed."""
        if not keys.pka:
            return ()
        scales = self._scales(keys.pka["references"])
        states = [self._free_kcal_mol(*pair) for pair in keys.pka["states"]]
        return tuple(
            scales.pka(kind, base - acid)
            for kind, (base, acid) in zip(keys.pka["kinds"], pairwise(states), strict=True)
        )

    def _scales(self, references: Mapping[str, list[str]]) -> Scales:
        """Return what the reference acids come to; nearly every label has the same ones."""
        known = json.dumps(references, sort_keys=True)
        if known not in self._of_references:
            free = {identity: self._free_kcal_mol(*pair) for identity, pair in references.items()}
            self._of_references[known] = Scales.of_references(free)
        return self._of_references[known]

    def _free_kcal_mol(self, structure: str, energy: str) -> float:
        if (structure, energy) not in self._free:
            total = self._ledger.value(energy)["total_hartree"] + self._ledger.value(structure)[GIBBS]
            self._free[structure, energy] = total * HARTREE_TO_KCAL_MOL
        return self._free[structure, energy]
