"""The aquo ion of each labelled metal: its geometry and energy, once for all candidates of the metal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from reexplore.campaign.ledger.rows import AquoKeys
from reexplore.campaign.running.context import Bench
from reexplore.campaign.running.dispatcher import Job
from reexplore.campaign.steps.tasks import complex_task, energy_task, templates
from reexplore.chemistry.aqua import aquo_ion
from reexplore.chemistry.candidates import Candidate
from reexplore.chemistry.metals import SERIES, Metal
from reexplore.errors import Failure
from reexplore.execution.store import Outcome
from reexplore.execution.task import Task


@dataclass(frozen=True)
class AquoTasks:
    """An aquo ion whose geometry is known, and the task of its energy."""

    ion: Candidate
    geometry: Task
    energy: Task


def compute_aquo_ions(bench: Bench) -> Job[None]:
    """Compute the aquo ions that labels lack: of labels older than they are, and what failed by the run alone."""
    labelled = {bench.pool[key].metal for key in bench.ledger.labels()}
    tasks = yield from aquo_tasks(bench, labelled)
    energies = yield from bench.calculator.run([each.energy for each in tasks], stage="energies of aquo ions")
    enter_aquo_ions(bench, tasks, energies)


def aquo_tasks(bench: Bench, metals: Iterable[Metal]) -> Job[list[AquoTasks]]:
    """Return the energies that are still to be computed for the aquo ions of some metals, relaxed like any complex.

    Why an ion has no geometry is entered; it takes no label away.
    """
    theory = bench.setup.file.theory
    wanted = set(metals)
    ions = [aquo_ion(metal, waters=theory.aqua_waters) for metal in SERIES if metal in wanted]
    found = yield from templates(bench, ions)
    relaxing: list[tuple[Candidate, Task]] = []
    for ion in ions:
        template = found[ion.key]
        if template.value is not None:
            relaxing.append((ion, complex_task(ion, template.value, theory)))
        else:
            _refuse(bench, ion, template)
    relaxed = yield from bench.calculator.run([task for _, task in relaxing], stage="aquo ions")
    tasks: list[AquoTasks] = []
    for ion, task in relaxing:
        geometry = relaxed[task.key]
        if geometry.value is not None:
            tasks.append(AquoTasks(ion, task, energy_task(geometry.extxyz, bench.setup, label=ion.name)))
        else:
            _refuse(bench, ion, geometry)
    return tasks


def enter_aquo_ions(bench: Bench, tasks: Iterable[AquoTasks], energies: Mapping[str, Outcome]) -> None:
    """Enter the energy of each aquo ion or why there is none: binding energies then stand alone."""
    for each in tasks:
        energy = energies[each.energy.key]
        if energy.failure is None:
            keys = AquoKeys(each.geometry.key, each.energy.key)
            bench.ledger.enter_aquo_ion(each.ion.metal.symbol, keys, None)
        else:
            _refuse(bench, each.ion, energy)


def why_no_exchange(metal: str, failure: Failure) -> str:
    """Return the sentence for a metal whose aquo ion failed."""
    return f"no exchange energies for {metal}: its aquo ion failed in {failure.stage}: {failure.message}"


def _refuse(bench: Bench, ion: Candidate, outcome: Outcome) -> None:
    failure, metal = outcome.failure, ion.metal.symbol
    if failure is None or failure == bench.ledger.aquo_failures().get(metal):
        # Told already.
        return
    bench.ledger.enter_aquo_ion(metal, None, failure)
    bench.narrator.say(why_no_exchange(metal, failure))
