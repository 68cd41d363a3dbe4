"""From a chosen batch to labels: relax, check, compute every term, enter label or failure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from reexplore.campaign.ledger.labels import labels
from reexplore.campaign.ledger.rows import LabelKeys
from reexplore.campaign.running.context import Bench
from reexplore.campaign.running.dispatcher import Job
from reexplore.campaign.steps.aqua_ions import aquo_tasks, enter_aquo_ions
from reexplore.campaign.steps.tasks import complex_task, energy_task, ion, ligand_task, templates, water_task
from reexplore.chemistry.candidates import Candidate
from reexplore.errors import RUN_ONLY, ExecutionError, Failure
from reexplore.execution.store import Outcome
from reexplore.execution.task import Task
from reexplore.structures.quality import OTHER_DONORS


def label(bench: Bench, batch: Sequence[Candidate]) -> Job[None]:
    """Label every candidate of a batch, or enter why one cannot be."""
    found = yield from templates(bench, batch)
    geometry_tasks: dict[str, tuple[Task, ...]] = {}
    for candidate in batch:
        template = found[candidate.key]
        if template.value is None:
            bench.ledger.enter_label(candidate.key, None, template.failure)
        else:
            geometry_tasks[candidate.key] = _geometry_tasks(bench, candidate, template.value)
    geometries = yield from bench.calculator.run(_flat(geometry_tasks), stage="geometries")
    _require_shared(bench, [tasks[2] for tasks in geometry_tasks.values()], geometries)

    energy_tasks: dict[str, tuple[Task, ...]] = {}
    for candidate in batch:
        if candidate.key not in geometry_tasks:
            continue
        tasks = geometry_tasks[candidate.key]
        if failure := _first_failure(tasks, geometries):
            bench.ledger.enter_label(candidate.key, None, failure)
        else:
            energy_tasks[candidate.key] = _energy_tasks(bench, candidate, [geometries[t.key].extxyz for t in tasks])
    aquo = yield from aquo_tasks(bench, {candidate.metal for candidate in batch if candidate.key in energy_tasks})
    wanted = [*_flat(energy_tasks), *(each.energy for each in aquo)]
    energies = yield from bench.calculator.run(wanted, stage="energies")
    _require_shared(bench, [task for tasks in energy_tasks.values() for task in (tasks[1], tasks[3])], energies)

    for key, tasks in energy_tasks.items():
        if failure := _first_failure(tasks, energies):
            bench.ledger.enter_label(key, None, failure)
        else:
            keys = LabelKeys(geometry_tasks[key][0].key, *(task.key for task in tasks))
            bench.ledger.enter_label(key, keys, None)
    enter_aquo_ions(bench, aquo, energies)


def observed_kcal_mol(bench: Bench) -> dict[str, float]:
    """Return the binding energy of every labelled candidate, derived from its stored terms."""
    aqua_waters = bench.setup.file.theory.aqua_waters
    known = labels(bench.pool, bench.ledger, aqua_waters=aqua_waters)
    return {key: entry.binding.energy_kcal_mol for key, entry in known.items()}


def held_by_others(bench: Bench) -> set[str]:
    """Return the labelled candidates whose metal is held by atoms that were not named, by key."""
    return {key for key, keys in bench.ledger.labels().items() if bench.ledger.value(keys.structure).get(OTHER_DONORS)}


def _geometry_tasks(bench: Bench, candidate: Candidate, template: dict[str, Any]) -> tuple[Task, ...]:
    theory, seed = bench.setup.file.theory, bench.setup.file.seed
    return (
        complex_task(candidate, template, theory),
        ligand_task(candidate, theory, seed),
        water_task(theory),
    )


def _energy_tasks(bench: Bench, candidate: Candidate, geometries: Sequence[str]) -> tuple[Task, ...]:
    complex_, ligand, water = geometries
    return (
        energy_task(complex_, bench.setup, label=candidate.name),
        energy_task(ion(candidate).to_extxyz(), bench.setup, label=f"{candidate.metal.symbol}3+"),
        energy_task(ligand, bench.setup, label=f"{candidate.ligand.name} (free)"),
        energy_task(water, bench.setup, label="H2O"),
    )


def _require_shared(bench: Bench, tasks: Sequence[Task], outcomes: dict[str, Outcome]) -> None:
    """Stop when water or an ion failed by the run alone: without them every candidate would be refused."""
    failure = _first_failure(tasks, outcomes)
    if failure is not None and failure.code in RUN_ONLY:
        # Nothing was decided upon it: the next start tries again.
        bench.ledger.plan_again(task.key for task in tasks if outcomes[task.key].run_only)
        raise ExecutionError(f"{failure.stage} of a shared fragment: {failure.message}; see {failure.evidence['path']}")


def _flat(tasks: dict[str, tuple[Task, ...]]) -> list[Task]:
    return [task for group in tasks.values() for task in group]


def _first_failure(tasks: Sequence[Task], outcomes: dict[str, Outcome]) -> Failure | None:
    return next((f for task in tasks if (f := outcomes[task.key].failure) is not None), None)
