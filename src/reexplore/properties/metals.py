"""The metals that an objective of a campaign file names, and what properties of one metal have in common."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from reexplore.chemistry.metals import METALS
from reexplore.energies.levels import Level
from reexplore.inputs.shown import shown


@dataclass(frozen=True)
class OfOneMetal:
    """An energy of one metal's complex, in kcal/mol: ranked within one ligand charge."""

    unit: ClassVar[str] = "kcal/mol"
    metal: str

    @property
    def ranks_across_charges(self) -> bool:
        """Return no: the charge itself would decide the order."""
        return False

    @classmethod
    def read(cls, said: Mapping[str, Any]) -> Self:
        """Return the property of `{metal: Lu}`."""
        only_keys(said, "metal")
        if "metal" not in said:
            raise ValueError("name its metal, such as metal: Lu")
        return cls(known_metal(said["metal"], key="metal"))

    def say(self) -> dict[str, Any]:
        """Return what `read` takes."""
        return {"metal": self.metal}

    @property
    def metals(self) -> tuple[str, ...]:
        """Return its metal."""
        return (self.metal,)

    def require_comparable(self, level: Level) -> None:
        """Accept every level: there is one metal only."""


def known_metal(symbol: Any, *, key: str = "metals") -> str:
    """Return the symbol of a rare earth; raise `ValueError` for anything else."""
    if not isinstance(symbol, str) or symbol not in METALS:
        raise ValueError(f"{key}: {shown(symbol)} is no rare earth; they are {' '.join(METALS)}")
    return symbol


def only_keys(said: Mapping[str, Any], *known: str) -> None:
    """Raise `ValueError` for a key that is not among those known."""
    if strange := [key for key in said if key not in known]:
        raise ValueError(f"unknown key {shown(strange[0])}; known here: property, direction, {', '.join(known)}")
