"""The charges a free ligand may have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

from reexplore.chemistry.ligands import Ligand
from reexplore.inputs.shown import shown


@dataclass(frozen=True)
class LigandCharge:
    """Leaves out ligands of any other charge; plain binding energies are ranked within one charge only."""

    charges: tuple[int, ...]

    @classmethod
    def read(cls, said: Any) -> Self:
        """Return the constraint of a list of charges; raise `ValueError` for anything else."""
        whole = isinstance(said, list) and all(type(charge) is int and abs(charge) < 100 for charge in said)
        if not whole or not said:
            raise ValueError(f"give a list of charges, such as [-1, -2], not {shown(said)}")
        return cls(tuple(dict.fromkeys(said)))

    def say(self) -> list[int]:
        """Return the charges as a campaign file has them."""
        return list(self.charges)

    def reason(self, ligand: Ligand) -> str | None:
        """Return the charge of a ligand that has another one."""
        if ligand.charge in self.charges:
            return None
        return f"charge {ligand.charge:+d}, not {' or '.join(f'{charge:+d}' for charge in self.charges)}"
