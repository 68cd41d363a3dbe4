"""Ligands that are oxidised more easily than a compound everybody knows: catechols become quinones in air."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

from reexplore.chemistry.ligands import Ligand
from reexplore.errors import CalculationFailed, InputError
from reexplore.inputs.shown import shown

#: Acids to compare with, the most easily oxidised first as measured in water.
REFERENCES = {
    "hydroquinone": "Oc1ccc(O)cc1",
    "catechol": "Oc1ccccc1O",
    "phenol": "Oc1ccccc1",
}


@dataclass(frozen=True)
class RedoxStable:
    """Leaves out ligands whose acid has a lower ionisation potential than a `reference`.

    Both are learned ones of `reexplore.electrons`, so that their common error drops out. The order is what they say:
    no potential in volts follows from it.
    """

    reference: str

    @classmethod
    def read(cls, said: Any) -> Self:
        """Return the constraint of a mapping; raise `ValueError` for anything else."""
        if not isinstance(said, dict) or set(said) != {"reference"} or said["reference"] not in list(REFERENCES):
            raise ValueError(f"give {{reference: {' | '.join(REFERENCES)}}}, one of them, not {shown(said)}")
        return cls(said["reference"])

    def say(self) -> dict[str, str]:
        """Return the constraint as a campaign file has it."""
        return {"reference": self.reference}

    def reason(self, ligand: Ligand) -> str | None:
        """Return the potential of a ligand that is oxidised more easily, or why it has none."""
        from reexplore.electrons.of_ligand import ligand_electrons

        try:
            states = ligand_electrons(ligand).reactivity.states
        except (InputError, CalculationFailed) as error:
            return f"its ionisation potential is not known: {error}"
        known = ligand_electrons(Ligand(REFERENCES[self.reference], 0, self.reference, ())).reactivity.states
        if states.ionisation_potential_ev >= known.ionisation_potential_ev:
            return None
        return (
            f"ionisation potential {states.ionisation_potential_ev:.2f} eV, below {self.reference}'s"
            f" {known.ionisation_potential_ev:.2f} eV"
        )
