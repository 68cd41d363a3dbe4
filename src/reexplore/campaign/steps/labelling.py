"""From a chosen candidate to its label: relax, check, compute every term, enter label or failure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from reexplore.campaign.ledger.labels import labels
from reexplore.campaign.ledger.rows import LabelKeys
from reexplore.campaign.running.context import CampaignContext
from reexplore.campaign.running.dispatcher import Job
from reexplore.campaign.steps.aqua_ions import aqua_tasks, enter_aqua_ions
from reexplore.campaign.steps.magnets import label_magnet
from reexplore.campaign.steps.protonation import protonation
from reexplore.campaign.steps.series import of_series
from reexplore.campaign.steps.tasks import (
    complex_task,
    energy_task,
    free_ligand,
    ion,
    ligand_task,
    minimum_task,
    single_point_task,
    templates,
    water_task,
)
from reexplore.chemistry.candidates import Candidate
from reexplore.energies.thermal import GIBBS, in_liquid_hartree, lowest_waters
from reexplore.errors import RUN_ONLY, CalculationFailed, ExecutionError, Failure
from reexplore.execution.store import Outcome
from reexplore.execution.task import Task
from reexplore.properties.label import Label
from reexplore.structures.structure import Structure


def label(context: CampaignContext, candidate: Candidate) -> Job[None]:
    """Label a candidate, or enter why it cannot be; the aqua ion of its metal is entered with it.

    Where its waters are open, the complex of each number is computed, and the one of the lowest free energy is kept.
    """
    theory, run = context.setup.file.theory, context.dispatcher.run
    if context.setup.goals.learns_gap:
        yield from label_magnet(context, candidate)
        return
    several = {each.waters: each for each in candidate.settled}
    failures: dict[int, Failure] = {}
    in_series = theory.geometry == "series"
    found = yield from of_series(context, candidate) if in_series else templates(context, candidate.settled)
    built = {waters: found[each.key] for waters, each in several.items()}
    failures |= {waters: outcome.failure for waters, outcome in built.items() if outcome.failure is not None}
    complexes = {
        waters: complex_task(several[waters], outcome.value, theory)
        for waters, outcome in built.items()
        if outcome.value is not None
    }
    if not complexes:
        _enter(context, candidate, None, _reason(failures), failures)
        return
    free = _free_tasks(context, candidate)
    geometries = yield from run([*complexes.values(), *free], stage="geometries")
    _require_shared(context, free[1:2], geometries)
    if failure := _set_aside(complexes, free, geometries, failures):
        _enter(context, candidate, None, failure, failures)
        return
    protons = free_ligand(candidate.ligand, theory).charge - candidate.ligand.charge
    try:
        pka = yield from protonation(context, candidate.ligand, protons=protons)
    except CalculationFailed as failed:
        _enter(context, candidate, None, failed.failure, failures)
        return
    # Complexes, ligand, water and co-ligands: where free energies are asked for, their minima take the place of these.
    minima: tuple[Task, ...] = ()
    if context.setup.goals.needs_thermal_terms:
        complexes = {
            waters: minimum_task(_extxyz(task, geometries), theory, title=of.name, candidate=of)
            for waters, task in complexes.items()
            for of in [several[waters]]
        }
        free = minima = _free_minima(context, candidate, free, geometries)
        geometries = yield from run([*complexes.values(), *minima], stage="vibrations")
        _require_shared(context, minima[1:2], geometries)
        if failure := _set_aside(complexes, minima, geometries, failures):
            _enter(context, candidate, None, failure, failures)
            return

    of_complexes = {
        waters: energy_task(_extxyz(task, geometries), context.setup, title=several[waters].name)
        for waters, task in complexes.items()
    }
    terms = _free_energies(context, candidate, free, geometries)
    aqua = yield from aqua_tasks(context, [candidate.metal])
    energies = yield from run([*of_complexes.values(), *terms, *(each.energy for each in aqua)], stage="energies")
    _require_shared(context, (terms[0], terms[2]), energies)
    keys = None
    if (failure := _set_aside(of_complexes, terms, energies, failures)) is None:
        pairs = {waters: (complexes[waters].key, task.key) for waters, task in of_complexes.items()}
        keys = _keys(candidate, pairs, minima=minima, terms=terms, found=geometries | energies)
        if candidate.waters_open:
            keys = replace(keys, failed={str(waters): each.to_dict() for waters, each in failures.items()})
        keys = replace(keys, protons=protons, pka=pka)
        structures = {"complex": geometries[keys.structure].extxyz, "ligand": _extxyz(free[0], geometries)}
        keys, failure = yield from _in_second_solvent(context, candidate, keys, structures)
    # One decision: a driver that was killed in between would leave the ion for nobody to enter.
    with context.ledger.transaction():
        _enter(context, candidate, keys, failure, failures)
        enter_aqua_ions(context, aqua, energies)


def labelling_due(context: CampaignContext, pending: Iterable[str], under_way: Collection[str]) -> dict[str, Job[None]]:
    """Return the labelling of each candidate that waits for it, by its key, except for those under way."""
    return {key: label(context, context.pool[key]) for key in pending if key not in under_way}


def known_labels(context: CampaignContext) -> dict[str, Label]:
    """Return every label of the campaign by its candidate's key."""
    return labels(context.pool, context.ledger, at_ph=context.setup.at_ph)


def observed_kcal_mol(context: CampaignContext) -> dict[str, float]:
    """Return what models learn of every labelled candidate from its stored terms: mostly its binding energy."""
    return {key: context.setup.goals.learned_kcal_mol(entry) for key, entry in known_labels(context).items()}


def _free_tasks(context: CampaignContext, candidate: Candidate) -> tuple[Task, ...]:
    """Return the tasks of the geometries of ligand, water and co-ligands."""
    theory, seed = context.setup.file.theory, context.setup.file.seed
    return (
        ligand_task(free_ligand(candidate.ligand, theory), theory, seed),
        water_task(theory),
        *(ligand_task(ligand, theory, seed) for ligand, _ in candidate.co_ligands),
    )


def _free_names(candidate: Candidate) -> tuple[str, ...]:
    return (f"{candidate.ligand.name} (free)", "H2O", *(f"{of.name} (free)" for of, _ in candidate.co_ligands))


def _free_minima(
    context: CampaignContext, candidate: Candidate, free: Sequence[Task], geometries: Mapping[str, Outcome]
) -> tuple[Task, ...]:
    """Return the tasks of their minima."""
    theory, names = context.setup.file.theory, _free_names(candidate)
    return tuple(
        minimum_task(_extxyz(task, geometries), theory, title=name) for task, name in zip(free, names, strict=True)
    )


def _free_energies(
    context: CampaignContext, candidate: Candidate, free: Sequence[Task], geometries: Mapping[str, Outcome]
) -> tuple[Task, ...]:
    """Return the tasks of the energies of ion, ligand, water and co-ligands."""
    return (
        energy_task(ion(candidate).to_extxyz(), context.setup, title=f"{candidate.metal.symbol}3+"),
        *(
            energy_task(_extxyz(task, geometries), context.setup, title=name)
            for task, name in zip(free, _free_names(candidate), strict=True)
        ),
    )


def _extxyz(task: Task, geometries: Mapping[str, Outcome]) -> str:
    return geometries[task.key].extxyz


def _keys(
    candidate: Candidate,
    pairs: dict[int, tuple[str, str]],
    *,
    minima: Sequence[Task],
    terms: Sequence[Task],
    found: Mapping[str, Outcome],
) -> LabelKeys:
    """Return the calculations of a label; `pairs` are structure and energy of each complex by its waters.

    `minima` are of ligand, water and co-ligands, `terms` the energies of the ion and of these, `found` all outcomes.
    """
    of_ion, ligand, water, *co_ligands = (task.key for task in terms)
    beside = {of.name: key for (of, _), key in zip(candidate.co_ligands, co_ligands, strict=True)}
    parts = ("ligand", "water", *beside)
    of_free = {part: task.key for part, task in zip(parts, minima, strict=True)} if minima else {}
    kept = candidate.waters
    if candidate.waters_open:
        liquid = in_liquid_hartree(_gibbs_hartree(of_free["water"], water, found))
        free = {waters: _gibbs_hartree(*pair, found) for waters, pair in pairs.items()}
        kept = lowest_waters(free, liquid_hartree=liquid)
    keys = LabelKeys(*pairs[kept], of_ion, ligand, water, beside, of_free)
    others = {str(waters): list(pair) for waters, pair in pairs.items() if waters != kept}
    return replace(keys, waters=kept, others=others) if candidate.waters_open else keys


def _in_second_solvent(
    context: CampaignContext, candidate: Candidate, keys: LabelKeys, structures: Mapping[str, str]
) -> Job[tuple[LabelKeys | None, Failure | None]]:
    """Return a label with the energies of complex and free ligand in the second solvent, or why one has none."""
    level = context.setup.organic_level
    if level is None:
        return keys, None
    names = (keys.complex_of(candidate).closed.name, _free_names(candidate)[0])
    tasks = {
        part: single_point_task(Structure.from_extxyz(extxyz), level, title=f"{name} in {level.solvent}")
        for (part, extxyz), name in zip(structures.items(), names, strict=True)
    }
    found = yield from context.dispatcher.run(list(tasks.values()), stage="energies in the second solvent")
    if failure := _first_failure(list(tasks.values()), found):
        return None, failure
    return replace(keys, organic={part: task.key for part, task in tasks.items()}), None


def _gibbs_hartree(minimum: str, energy: str, found: Mapping[str, Outcome]) -> float:
    at, total = found[minimum].value, found[energy].value
    assert at is not None and total is not None  # noqa: PT018 - what failed was set aside
    return float(total["total_hartree"]) + float(at[GIBBS])


def _set_aside(
    complexes: dict[int, Task], free: Sequence[Task], outcomes: Mapping[str, Outcome], failures: dict[int, Failure]
) -> Failure | None:
    """Move the complexes that failed to `failures`; return why the candidate is refused, None where one is left."""
    for waters in list(complexes):
        if (failure := outcomes[complexes[waters].key].failure) is not None:
            failures[waters] = failure
            del complexes[waters]
    return _first_failure(free, outcomes) if complexes else _reason(failures)


def _reason(failures: Mapping[int, Failure]) -> Failure:
    """Return why none of the complexes was computed: what a person can have tried again, or else the first reason."""
    told = [failures[waters] for waters in sorted(failures)]
    return next((failure for failure in told if failure.code in RUN_ONLY), told[0])


def _enter(
    context: CampaignContext,
    candidate: Candidate,
    keys: LabelKeys | None,
    failure: Failure | None,
    failures: Mapping[int, Failure],
) -> None:
    """Enter a label or why there is none; which of its open numbers of waters failed is told."""
    context.ledger.enter_label(candidate.key, keys, failure)
    for waters, each in failures.items() if candidate.waters_open else ():
        context.narrator.say(f"{candidate.name} with {waters} waters failed in {each.stage}: {each.message}")


def _require_shared(context: CampaignContext, tasks: Sequence[Task], outcomes: Mapping[str, Outcome]) -> None:
    """Stop when water or an ion failed by the run alone: without them every candidate would be refused."""
    failure = _first_failure(tasks, outcomes)
    if failure is not None and failure.code in RUN_ONLY:
        # Nothing was decided upon it: the next start tries again.
        context.ledger.plan_again(task.key for task in tasks if outcomes[task.key].run_only)
        raise ExecutionError(f"{failure.stage} of a shared fragment: {failure.message}; see {failure.evidence['path']}")


def _first_failure(tasks: Sequence[Task], outcomes: Mapping[str, Outcome]) -> Failure | None:
    return next((f for task in tasks if (f := outcomes[task.key].failure) is not None), None)
