"""What a ledger holds of a campaign: rounds, choices, picks, and the calculations a label is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True)
class Pick:
    """A candidate chosen for labelling: when, why, and what was expected of it."""

    candidate: str
    round: int
    position: int
    role: str
    value: float | None
    predicted_kcal_mol: float | None
    sigma_kcal_mol: float | None


@dataclass(frozen=True)
class Choice:
    """One choice: the positions from `first` on of its round, and the digest of all it was made from in the store."""

    number: int
    round: int
    first: int
    inputs: str


@dataclass(frozen=True)
class LabelKeys:
    """The calculations whose results are the terms of one label."""

    structure: str
    complex: str
    ion: str
    ligand: str
    water: str

    def terms(self) -> list[tuple[str, str]]:
        """Return the energy calculations with the part each is for."""
        return [("complex", self.complex), ("ion", self.ion), ("ligand", self.ligand), ("water", self.water)]


@dataclass(frozen=True)
class AquoKeys:
    """The calculations of the aquo ion that a metal's exchange energies start from."""

    structure: str
    energy: str


@dataclass(frozen=True)
class Round:
    """One pass of choose, label and learn; `learned` is what it came to, once it is over."""

    number: int
    kind: Literal["seed", "acquisition"]
    started_at: float
    finished_at: float | None
    learned: dict[str, Any] | None
