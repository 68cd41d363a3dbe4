"""The molar mass of the free ligand as written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from rdkit.Chem import Descriptors

from reexplore.chemistry.ligands import Ligand
from reexplore.constraints.number_range import NumberRange


@dataclass(frozen=True)
class MolecularWeight(NumberRange):
    """The molar mass in g/mol, with natural isotopes, hydrogens included."""

    words: ClassVar[str] = "molecular weight"
    unit: ClassVar[str] = " g/mol"

    def number(self, ligand: Ligand) -> float:
        """Return the molar mass in g/mol."""
        return float(Descriptors.MolWt(ligand.mol))  # type: ignore[attr-defined]
