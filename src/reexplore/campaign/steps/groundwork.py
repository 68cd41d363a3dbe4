"""GFN2-xTB energies of some candidates on their screening geometries, computed once, for models that lean on them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from reexplore.campaign.declaration.setup import Setup
from reexplore.campaign.running.context import CampaignContext
from reexplore.campaign.running.dispatcher import Job
from reexplore.campaign.steps.screening import Part, Screening
from reexplore.campaign.steps.tasks import templates
from reexplore.chemistry.candidates import Candidate
from reexplore.errors import ExecutionError
from reexplore.execution.recipes import GroundworkFit, Interactions
from reexplore.execution.store import Outcome
from reexplore.execution.task import Task
from reexplore.structures.screening.scaffolding import bare_candidate
from reexplore.surrogate.base import leans_on_groundwork
from reexplore.surrogate.groundwork import FEWEST, Groundwork
from reexplore.surrogate.kernels import Around
from reexplore.surrogate.known import SURROGATES

#: Energies of one task: a quarter of a second each.
_TOGETHER = 40


def groundwork_size(setup: Setup) -> int:
    """Return how many energies the models of a campaign lean on.

    There are none on sketches, which mean nothing to GFN2-xTB, and where models learn something else than binding.
    """
    kind, _version = SURROGATES.find(setup.file.surrogate.model)
    usable = setup.goals.learns_binding and not setup.file.theory.sketch
    return setup.file.surrogate.gfn2_labels if usable and leans_on_groundwork(kind) else 0


def groundwork(context: CampaignContext, screening: Screening) -> Job[str]:
    """Return under which digest the store has the groundwork (`Groundwork.to_text`) of a campaign; empty without one.

    There is none where the file asks for none, for models that do not lean on one, on sketches, and of listed ligands,
    which have no template in common.
    """
    wanted = groundwork_size(context.setup)
    if not wanted:
        return ""
    parts = [part for part in screening.parts if part.family.scaffold.sites]
    bare = {part.digest: _bare(part) for part in parts}
    found = yield from templates(context, list({candidate.key: candidate for candidate in bare.values()}.values()))
    with_template = [
        replace(part, template=found[bare[part.digest].key].extxyz)
        for part in parts
        if found[bare[part.digest].key].value is not None
    ]
    drawn = _drawn(with_template, wanted, context.setup.file.seed)
    tasks = [
        Task.of(
            Interactions(part.grafts, tuple(row for row, _ in some), tuple(metal for _, metal in some)),
            title=f"{len(some)} GFN2-xTB energies on {part.family.scaffold.name}",
        )
        for part, some in drawn
    ]
    values = yield from _values(context, tasks)
    known, energies = [], list[float]()
    for (part, some), value in zip(drawn, values, strict=True):
        for (row, metal), energy in zip(some, value["energies_kcal_mol"], strict=True):
            if energy is not None:
                known.append((_smiles(part, row), Around.of(_candidate(part, row, metal).group)))
                energies.append(energy)
    if len(known) < FEWEST:
        return ""
    unfitted = Groundwork(tuple(known), tuple(energies), ())
    recipe = GroundworkFit(context.store.put_text(unfitted.to_text()))
    (fitted,) = yield from _values(context, [Task.of(recipe, title=f"{len(known)} GFN2-xTB energies")])
    return context.store.put_text(replace(unfitted, weights=tuple(fitted["weights"])).to_text())


def _drawn(parts: Sequence[Part], wanted: int, seed: int) -> list[tuple[Part, list[tuple[int, str]]]]:
    """Return candidates drawn by lot as the numbers of their ligands with their metals, portion by portion."""
    sizes = [len(part.family) for part in parts]
    total = sum(sizes)
    numbers = np.sort(np.random.default_rng(seed).choice(total, min(wanted, total), replace=False))
    ends = np.cumsum(sizes)
    found = []
    for part, end, size in zip(parts, ends, sizes, strict=True):
        metals = part.family.metals
        mine = numbers[(numbers >= end - size) & (numbers < end)] - (end - size)
        pairs = [(int(number) // len(metals), metals[int(number) % len(metals)].symbol) for number in mine]
        found += [(part, pairs[start : start + _TOGETHER]) for start in range(0, len(pairs), _TOGETHER)]
    return found


def _values(context: CampaignContext, tasks: list[Task]) -> Job[list[dict[str, list[float]]]]:
    outcomes: dict[str, Outcome] = yield from context.dispatcher.run(tasks, stage="groundwork")
    for task in tasks:
        if (failure := outcomes[task.key].failure) is not None:
            raise ExecutionError(f"{task.kind} of {task.title} failed: {failure}")
    return list(_present(outcomes[task.key] for task in tasks))


def _present(outcomes: Iterator[Outcome]) -> Iterator[dict[str, list[float]]]:
    for outcome in outcomes:
        assert outcome.value is not None  # no failure
        yield outcome.value


def _bare(part: Part) -> Candidate:
    family = part.family
    return bare_candidate(family.scaffold, ligands=family.ligands, waters=family.waters, co_ligands=family.co_ligands)


def _candidate(part: Part, row: int, symbol: str) -> Candidate:
    (metal,) = (metal for metal in part.family.metals if metal.symbol == symbol)
    return part.family.candidate(row, metal)


def _smiles(part: Part, row: int) -> tuple[str, ...]:
    family = part.family
    return family.scaffold.smiles, *(family.substituents[i].smiles for i in family.choices[row])
