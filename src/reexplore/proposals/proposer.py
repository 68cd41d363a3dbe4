"""The one question of every proposer: some ligands, given what is known. How one is added: docs/generator.md."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from reexplore.proposals.family import EnumeratedFamily
from reexplore.proposals.filters import Code, OneDonor, judge
from reexplore.proposals.molecule_process import MoleculeProcess

Array = NDArray[np.float64]

#: So many standard deviations are added to what is expected where ligands are ranked.
CURIOSITY = 1.0


@dataclass(frozen=True, eq=False)
class Known:
    """Labelled ligands with their values, the higher the better, and `tried`: identities that are not proposed again.

    `seed` and `round` decide every chance, so that the same question has the same answer.
    """

    ligands: tuple[OneDonor, ...]
    values: Array
    tried: frozenset[str]
    seed: int
    round: int

    @property
    def chance(self) -> np.random.Generator:
        """Return the chance of this round."""
        return np.random.default_rng([self.seed, self.round])

    def best(self, count: int) -> list[OneDonor]:
        """Return the best ligands, the best first."""
        return [self.ligands[k] for k in np.argsort(-self.values, kind="stable")[:count]]


@dataclass(frozen=True)
class Proposal:
    """A proposed ligand, and the identities of those that it was made from; of an enumerated one its number."""

    found: OneDonor
    parents: tuple[str, ...] = ()
    number: int | None = None


@dataclass(frozen=True)
class Proposed:
    """The ligands of a round, the most promising first, and how many were refused by which code."""

    proposals: tuple[Proposal, ...]
    refused: Counter[str] = field(default_factory=Counter)


#: Whether a ligand is one that is sought.
Wanted = Callable[[Proposal], bool]


class Proposer(Protocol):
    """Proposes ligands. There may be fewer than asked for."""

    title: ClassVar[str]

    def propose(self, n: int, known: Known) -> Proposed:
        """Return up to `n` ligands that were not tried."""
        ...


def sorted_out(
    made: Iterable[tuple[str, tuple[str, ...]]], known: Known, charges: Sequence[int] = (-1, 0)
) -> tuple[list[Proposal], Counter[str]]:
    """Return what of some SMILES with their parents are new ligands of these charges, and why the others are none."""
    refused: Counter[str] = Counter()
    seen: dict[str, Proposal] = {}
    for smiles, parents in made:
        verdict = judge(smiles, charges=charges)
        if not isinstance(verdict, OneDonor):
            refused[verdict.code] += 1
        elif verdict.ligand.identity in seen:
            refused[Code.DUPLICATE] += 1
        elif verdict.ligand.identity in known.tried:
            refused[Code.KNOWN] += 1
        else:
            seen[verdict.ligand.identity] = Proposal(verdict, parents)
    return list(seen.values()), refused


def ranked(proposals: Sequence[Proposal], known: Known) -> list[Proposal]:
    """Return proposals by what the labels promise of them with curiosity, the most promising first."""
    process = MoleculeProcess.fit(known.ligands, known.values)
    mean, deviation = process.expected([each.found for each in proposals])
    order = np.argsort(-(mean + CURIOSITY * deviation), kind="stable")
    return [proposals[k] for k in order]


def outside(family: EnumeratedFamily) -> Wanted:
    """Return the question whether a proposal is no member of a family."""
    return lambda proposal: family.number_of(proposal.found.ligand) is None


def first_of(proposals: Iterable[Proposal], n: int, wanted: Wanted | None) -> tuple[Proposal, ...]:
    """Return the first `n` proposals that are wanted."""
    found: list[Proposal] = []
    for proposal in proposals:
        if len(found) == n:
            break
        if wanted is None or wanted(proposal):
            found.append(proposal)
    return tuple(found)
