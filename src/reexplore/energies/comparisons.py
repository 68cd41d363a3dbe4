"""What may be ranked against what, and the sentence that forbids it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import combinations

from reexplore.chemistry.candidates import Group
from reexplore.energies.levels import Level, comparison_warning


@dataclass(frozen=True)
class Incomparable:
    """Two groups that may not be ranked together: which they are, and why."""

    which: str
    why: str

    def __str__(self) -> str:
        """Return the sentence for people."""
        return f"{self.which}: {self.why}"


def why_not_comparable(first: Group, second: Group) -> Incomparable | None:
    """Return why plain binding energies of two groups may not be ranked, None if they may."""
    if first.metal != second.metal:
        return Incomparable(
            f"{first.metal} and {second.metal}",
            "a continuum does not give the bare ion's solvation its metal trend; compare metals by exchange energies",
        )
    if first.ligand_charge != second.ligand_charge:
        return Incomparable(
            f"ligand charges {first.ligand_charge:+d} and {second.ligand_charge:+d}",
            "the charge alone decides the order, and protons compete in another way",
        )
    if first.stoichiometry != second.stoichiometry:
        return Incomparable(
            f"({first.stoichiometry}) and ({second.stoichiometry})",
            "the released waters and their entropy decide the order",
        )
    return None


def exchange_comparable(first: Group, second: Group, *, level: Level) -> bool:
    """Return whether exchange energies of two groups may be ranked at a level.

    The metals may differ when the level describes them alike; ligand charge and stoichiometry may not.
    """
    alike = comparison_warning(level, (first.metal, second.metal)) is None
    return alike and why_not_comparable(first, replace(second, metal=first.metal)) is None


def binding_reasons(groups: Iterable[Group]) -> tuple[str, ...]:
    """Return why plain binding energies of some of these groups may not be ranked, each reason once."""
    told: dict[str, Incomparable] = {}
    for first, second in combinations(dict.fromkeys(groups), 2):
        if found := why_not_comparable(first, second):
            told.setdefault(found.why, found)
    return tuple(str(found) for found in told.values())


def exchange_reasons(groups: Iterable[Group], *, level: Level) -> tuple[str, ...]:
    """Return why exchange energies of some of these groups may not be ranked at a level, each reason once."""
    known = list(groups)
    of_metals = comparison_warning(level, (group.metal for group in known))
    others = binding_reasons(replace(group, metal=known[0].metal) for group in known)
    return (*others, *([of_metals] if of_metals else []))
