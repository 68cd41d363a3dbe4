"""The metals that an objective of a campaign file names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reexplore.chemistry.metals import METALS
from reexplore.inputs.shown import shown


def one_metal(said: Mapping[str, Any]) -> str:
    """Return the metal of `{metal: Lu}`; raise `ValueError` for anything else."""
    only_keys(said, "metal")
    if "metal" not in said:
        raise ValueError("name its metal, such as metal: Lu")
    return known_metal(said["metal"], key="metal")


def known_metal(symbol: Any, *, key: str = "metals") -> str:
    """Return the symbol of a rare earth; raise `ValueError` for anything else."""
    if not isinstance(symbol, str) or symbol not in METALS:
        raise ValueError(f"{key}: {shown(symbol)} is no rare earth; they are {' '.join(METALS)}")
    return symbol


def only_keys(said: Mapping[str, Any], *known: str) -> None:
    """Raise `ValueError` for a key that is not among those known."""
    if strange := [key for key in said if key not in known]:
        raise ValueError(f"unknown key {shown(strange[0])}; known here: property, direction, {', '.join(known)}")
