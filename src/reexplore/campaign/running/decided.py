"""Which decision of a person holds for each candidate, and what that means for the next choice."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from reexplore.campaign.declaration.pool import Pool
from reexplore.campaign.ledger.ledger import Ledger
from reexplore.tracking.decisions import Decision

#: What a family is described by.
TRAITS = ("scaffold", "substituent", "ligand", "metal", "group")


@dataclass(frozen=True)
class Reviewed:
    """What the first `decisions` decisions mean for a choice.

    `promoted` go first, in the order in which that was said; `aside` are not to be chosen: rejected, or on hold.
    Both are candidates that can be chosen at all, or were before. `rejected` has every rejected candidate.
    """

    decisions: int = 0
    promoted: tuple[str, ...] = ()
    aside: frozenset[str] = frozenset()
    rejected: frozenset[str] = frozenset()


class Decided:
    """The decisions in a ledger as they stand now; worked out anew only when there are more of them.

    With `whole_ligands` the campaign labels each ligand with all its metals: a decision about a complex is one about
    all complexes of its ligand in its stoichiometry.
    """

    def __init__(self, pool: Pool, ledger: Ledger, *, whole_ligands: bool) -> None:
        self._pool, self._ledger, self._whole = pool, ledger, whole_ligands
        self._reviewed = Reviewed()

    def reviewed(self, can_be_chosen: Callable[[str], bool]) -> Reviewed:
        """Return what they mean for the next choice; `can_be_chosen` is always the same."""
        count = self._ledger.decision_count()
        if count != self._reviewed.decisions:
            standing = standing_decisions(self._pool, self._ledger.decisions(), whole_ligands=self._whole)
            verdicts = {key: decision.verdict for key, decision in standing.items()}
            available = {key: verdict for key, verdict in verdicts.items() if can_be_chosen(key)}
            self._reviewed = Reviewed(
                count,
                tuple(key for key, verdict in available.items() if verdict == "promote"),
                frozenset(key for key, verdict in available.items() if verdict != "promote"),
                frozenset(key for key, verdict in verdicts.items() if verdict == "reject"),
            )
        return self._reviewed


def standing_decisions(pool: Pool, decisions: Sequence[Decision], *, whole_ligands: bool) -> dict[str, Decision]:
    """Return the decision that holds for each candidate, by key: the last one, unless it clears those before it.

    They are in the order in which they were said.
    """
    found: dict[str, Decision] = {}
    for decision in decisions:
        for key in subjects(pool, decision, whole_ligands=whole_ligands):
            found.pop(key, None)
            if decision.verdict != "clear":
                found[key] = decision
    return found


def subjects(pool: Pool, decision: Decision, *, whole_ligands: bool) -> Iterator[str]:
    """Yield the keys of the candidates that a decision is about, in the order of the pool."""
    if decision.candidate is None:
        found = members(pool, decision.family)
        if whole_ligands:
            found = iter(dict.fromkeys(each.key for key in found for each in pool.same_ligand(key)))
        yield from found
    elif whole_ligands:
        yield from (each.key for each in pool.same_ligand(decision.candidate))
    else:
        yield decision.candidate


def members(pool: Pool, family: Mapping[str, str]) -> Iterator[str]:
    """Yield the keys of the candidates with all traits of a family; in its values `*` stands for anything.

    A ligand has a substituent when it has it at any of its sites.
    """

    def fits(trait: str, *values: str) -> bool:
        return trait not in family or any(fnmatchcase(value, family[trait]) for value in values)

    for each in pool.families:
        if not fits("scaffold", each.scaffold.name):
            continue
        metals = [metal for metal in each.metals if fits("metal", metal.symbol)]
        for row, ligand in enumerate(each.members):
            if fits("substituent", *ligand.substituents) and fits("ligand", ligand.name):
                made = (each.candidate(row, metal) for metal in metals)
                yield from (candidate.key for candidate in made if fits("group", candidate.group.name))
