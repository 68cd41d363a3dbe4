"""The aqua ion of each labelled metal: its geometry and energy, once for all candidates of the metal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from reexplore.campaign.ledger.rows import AquaKeys
from reexplore.campaign.running.context import CampaignContext
from reexplore.campaign.running.dispatcher import Job
from reexplore.campaign.steps.tasks import complex_task, energy_task, templates
from reexplore.chemistry.aqua import aqua_ion
from reexplore.chemistry.candidates import Candidate
from reexplore.chemistry.metals import METALS, SERIES, Metal
from reexplore.errors import ExecutionError, Failure
from reexplore.execution.store import Outcome
from reexplore.execution.task import Task


@dataclass(frozen=True)
class AquaTasks:
    """An aqua ion whose geometry is known, and the task of its energy."""

    ion: Candidate
    geometry: Task
    energy: Task


def compute_aqua_ions(context: CampaignContext) -> Job[None]:
    """Compute the aqua ions that labels lack: of labels older than they are, and what failed by the run alone.

    What the objective has no value without comes before the first label. Raises `ExecutionError` when it fails.
    """
    labelled = {context.pool[key].metal for key in context.ledger.labels()}
    goals = context.setup.goals
    needed = {METALS[symbol] for symbol in goals.metals} if goals.needs_aqua_ions else set()
    tasks = yield from aqua_tasks(context, labelled | needed)
    energies = yield from context.dispatcher.run([each.energy for each in tasks], stage="energies of aqua ions")
    enter_aqua_ions(context, tasks, energies)
    failures = context.ledger.aqua_failures()
    if lacking := [why_no_exchange(m.symbol, failures[m.symbol]) for m in needed if m.symbol in failures]:
        raise ExecutionError(f"the objective cannot be computed: {'; '.join(sorted(lacking))}")


def aqua_tasks(context: CampaignContext, metals: Iterable[Metal]) -> Job[list[AquaTasks]]:
    """Return the energies that are still to be computed for the aqua ions of some metals, relaxed like any complex.

    Why an ion has no geometry is entered; it takes no label away.
    """
    theory = context.setup.file.theory
    wanted = set(metals)
    ions = [aqua_ion(metal, waters=theory.aqua_waters) for metal in SERIES if metal in wanted]
    found = yield from templates(context, ions)
    relaxing: list[tuple[Candidate, Task]] = []
    for ion in ions:
        template = found[ion.key]
        if template.value is not None:
            relaxing.append((ion, complex_task(ion, template.value, theory)))
        else:
            _refuse(context, ion, template)
    relaxed = yield from context.dispatcher.run([task for _, task in relaxing], stage="aqua ions")
    tasks: list[AquaTasks] = []
    for ion, task in relaxing:
        geometry = relaxed[task.key]
        if geometry.value is not None:
            tasks.append(AquaTasks(ion, task, energy_task(geometry.extxyz, context.setup, title=ion.name)))
        else:
            _refuse(context, ion, geometry)
    return tasks


def enter_aqua_ions(context: CampaignContext, tasks: Iterable[AquaTasks], energies: Mapping[str, Outcome]) -> None:
    """Enter the energy of each aqua ion or why there is none: binding energies then stand alone."""
    for each in tasks:
        energy = energies[each.energy.key]
        if energy.failure is None:
            keys = AquaKeys(each.geometry.key, each.energy.key)
            context.ledger.enter_aqua_ion(each.ion.metal.symbol, keys, None)
        else:
            _refuse(context, each.ion, energy)


def why_no_exchange(metal: str, failure: Failure) -> str:
    """Return the sentence for a metal whose aqua ion failed."""
    return f"no exchange energies for {metal}: its aqua ion failed in {failure.stage}: {failure.message}"


def _refuse(context: CampaignContext, ion: Candidate, outcome: Outcome) -> None:
    failure, metal = outcome.failure, ion.metal.symbol
    if failure is None or failure == context.ledger.aqua_failures().get(metal):
        # Told already.
        return
    context.ledger.enter_aqua_ion(metal, None, failure)
    context.narrator.say(why_no_exchange(metal, failure))
