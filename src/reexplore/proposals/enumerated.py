"""Ligands of the enumerated family: by chance, or the most promising of many."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import ClassVar

from reexplore.proposals.donor_classes import DONOR_CLASSES, DonorClass
from reexplore.proposals.family import EnumeratedFamily
from reexplore.proposals.filters import MOST_HEAVY_ATOMS
from reexplore.proposals.proposer import Known, Proposal, Proposed, ranked


def family_of(names: Sequence[str]) -> EnumeratedFamily:
    """Return the family of some classes of donors."""
    classes: tuple[DonorClass, ...] = tuple(DONOR_CLASSES[name] for name in names)
    return EnumeratedFamily(classes)


@dataclass(frozen=True)
class ByChance:
    """Ligands of the family by chance, class after class in turn."""

    title: ClassVar[str] = "random"
    family: EnumeratedFamily
    heavy_atoms: int = MOST_HEAVY_ATOMS

    def propose(self, n: int, known: Known) -> Proposed:
        """Return up to `n` ligands that were not tried."""
        refused: Counter[str] = Counter()
        draw = {"seed": _seed(known), "heavy_atoms": self.heavy_atoms}
        drawn = self.family.draw(n + len(known.tried), **draw, refused=refused)
        new = (Proposal(found, (), number) for number, found in drawn if found.ligand.identity not in known.tried)
        return Proposed(tuple(itertools.islice(new, n)), refused)


@dataclass(frozen=True)
class Screened:
    """The most promising by the labels of `pool` ligands of the family, which are drawn once by chance."""

    title: ClassVar[str] = "screened"
    family: EnumeratedFamily
    pool: int
    seed: int
    heavy_atoms: int = MOST_HEAVY_ATOMS
    _refused: Counter[str] = field(default_factory=Counter, compare=False)

    @cached_property
    def _pool(self) -> tuple[Proposal, ...]:
        draw = {"seed": self.seed, "heavy_atoms": self.heavy_atoms}
        drawn = self.family.draw(self.pool, **draw, refused=self._refused)
        return tuple(Proposal(found, (), number) for number, found in drawn)

    def propose(self, n: int, known: Known) -> Proposed:
        """Return up to `n` ligands that were not tried."""
        new = [each for each in self._pool if each.found.ligand.identity not in known.tried]
        return Proposed(tuple(ranked(new, known)[:n]), Counter(self._refused))


def _seed(known: Known) -> int:
    return int(known.chance.integers(2**31))
