"""What the learned model sees of the pool: grafted on the templates of bare scaffolds, never sent about."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from reexplore.campaign.declaration.pool import Pool
from reexplore.campaign.declaration.setup import Setup
from reexplore.campaign.ledger.ledger import Ledger
from reexplore.campaign.running.context import CampaignContext
from reexplore.campaign.running.dispatcher import Job
from reexplore.campaign.steps.constraining import Excluded, constrain
from reexplore.campaign.steps.tasks import templates
from reexplore.chemistry.candidates import Candidate
from reexplore.chemistry.families import Family
from reexplore.errors import ExecutionError, Failure
from reexplore.execution.recipes import Grafts
from reexplore.execution.store import Store
from reexplore.execution.task import Task
from reexplore.structures.metal_exchange import contraction_of
from reexplore.structures.screening.families import finds_place, screening_geometries
from reexplore.structures.screening.scaffolding import bare_candidate
from reexplore.structures.structure import Structure
from reexplore.surrogate.base import seen_by
from reexplore.surrogate.known import SURROGATES

#: Where the ledger keeps the digest of what screening came to.
_META = "screening"


@dataclass(frozen=True)
class Part:
    """Some ligands of one family: their digest in the store, their template (extended XYZ), and who is refused.

    `refused` holds the failure of a ligand by its number. Without a template `failure` says why. `contraction` says
    how far donors move with the metal.
    """

    family: Family
    digest: str
    template: str
    refused: dict[int, Failure]
    failure: Failure | None
    contraction: int

    @property
    def grafts(self) -> Grafts:
        """Return what a task that grafts these ligands is asked for."""
        return Grafts(self.digest, self.template, self.contraction)

    @property
    def title(self) -> str:
        """Return a name to read."""
        family = self.family
        return f"{len(family.members)} ligands on {family.scaffold.name} ({family.stoichiometry})"

    def failure_of(self, row: int) -> Failure | None:
        """Return why a ligand has no screening geometry, or None when it has one."""
        return self.failure or self.refused.get(row)


@dataclass(frozen=True)
class Screening:
    """The pool as the learned model sees it, and the candidates it cannot see.

    Where the model needs no geometry (`sees_all`) a candidate without one is a candidate as any other. Where each
    round grafts some (`grafts_some`), nobody was looked at before.
    """

    parts: tuple[Part, ...]
    excluded: tuple[Excluded, ...] = ()
    sees_all: bool = False
    grafts_some: bool = False

    @cached_property
    def pool(self) -> Pool:
        """Return every candidate by key, in the order of the parts."""
        return Pool([part.family for part in self.parts])

    @cached_property
    def count(self) -> int:
        """Return how many candidates the model sees."""
        return sum(
            (len(part.family.members) - (0 if self.sees_all else len(part.refused))) * len(part.family.metals)
            for part in self.seen
        )

    @property
    def seen(self) -> list[Part]:
        """Return the parts of which the model sees at least one ligand."""
        return [
            part
            for part in self.parts
            if self.sees_all or (part.failure is None and len(part.refused) < len(part.family.members))
        ]

    def sees(self, key: str) -> bool:
        """Return whether the model sees a candidate; of what constraints leave out it sees nothing."""
        try:
            number, row = self.pool.place(key)
        except KeyError:
            return False
        return self.sees_all or self.parts[number].failure_of(row) is None

    def available(self, metal: str | None = None) -> Iterator[str]:
        """Yield the keys of all candidates that the model sees, or of those with one metal."""
        for part in self.parts:
            metals = part.family.metals
            wanted = [number for number, each in enumerate(metals) if metal in (None, each.symbol)]
            keys = part.family.keys().reshape(-1, len(metals))
            for row in range(len(part.family.members)):
                if self.sees_all or part.failure_of(row) is None:
                    yield from (f"{key:016x}" for key in keys[row, wanted].tolist())

    def refused(self) -> Iterator[tuple[str, Failure]]:
        """Yield the keys of all candidates that the model cannot see, and why."""
        for part in () if self.sees_all else self.parts:
            for row in range(len(part.family.members)) if part.failure else part.refused:
                failure = part.failure or part.refused[row]
                yield from ((candidate.key, failure) for candidate in part.family.candidates_of(row))

    def left_out(self) -> Iterator[tuple[str, Failure]]:
        """Yield the keys of all candidates that a constraint leaves out, and why."""
        for each in self.excluded:
            yield from each.failures()

    @property
    def refused_by_code(self) -> dict[str, int]:
        """Return how many ligands have no screening geometry, for each reason."""
        codes = Counter[str]()
        for part in self.parts:
            if part.failure is not None:
                codes[part.failure.code.value] += len(part.family.members)
            codes.update(failure.code.value for failure in part.refused.values())
        return dict(codes)

    def structures(self, candidates: Sequence[Candidate]) -> dict[str, Structure]:
        """Return the screening geometries of some candidates by key; those without one are left out."""
        seen: dict[int, list[Candidate]] = {}
        for candidate in candidates:
            number, row = self.pool.place(candidate.key)
            if self.parts[number].template and self.parts[number].failure_of(row) is None:
                seen.setdefault(number, []).append(candidate)
        found: dict[str, Structure] = {}
        for number, mine in sorted(seen.items()):
            part = self.parts[number]
            template, how = Structure.from_extxyz(part.template), {"contraction": part.contraction}
            fit = [True] * len(mine)
            if self.grafts_some:
                fit = finds_place(part.family, template, [candidate.ligand for candidate in mine], **how)
            placed = [candidate for candidate, has_one in zip(mine, fit, strict=True) if has_one]
            made = screening_geometries(part.family, template, placed, **how)
            found |= {candidate.key: structure for candidate, structure in zip(placed, made, strict=True)}
        return found

    def parts_of(self, key: str) -> tuple[str, ...]:
        """Return the SMILES of a candidate's scaffold and of the substituent at each site."""
        number, row = self.pool.place(key)
        family = self.parts[number].family
        return family.scaffold.smiles, *(family.substituents[i].smiles for i in family.choices[row])

    def to_text(self) -> str:
        """Return the screening as JSON text that names its families by their digest."""
        parts = [
            part.grafts.to_json()
            | {
                "refused": {row: failure.to_dict() for row, failure in part.refused.items()},
                "failure": part.failure.to_dict() if part.failure else None,
            }
            for part in self.parts
        ]
        if not self.excluded and not self.sees_all:
            return json.dumps(parts)
        excluded = [{"family": each.digest, "reasons": each.reasons} for each in self.excluded]
        everyone = {"sees_all": True} if self.sees_all else {}
        everyone |= {"grafts_some": True} if self.grafts_some else {}
        return json.dumps({"parts": parts, "excluded": excluded} | everyone)

    @classmethod
    def from_text(cls, text: str, store: Store) -> Screening:
        """Read a screening from `to_text`."""
        known = json.loads(text)
        # Without constraints it is the list of its parts, as it was before there were any.
        whole = {"parts": known, "excluded": []} if isinstance(known, list) else known
        parts = tuple(
            Part(
                Family.from_text(store.get_text(data["family"])),
                data["family"],
                data["template"],
                {int(row): Failure.from_dict(failure) for row, failure in data["refused"].items()},
                Failure.from_dict(data["failure"]) if data["failure"] else None,
                data.get("contraction", 1),
            )
            for data in whole["parts"]
        )
        excluded = tuple(
            Excluded(
                Family.from_text(store.get_text(data["family"])),
                data["family"],
                {int(row): (name, reason) for row, (name, reason) in data["reasons"].items()},
            )
            for data in whole["excluded"]
        )
        return cls(parts, excluded, bool(whole.get("sees_all")), bool(whole.get("grafts_some")))


def screen(context: CampaignContext) -> Job[Screening]:
    """Build the template of every bare scaffold and find out which ligands can be grafted on it.

    Neither is done for a model that sees ligands without any geometry; where each round grafts some, only the first.
    What it came to is not in the ledger before `keep_screening`.
    """
    whole, excluded = yield from constrain(context)
    sees = seen_by(SURROGATES.find(context.setup.file.surrogate.model)[0])
    if sees == "ligand":
        contraction = contraction_of(context.setup.surface)
        chunks = [chunk for family in whole for chunk in family.portions()]
        unseen = [Part(c, context.store.put_text(c.to_text()), "", {}, None, contraction) for c in chunks]
        return Screening(tuple(unseen), excluded, sees_all=True)
    bare = [bare_candidate(f.scaffold, ligands=f.ligands, waters=f.waters, co_ligands=f.co_ligands) for f in whole]
    found = yield from templates(context, bare)
    contraction = contraction_of(context.setup.surface)
    parts: list[Part] = []
    for family, candidate in zip(whole, bare, strict=True):
        outcome = found[candidate.key]
        text = outcome.extxyz if outcome.value is not None else ""
        parts += [
            Part(chunk, context.store.put_text(chunk.to_text()), text, {}, outcome.failure, contraction)
            for chunk in family.portions()
        ]
    if context.setup.file.surrogate.graft is not None:
        return Screening(tuple(parts), excluded, sees_all=True, grafts_some=True)
    # On a listed ligand nothing is grafted: its template is its screening geometry.
    grafted = [part for part in parts if part.failure is None and part.family.scaffold.sites]
    tasks = {part.digest: Task.of(part.grafts, title=part.title) for part in grafted}
    outcomes = yield from context.dispatcher.run(list(tasks.values()), stage="screening")
    judged: list[Part] = []
    for part in parts:
        if part.digest not in tasks:
            judged.append(part)
            continue
        outcome = outcomes[tasks[part.digest].key]
        if outcome.value is None:
            raise ExecutionError(f"{part.title} could not be screened: {outcome.failure}")
        refused = {int(row): Failure.from_dict(data) for row, data in outcome.value["refused"].items()}
        judged.append(replace(part, refused=refused))
    screening = Screening(tuple(judged), excluded, sees_all=sees != "geometry")
    if codes := screening.refused_by_code:
        told = ", ".join(f"{code} {count}" for code, count in codes.items())
        context.narrator.say(f"ligands without a screening geometry: {told}")
    return screening


def keep_screening(context: CampaignContext, screening: Screening) -> None:
    """Enter what screening came to: what tables say of the pool rests on it."""
    context.ledger.set_meta(**{_META: context.store.put_text(screening.to_text())})


def screening_digest(ledger: Ledger) -> str | None:
    """Return under which hash the store keeps what screening came to; None when it was never done."""
    return ledger.meta(_META)


def recall_screening(setup: Setup, ledger: Ledger) -> Screening | None:
    """Return what screening came to when it was last done; None when it never was."""
    digest = screening_digest(ledger)
    store = Store(setup.store)
    return Screening.from_text(store.get_text(digest), store) if digest else None
