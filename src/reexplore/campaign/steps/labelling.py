"""From a chosen candidate to its label: relax, check, compute every term, enter label or failure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from reexplore.campaign.ledger.labels import labels
from reexplore.campaign.ledger.rows import LabelKeys
from reexplore.campaign.running.context import CampaignContext
from reexplore.campaign.running.dispatcher import Job
from reexplore.campaign.steps.aqua_ions import aqua_tasks, enter_aqua_ions
from reexplore.campaign.steps.tasks import (
    complex_task,
    energy_task,
    free_ligand,
    ion,
    ligand_task,
    minimum_task,
    templates,
    water_task,
)
from reexplore.chemistry.candidates import Candidate
from reexplore.errors import RUN_ONLY, ExecutionError, Failure
from reexplore.execution.store import Outcome
from reexplore.execution.task import Task
from reexplore.properties.label import Label


def label(context: CampaignContext, candidate: Candidate) -> Job[None]:
    """Label a candidate, or enter why it cannot be; the aqua ion of its metal is entered with it."""
    enter = context.ledger.enter_label
    template = (yield from templates(context, [candidate]))[candidate.key]
    if template.value is None:
        enter(candidate.key, None, template.failure)
        return
    geometry = _geometry_tasks(context, candidate, template.value)
    geometries = yield from context.dispatcher.run(geometry, stage="geometries")
    _require_shared(context, geometry[2:3], geometries)
    if failure := _first_failure(geometry, geometries):
        enter(candidate.key, None, failure)
        return
    # Complex, ligand, water and co-ligands: where free energies are asked for, their minima take the place of these.
    minima: tuple[Task, ...] = ()
    if context.setup.goals.needs_thermal_terms:
        minima = _minimum_tasks(context, candidate, [geometries[task.key].extxyz for task in geometry])
        geometries = yield from context.dispatcher.run(minima, stage="vibrations")
        geometry = minima
        _require_shared(context, geometry[2:3], geometries)
        if failure := _first_failure(geometry, geometries):
            enter(candidate.key, None, failure)
            return

    terms = _energy_tasks(context, candidate, [geometries[task.key].extxyz for task in geometry])
    aqua = yield from aqua_tasks(context, [candidate.metal])
    energies = yield from context.dispatcher.run([*terms, *(each.energy for each in aqua)], stage="energies")
    _require_shared(context, (terms[1], terms[3]), energies)
    # One decision: a driver that was killed in between would leave the ion for nobody to enter.
    with context.ledger.transaction():
        if failure := _first_failure(terms, energies):
            enter(candidate.key, None, failure)
        else:
            beside = {of.name: task.key for (of, _), task in zip(candidate.co_ligands, terms[4:], strict=True)}
            complex_, of_ion, ligand, water = (task.key for task in terms[:4])
            parts = ("ligand", "water", *beside)
            of_free = {part: task.key for part, task in zip(parts, minima[1:], strict=True)} if minima else {}
            protons = free_ligand(candidate.ligand, context.setup.file.theory).charge - candidate.ligand.charge
            keys = LabelKeys(geometry[0].key, complex_, of_ion, ligand, water, beside, of_free, protons)
            enter(candidate.key, keys, None)
        enter_aqua_ions(context, aqua, energies)


def labelling_due(context: CampaignContext, pending: Iterable[str], under_way: Collection[str]) -> dict[str, Job[None]]:
    """Return the labelling of each candidate that waits for it, by its key, except for those under way."""
    return {key: label(context, context.pool[key]) for key in pending if key not in under_way}


def known_labels(context: CampaignContext) -> dict[str, Label]:
    """Return every label of the campaign by its candidate's key."""
    return labels(context.pool, context.ledger, at_ph=context.setup.at_ph)


def observed_kcal_mol(context: CampaignContext) -> dict[str, float]:
    """Return the binding energy of every labelled candidate, derived from its stored terms."""
    return {key: entry.binding.energy_kcal_mol for key, entry in known_labels(context).items()}


def _geometry_tasks(context: CampaignContext, candidate: Candidate, template: dict[str, Any]) -> tuple[Task, ...]:
    theory, seed = context.setup.file.theory, context.setup.file.seed
    return (
        complex_task(candidate, template, theory),
        ligand_task(free_ligand(candidate.ligand, theory), theory, seed),
        water_task(theory),
        *(ligand_task(ligand, theory, seed) for ligand, _ in candidate.co_ligands),
    )


def _minimum_tasks(context: CampaignContext, candidate: Candidate, geometries: Sequence[str]) -> tuple[Task, ...]:
    complex_, *free = geometries
    names = (f"{candidate.ligand.name} (free)", "H2O", *(f"{of.name} (free)" for of, _ in candidate.co_ligands))
    theory = context.setup.file.theory
    return (
        minimum_task(complex_, theory, title=candidate.name, candidate=candidate),
        *(minimum_task(extxyz, theory, title=name) for extxyz, name in zip(free, names, strict=True)),
    )


def _energy_tasks(context: CampaignContext, candidate: Candidate, geometries: Sequence[str]) -> tuple[Task, ...]:
    complex_, ligand, water, *co_ligands = geometries
    return (
        energy_task(complex_, context.setup, title=candidate.name),
        energy_task(ion(candidate).to_extxyz(), context.setup, title=f"{candidate.metal.symbol}3+"),
        energy_task(ligand, context.setup, title=f"{candidate.ligand.name} (free)"),
        energy_task(water, context.setup, title="H2O"),
        *(
            energy_task(free, context.setup, title=f"{beside.name} (free)")
            for free, (beside, _) in zip(co_ligands, candidate.co_ligands, strict=True)
        ),
    )


def _require_shared(context: CampaignContext, tasks: Sequence[Task], outcomes: dict[str, Outcome]) -> None:
    """Stop when water or an ion failed by the run alone: without them every candidate would be refused."""
    failure = _first_failure(tasks, outcomes)
    if failure is not None and failure.code in RUN_ONLY:
        # Nothing was decided upon it: the next start tries again.
        context.ledger.plan_again(task.key for task in tasks if outcomes[task.key].run_only)
        raise ExecutionError(f"{failure.stage} of a shared fragment: {failure.message}; see {failure.evidence['path']}")


def _first_failure(tasks: Sequence[Task], outcomes: dict[str, Outcome]) -> Failure | None:
    return next((f for task in tasks if (f := outcomes[task.key].failure) is not None), None)
