"""What a model learns: the binding energy or the energy of the complex, as it is or less that of GFN2-xTB."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from reexplore.dataset.columns import term_column
from reexplore.dataset.pool import LabelledPool
from reexplore.energies.reactions import HARTREE_TO_KCAL_MOL
from reexplore.errors import InputError
from reexplore.study.gfn2 import Gfn2Energies

#: The column of the energy of the complex at the level of the labels.
ABSOLUTE = term_column("complex", "total")
_BINDING = "binding_energy_kcal_mol"


@dataclass(frozen=True)
class Strategy:
    """One of the four: which energy, and whether GFN2-xTB's is taken off it first."""

    name: str
    energy: Literal["binding", "absolute"]
    less_gfn2: bool

    def target_kcal_mol(self, labels: Labels, gfn2: Mapping[str, Gfn2Energies]) -> dict[str, float]:
        """Return what is learned, by key."""
        known = labels.binding_kcal_mol if self.energy == "binding" else labels.absolute_kcal_mol
        if not self.less_gfn2:
            return dict(known)
        cheap = {key: found.kcal_mol(self.energy) for key, found in gfn2.items()}
        return {key: value - cheap[key] for key, value in known.items() if key in cheap}


STRATEGIES = {
    each.name: each
    for each in (
        Strategy("binding", "binding", less_gfn2=False),
        Strategy("absolute", "absolute", less_gfn2=False),
        Strategy("delta-binding", "binding", less_gfn2=True),
        Strategy("delta-absolute", "absolute", less_gfn2=True),
    )
}


@dataclass(frozen=True)
class Labels:
    """The labels of a pool by key; there is no energy of the complex where the file does not tell it of every row."""

    column: str
    binding_kcal_mol: Mapping[str, float]
    absolute_kcal_mol: Mapping[str, float]

    @classmethod
    def of(cls, pool: LabelledPool) -> Labels:
        """Return the labels of a pool: its binding energy, or where it has none its first property.

        Raises `InputError` for gaps, and where all are equal.
        """
        column = _BINDING if _BINDING in pool.properties else pool.properties[0]
        binding = pool.values(column)
        absolute: dict[str, float] = {}
        if ABSOLUTE in pool.table and pool.table[ABSOLUTE].notna().all():
            try:
                found = pool.table[ABSOLUTE].astype(float) * HARTREE_TO_KCAL_MOL
            except (TypeError, ValueError):
                raise InputError(f"{ABSOLUTE} holds something that is no number") from None
            absolute = dict(zip(pool.table["key"], map(float, found), strict=True))
        return cls(column, binding, absolute)

    def without(self, keys: frozenset[str]) -> Labels:
        """Return the labels without those of some candidates."""
        binding = {key: value for key, value in self.binding_kcal_mol.items() if key not in keys}
        absolute = {key: value for key, value in self.absolute_kcal_mol.items() if key not in keys}
        return Labels(self.column, binding, absolute)
