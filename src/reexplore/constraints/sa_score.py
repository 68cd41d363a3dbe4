"""How hard a ligand is to make, guessed from its fragments: 1 is easy, 10 is hard."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from reexplore.chemistry.ligands import Ligand
from reexplore.constraints.number_range import NumberRange


@dataclass(frozen=True)
class SaScore(NumberRange):
    """P. Ertl and A. Schuffenhauer, J. Cheminform. 2009, 1, 8, as RDKit has it; of the free ligand as written."""

    words: ClassVar[str] = "synthetic accessibility score"

    def number(self, ligand: Ligand) -> float:
        """Return the score, 1 to 10."""
        from rdkit.Contrib.SA_Score import sascorer

        return float(sascorer.calculateScore(ligand.mol))
