"""From a chosen batch to labels: relax, check, compute every term, enter label or failure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from reexplore.campaign.ledger.labels import labels
from reexplore.campaign.ledger.rows import LabelKeys
from reexplore.campaign.running.context import CampaignContext
from reexplore.campaign.running.dispatcher import Job
from reexplore.campaign.steps.aqua_ions import aqua_tasks, enter_aqua_ions
from reexplore.campaign.steps.tasks import complex_task, energy_task, ion, ligand_task, templates, water_task
from reexplore.chemistry.candidates import Candidate
from reexplore.errors import RUN_ONLY, ExecutionError, Failure
from reexplore.execution.store import Outcome
from reexplore.execution.task import Task
from reexplore.structures.quality import OTHER_DONORS


def label(context: CampaignContext, batch: Sequence[Candidate]) -> Job[None]:
    """Label every candidate of a batch, or enter why one cannot be."""
    found = yield from templates(context, batch)
    geometry_tasks: dict[str, tuple[Task, ...]] = {}
    for candidate in batch:
        template = found[candidate.key]
        if template.value is None:
            context.ledger.enter_label(candidate.key, None, template.failure)
        else:
            geometry_tasks[candidate.key] = _geometry_tasks(context, candidate, template.value)
    geometries = yield from context.dispatcher.run(_flat(geometry_tasks), stage="geometries")
    _require_shared(context, [tasks[2] for tasks in geometry_tasks.values()], geometries)

    energy_tasks: dict[str, tuple[Task, ...]] = {}
    for candidate in batch:
        if candidate.key not in geometry_tasks:
            continue
        tasks = geometry_tasks[candidate.key]
        if failure := _first_failure(tasks, geometries):
            context.ledger.enter_label(candidate.key, None, failure)
        else:
            energy_tasks[candidate.key] = _energy_tasks(context, candidate, [geometries[t.key].extxyz for t in tasks])
    aqua = yield from aqua_tasks(context, {candidate.metal for candidate in batch if candidate.key in energy_tasks})
    wanted = [*_flat(energy_tasks), *(each.energy for each in aqua)]
    energies = yield from context.dispatcher.run(wanted, stage="energies")
    _require_shared(context, [task for tasks in energy_tasks.values() for task in (tasks[1], tasks[3])], energies)

    for key, tasks in energy_tasks.items():
        if failure := _first_failure(tasks, energies):
            context.ledger.enter_label(key, None, failure)
        else:
            keys = LabelKeys(geometry_tasks[key][0].key, *(task.key for task in tasks))
            context.ledger.enter_label(key, keys, None)
    enter_aqua_ions(context, aqua, energies)


def observed_kcal_mol(context: CampaignContext) -> dict[str, float]:
    """Return the binding energy of every labelled candidate, derived from its stored terms."""
    aqua_waters = context.setup.file.theory.aqua_waters
    known = labels(context.pool, context.ledger, aqua_waters=aqua_waters)
    return {key: entry.binding.energy_kcal_mol for key, entry in known.items()}


def held_by_others(context: CampaignContext) -> set[str]:
    """Return the labelled candidates whose metal is held by atoms that were not named, by key."""
    return {
        key for key, keys in context.ledger.labels().items() if context.ledger.value(keys.structure).get(OTHER_DONORS)
    }


def _geometry_tasks(context: CampaignContext, candidate: Candidate, template: dict[str, Any]) -> tuple[Task, ...]:
    theory, seed = context.setup.file.theory, context.setup.file.seed
    return (
        complex_task(candidate, template, theory),
        ligand_task(candidate, theory, seed),
        water_task(theory),
    )


def _energy_tasks(context: CampaignContext, candidate: Candidate, geometries: Sequence[str]) -> tuple[Task, ...]:
    complex_, ligand, water = geometries
    return (
        energy_task(complex_, context.setup, label=candidate.name),
        energy_task(ion(candidate).to_extxyz(), context.setup, label=f"{candidate.metal.symbol}3+"),
        energy_task(ligand, context.setup, label=f"{candidate.ligand.name} (free)"),
        energy_task(water, context.setup, label="H2O"),
    )


def _require_shared(context: CampaignContext, tasks: Sequence[Task], outcomes: dict[str, Outcome]) -> None:
    """Stop when water or an ion failed by the run alone: without them every candidate would be refused."""
    failure = _first_failure(tasks, outcomes)
    if failure is not None and failure.code in RUN_ONLY:
        # Nothing was decided upon it: the next start tries again.
        context.ledger.plan_again(task.key for task in tasks if outcomes[task.key].run_only)
        raise ExecutionError(f"{failure.stage} of a shared fragment: {failure.message}; see {failure.evidence['path']}")


def _flat(tasks: dict[str, tuple[Task, ...]]) -> list[Task]:
    return [task for group in tasks.values() for task in group]


def _first_failure(tasks: Sequence[Task], outcomes: dict[str, Outcome]) -> Failure | None:
    return next((f for task in tasks if (f := outcomes[task.key].failure) is not None), None)
