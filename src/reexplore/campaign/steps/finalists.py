"""The best of every ranking, relaxed at the level with all that their values are counted from, and labelled again."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from reexplore.campaign.ledger.ranked import rankings
from reexplore.campaign.ledger.rows import AquaKeys, FinalistKeys
from reexplore.campaign.running.context import CampaignContext
from reexplore.campaign.running.dispatcher import Job
from reexplore.campaign.steps.labelling import known_labels
from reexplore.campaign.steps.tasks import energy_task, ion, ligand_task, relaxation_task, water_task
from reexplore.chemistry.aqua import aqua_ion
from reexplore.chemistry.candidates import Candidate
from reexplore.config import TheoryEntry
from reexplore.errors import Failure
from reexplore.execution.store import Outcome
from reexplore.execution.task import Task
from reexplore.properties import Goals
from reexplore.properties.label import Label
from reexplore.structures.quality import QualityReport, check_complex, check_ligand
from reexplore.structures.structure import Structure

_COMPLEX, _LIGAND, _WATER, _AQUA = "complex", "ligand", "water", "aqua ion"


def chosen_finalists(labels: Mapping[str, Label], goals: Goals, *, count: int) -> list[str]:
    """Return the keys of the best `count` of every ranking with all their complexes, each once."""
    best = [members for ranking in rankings(labels, goals) for members in ranking.ordered[:count]]
    return list(dict.fromkeys(key for members in best for key in members))


def relax_finalists(context: CampaignContext, *, after_turn: Callable[[Collection[str]], None]) -> None:
    """Relax the finalists of a campaign whose file asks for it; what failed is entered and stops nothing."""
    theory, setup = context.setup.file.theory, context.setup
    if theory.relax is None:
        return
    finalists = chosen_finalists(known_labels(context), setup.goals, count=theory.finalists)
    context.narrator.say(f"{len(finalists)} finalists are relaxed at level '{setup.level.name}'")
    waiting = {key: relax_finalist(context, context.pool[key]) for key in finalists}

    def due(_under_way: Collection[str]) -> dict[str, Job[None]]:
        begun = dict(waiting)
        waiting.clear()
        return begun

    context.dispatcher.side_by_side(due, after_turn=after_turn)


def relax_finalist(context: CampaignContext, candidate: Candidate) -> Job[None]:
    """Relax a labelled complex, its free ligand, water and its metal's aqua ion, and compute every term there."""
    ledger, setup, run = context.ledger, context.setup, context.dispatcher.run
    starts = yield from _starts(context, candidate)
    relaxing = {part: relaxation_task(start.extxyz, setup, title=start.title) for part, start in starts.items()}
    relaxed = yield from run(list(relaxing.values()), stage="relaxations at the level")
    ends = {part: relaxed[task.key] for part, task in relaxing.items()}
    reports = {} if setup.file.theory.sketch else _reports(ends, candidate, setup.file.theory)
    failures = {part: outcome.failure or _first_problem(reports.get(part)) for part, outcome in ends.items()}
    sound = {part: outcome.extxyz for part, outcome in ends.items() if failures[part] is None}
    energies = {part: energy_task(extxyz, setup, title=starts[part].title) for part, extxyz in sound.items()}
    bare = energy_task(ion(candidate).to_extxyz(), setup, title=f"{candidate.metal.symbol}3+")
    computed = yield from run([bare, *energies.values()], stage="energies of relaxed geometries")
    failures |= {part: computed[task.key].failure for part, task in energies.items()}
    failures["ion"] = computed[bare.key].failure
    with ledger.transaction():
        if _AQUA in starts:
            failed = failures.pop(_AQUA)
            keys = None if failed else AquaKeys(relaxing[_AQUA].key, energies[_AQUA].key)
            ledger.enter_aqua_ion(candidate.metal.symbol, keys, failed, relaxed=True)
        if failure := next((failure for failure in failures.values() if failure is not None), None):
            ledger.enter_finalist(candidate.key, None, failure)
        else:
            others = len(reports[_COMPLEX].warnings) if _COMPLEX in reports else 0
            ledger.enter_finalist(candidate.key, _keys(relaxing, energies, bare, others), None)


@dataclass(frozen=True)
class _Start:
    title: str
    extxyz: str


def _starts(context: CampaignContext, candidate: Candidate) -> Job[dict[str, _Start]]:
    """Return the minima of the campaign's surface that a label rests on; all of them are known."""
    ledger, theory = context.ledger, context.setup.file.theory
    tasks = (ligand_task(candidate, theory, context.setup.file.seed), water_task(theory))
    known = yield from context.dispatcher.run(tasks, stage="geometries")
    ligand, water = (known[task.key].extxyz for task in tasks)
    structure = ledger.value(ledger.labels()[candidate.key].structure)["extxyz"]
    starts = {
        _COMPLEX: _Start(candidate.name, structure),
        _LIGAND: _Start(f"{candidate.ligand.name} (free)", ligand),
        _WATER: _Start("H2O", water),
    }
    if (aqua := ledger.aqua_ions().get(candidate.metal.symbol)) is not None:
        name = aqua_ion(candidate.metal, waters=theory.aqua_waters).name
        starts[_AQUA] = _Start(name, ledger.value(aqua.structure)["extxyz"])
    return starts


def _reports(ends: Mapping[str, Outcome], candidate: Candidate, theory: TheoryEntry) -> dict[str, QualityReport]:
    """Return what quality control says of what was relaxed, as of the geometries of labels."""
    found = {part: Structure.from_extxyz(end.extxyz) for part, end in ends.items() if end.value is not None}
    reports = {}
    for part, complex_ in ((_COMPLEX, candidate), (_AQUA, aqua_ion(candidate.metal, waters=theory.aqua_waters))):
        if part in found:
            reports[part] = check_complex(found[part], candidate=complex_, checks=theory.checks)
    if _LIGAND in found:
        reports[_LIGAND] = check_ligand(found[_LIGAND], ligand=candidate.ligand, checks=theory.checks)
    return reports


def _first_problem(report: QualityReport | None) -> Failure | None:
    return report.problems[0] if report is not None and report.problems else None


def _keys(relaxing: Mapping[str, Task], energies: Mapping[str, Task], bare: Task, other_donors: int) -> FinalistKeys:
    return FinalistKeys(
        relaxed_complex=relaxing[_COMPLEX].key,
        relaxed_ligand=relaxing[_LIGAND].key,
        relaxed_water=relaxing[_WATER].key,
        complex=energies[_COMPLEX].key,
        ion=bare.key,
        ligand=energies[_LIGAND].key,
        water=energies[_WATER].key,
        other_donors=other_donors,
    )
