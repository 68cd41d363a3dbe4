"""Ligands bred from the best that are labelled: a graph genetic algorithm on what the labels promise."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from reexplore.proposals.filters import OneDonor
from reexplore.proposals.graph_moves import changed, crossed
from reexplore.proposals.proposer import Known, Proposal, Proposed, Wanted, first_of, ranked, sorted_out

#: So many of the best have children, half of which are crossings.
_PARENTS = 30
_CROSSED = 0.5


@dataclass(frozen=True)
class Bred:
    """Children of the best, `generations` times, `children` each time; none but those `wanted`."""

    title: ClassVar[str] = "bred"
    wanted: Wanted | None
    charges: tuple[int, ...] = (-1, 0)
    children: int = 500
    generations: int = 3

    def propose(self, n: int, known: Known) -> Proposed:
        """Return up to `n` ligands that were not tried."""
        chance, refused = known.chance, Counter[str]()
        parents = known.best(_PARENTS)
        origins: dict[str, tuple[str, ...]] = {each.ligand.identity: (each.ligand.identity,) for each in parents}
        pool: dict[str, Proposal] = {}

        def born() -> Iterator[tuple[str, tuple[str, ...]]]:
            for _ in range(self.children):
                one, other = (parents[int(k)] for k in chance.integers(len(parents), size=2))
                of_one = origins[one.ligand.identity]
                if chance.random() < _CROSSED:
                    yield crossed(one, other, chance), tuple(dict.fromkeys(of_one + origins[other.ligand.identity]))
                else:
                    yield changed(one, chance), of_one

        for _ in range(self.generations):
            found, why = sorted_out(list(born()), known, self.charges)
            refused += why
            pool |= {each.found.ligand.identity: each for each in found}
            best = ranked(list(pool.values()), known)
            parents = _next(best, known)
            origins |= {key: each.parents for key, each in pool.items()}
        return Proposed(first_of(best, n, self.wanted), refused)


def _next(best: list[Proposal], known: Known) -> list[OneDonor]:
    """Return the parents of the next generation: half the most promising, half the best that are labelled."""
    half = _PARENTS // 2
    return [each.found for each in best[:half]] + known.best(_PARENTS - half)
