"""The aqua ion of each labelled metal: its geometry and energy, once for all candidates of the metal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from reexplore.campaign.ledger.rows import AquaKeys
from reexplore.campaign.running.context import CampaignContext
from reexplore.campaign.running.dispatcher import Job
from reexplore.campaign.steps.tasks import complex_task, energy_task, minimum_task, templates, water_task
from reexplore.chemistry.aqua import aqua_ion
from reexplore.chemistry.candidates import Candidate
from reexplore.chemistry.metals import METALS, OPEN_NUMBERS, SERIES, Metal
from reexplore.energies.thermal import GIBBS, in_liquid_hartree, lowest_waters
from reexplore.errors import ExecutionError, Failure
from reexplore.execution.store import Outcome
from reexplore.execution.task import Task


@dataclass(frozen=True)
class AquaTasks:
    """An aqua ion whose geometry is known, and the task of its energy; `gibbs_hartree` are its thermal terms."""

    ion: Candidate
    geometry: Task
    energy: Task
    gibbs_hartree: float | None


def compute_aqua_ions(context: CampaignContext) -> Job[None]:
    """Compute the aqua ions that labels lack: of labels older than they are, and what failed by the run alone.

    What the objective has no value without comes before the first label. Raises `ExecutionError` when it fails.
    """
    goals = context.setup.goals
    if goals.learns_gap:
        return
    labelled = {context.pool[key].metal for key in context.ledger.labels()}
    needed = {METALS[symbol] for symbol in goals.metals} if goals.needs_aqua_ions else set()
    tasks = yield from aqua_tasks(context, labelled | needed)
    energies = yield from context.dispatcher.run([each.energy for each in tasks], stage="energies of aqua ions")
    enter_aqua_ions(context, tasks, energies)
    failures = context.ledger.aqua_failures()
    if lacking := [why_no_exchange(m.symbol, failures[m.symbol]) for m in needed if m.symbol in failures]:
        raise ExecutionError(f"the objective cannot be computed: {'; '.join(sorted(lacking))}")


def aqua_tasks(context: CampaignContext, metals: Iterable[Metal]) -> Job[list[AquaTasks]]:
    """Return the energies that are still to be computed for the aqua ions of some metals, relaxed like any complex.

    Why a metal has no ion with a geometry is entered; it takes no label away. Of two ions of one metal the energies are
    computed here, and the lower is returned.
    """
    failed: dict[str, tuple[Candidate, Outcome]] = {}
    theory = context.setup.file.theory
    wanted = set(metals)
    ions = [ion for metal in SERIES if metal in wanted for ion in _asked(context, metal)]
    found = yield from templates(context, ions)
    relaxing = [
        (ion, complex_task(ion, value, theory))
        for ion in ions
        for value in [_value(ion, found[ion.key], failed)]
        if value is not None
    ]
    geometries = yield from _geometries(context, relaxing, failed, stage="aqua ions")
    if context.setup.goals.needs_thermal_terms:
        settling = [
            (ion, minimum_task(value["extxyz"], theory, title=ion.name, candidate=ion)) for ion, _, value in geometries
        ]
        geometries = yield from _geometries(context, settling, failed, stage="vibrations of aqua ions")
    tasks = [
        AquaTasks(ion, task, energy_task(value["extxyz"], context.setup, title=ion.name), value.get(GIBBS))
        for ion, task, value in geometries
    ]
    # One of two ions is enough.
    for metal in failed.keys() - {each.ion.metal.symbol for each in tasks}:
        _refuse(context, *failed[metal])
    return (yield from _lowest(context, tasks))


def _asked(context: CampaignContext, metal: Metal) -> tuple[Candidate, ...]:
    """Return the aqua ions of a metal that are to be computed: two where the lower free energy is to tell."""
    waters = context.setup.file.theory.aqua_waters
    tried = OPEN_NUMBERS if context.setup.goals.needs_thermal_terms else OPEN_NUMBERS[:1]
    counts = tried if waters == "auto" else (waters,)
    ions = [aqua_ion(metal, waters=count) for count in counts]
    # A metal that is held in neither number has one aqua ion.
    return tuple({ion.key: ion for ion in ions}.values())


def _geometries(
    context: CampaignContext,
    tasks: list[tuple[Candidate, Task]],
    failed: dict[str, tuple[Candidate, Outcome]],
    *,
    stage: str,
) -> Job[list[tuple[Candidate, Task, dict[str, Any]]]]:
    """Return each ion's structure; one that has none is put to those that failed."""
    found = yield from context.dispatcher.run([task for _, task in tasks], stage=stage)
    values = [(ion, task, _value(ion, found[task.key], failed)) for ion, task in tasks]
    return [(ion, task, value) for ion, task, value in values if value is not None]


def _value(ion: Candidate, outcome: Outcome, failed: dict[str, tuple[Candidate, Outcome]]) -> dict[str, Any] | None:
    if outcome.value is None:
        failed.setdefault(ion.metal.symbol, (ion, outcome))
    return outcome.value


def _lowest(context: CampaignContext, tasks: list[AquaTasks]) -> Job[list[AquaTasks]]:
    """Return one aqua ion a metal: of two that with the lower free energy, its waters taken from the liquid."""
    by_metal: dict[str, list[AquaTasks]] = {}
    for each in tasks:
        by_metal.setdefault(each.ion.metal.symbol, []).append(each)
    several = [each for ions in by_metal.values() if len(ions) > 1 for each in ions]
    if not several:
        return tasks
    liquid = yield from _liquid_water_hartree(context)
    energies = yield from context.dispatcher.run([each.energy for each in several], stage="energies of aqua ions")

    def lowest(ions: list[AquaTasks]) -> AquaTasks:
        free = {
            each.ion.waters: float(value["total_hartree"]) + each.gibbs_hartree
            for each in ions
            if (value := energies[each.energy.key].value) is not None and each.gibbs_hartree is not None
        }
        waters = lowest_waters(free, liquid_hartree=liquid) if free else ions[0].ion.waters
        return next(each for each in ions if each.ion.waters == waters)

    return [lowest(ions) if len(ions) > 1 else ions[0] for ions in by_metal.values()]


def _liquid_water_hartree(context: CampaignContext) -> Job[float]:
    """Return the free energy of a water molecule in the liquid; raise `ExecutionError` when it has none."""
    theory = context.setup.file.theory
    relaxed = yield from _of_water(context, water_task(theory))
    minimum = yield from _of_water(context, minimum_task(relaxed["extxyz"], theory, title="H2O"))
    energy = yield from _of_water(context, energy_task(minimum["extxyz"], context.setup, title="H2O"))
    return in_liquid_hartree(float(energy["total_hartree"]) + float(minimum[GIBBS]))


def _of_water(context: CampaignContext, task: Task) -> Job[dict[str, Any]]:
    outcome = (yield from context.dispatcher.run([task], stage="water"))[task.key]
    if outcome.failure is not None:
        raise ExecutionError(f"water failed in {outcome.failure.stage}: {outcome.failure.message}")
    return outcome.value or {}


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
