"""The best of every ranking, labelled again: relaxed at the level with all they are counted from, or searched for."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace

from reexplore.campaign.ledger.ranked import rankings
from reexplore.campaign.ledger.rows import AquaKeys, FinalistKeys
from reexplore.campaign.running.context import CampaignContext
from reexplore.campaign.running.dispatcher import Job
from reexplore.campaign.steps.confirming import confirm_finalist
from reexplore.campaign.steps.labelling import known_labels
from reexplore.campaign.steps.tasks import energy_task, free_ligand, ion, ligand_task, relaxation_task, water_task
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

#: The parts of a finalist; co-ligands have their names.
_COMPLEX, _ION, _LIGAND, _WATER, _AQUA = "complex", "ion", "ligand", "water", "aqua ion"


def chosen_finalists(labels: Mapping[str, Label], goals: Goals, *, count: int) -> list[str]:
    """Return the keys of the best `count` of every ranking with all their complexes, each once."""
    best = [members for ranking in rankings(labels, goals) for members in ranking.ordered[:count]]
    return list(dict.fromkeys(key for members in best for key in members))


def label_finalists(context: CampaignContext, *, after_turn: Callable[[Collection[str]], None]) -> None:
    """Label the finalists of a campaign again whose file asks for it; what failed is entered and stops nothing."""
    theory, setup = context.setup.file.theory, context.setup
    if theory.relax is None and theory.confirm is None:
        return
    context.ledger.begin_finalists(searched=theory.confirm is not None)
    labels = known_labels(context)
    finalists = chosen_finalists(labels, setup.goals, count=theory.confirm or theory.finalists)
    done = "are searched for" if theory.confirm else f"are relaxed at level '{setup.level.name}'"
    context.narrator.say(f"{len(finalists)} finalists {done}")
    again = confirm_finalist if theory.confirm else relax_finalist
    waiting = {key: again(context, labels[key].candidate) for key in finalists}

    def due(_under_way: Collection[str]) -> dict[str, Job[None]]:
        begun = dict(waiting)
        waiting.clear()
        return begun

    context.dispatcher.side_by_side(due, after_turn=after_turn)


def relax_finalist(context: CampaignContext, candidate: Candidate) -> Job[None]:
    """Relax a labelled complex, all that it is made of and its metal's aqua ion, and compute every term there.

    `candidate` is that of the label: where its waters are open, it has the number of the label.
    """
    ledger, setup, run = context.ledger, context.setup, context.dispatcher.run
    free = _free(context, candidate)
    known = yield from run(list(free.values()), stage="geometries")
    starts = {part: known[task.key] for part, task in free.items()} | _starts(context, candidate)
    aqua = _aqua(candidate, starts)
    titles = _titles(candidate, aqua)
    failures = {part: outcome.failure for part, outcome in starts.items()}
    relaxing = {
        part: relaxation_task(outcome.extxyz, setup, title=titles[part])
        for part, outcome in starts.items()
        if outcome.value is not None
    }
    relaxed = yield from run(list(relaxing.values()), stage="relaxations at the level")
    ends = {part: relaxed[task.key] for part, task in relaxing.items()}
    reports = {} if setup.file.theory.sketch else _reports(ends, candidate, aqua, setup.file.theory)
    failures |= {part: outcome.failure or _first_problem(reports.get(part)) for part, outcome in ends.items()}
    energies = {
        part: energy_task(outcome.extxyz, setup, title=titles[part])
        for part, outcome in ends.items()
        if failures[part] is None
    }
    energies[_ION] = energy_task(ion(candidate).to_extxyz(), setup, title=f"{candidate.metal.symbol}3+")
    computed = yield from run(list(energies.values()), stage="energies of relaxed geometries")
    failures |= {part: computed[task.key].failure for part, task in energies.items()}
    with ledger.transaction():
        if _AQUA in starts:
            failed = failures.pop(_AQUA)
            keys = None if failed else AquaKeys(relaxing.pop(_AQUA).key, energies.pop(_AQUA).key)
            ledger.enter_aqua_ion(candidate.metal.symbol, keys, failed, relaxed=True)
        for part, failure in failures.items():
            if failure is not None:
                # Which part it was is told nowhere else.
                stage = failure.stage if part == _COMPLEX else f"{failure.stage} of {titles[part]}"
                ledger.enter_finalist(candidate.key, None, replace(failure, stage=stage))
                return
        others = len(reports[_COMPLEX].warnings) if _COMPLEX in reports else 0
        ledger.enter_finalist(candidate.key, FinalistKeys(_keys(relaxing), _keys(energies), others), None)


def _free(context: CampaignContext, candidate: Candidate) -> dict[str, Task]:
    """Return the tasks whose minima the free parts of a label are, all of them known as long as nobody withdrew one."""
    theory, seed = context.setup.file.theory, context.setup.file.seed
    beside = {ligand.name: ligand_task(ligand, theory, seed) for ligand, _ in candidate.co_ligands}
    own = ligand_task(free_ligand(candidate.ligand, theory), theory, seed)
    return {_LIGAND: own, _WATER: water_task(theory)} | beside


def _starts(context: CampaignContext, candidate: Candidate) -> dict[str, Outcome]:
    """Return the geometries of a label that the ledger names: its complex, and its metal's aqua ion where there is one.

    Of free energies the minima of the free parts as well.
    """
    ledger = context.ledger
    label = ledger.labels()[candidate.key]
    keys = label.minima | {_COMPLEX: label.structure}
    if (aqua := ledger.aqua_ions().get(candidate.metal.symbol)) is not None:
        keys[_AQUA] = aqua.structure
    return {part: Outcome(ledger.value(key), None, {}) for part, key in keys.items()}


def _aqua(candidate: Candidate, starts: Mapping[str, Outcome]) -> Candidate | None:
    """Return the aqua ion of a candidate's metal with as many waters as it was computed with."""
    if _AQUA not in starts:
        return None
    return aqua_ion(candidate.metal, waters=Structure.from_extxyz(starts[_AQUA].extxyz).symbols.count("O"))


def _titles(candidate: Candidate, aqua: Candidate | None) -> dict[str, str]:
    free = {ligand.name: f"{ligand.name} (free)" for ligand, _ in candidate.co_ligands}
    free |= {_LIGAND: f"{candidate.ligand.name} (free)", _WATER: "H2O", _ION: f"{candidate.metal.symbol}3+"}
    return {_COMPLEX: candidate.closed.name} | free | ({_AQUA: aqua.name} if aqua else {})


def _reports(
    ends: Mapping[str, Outcome], candidate: Candidate, aqua: Candidate | None, theory: TheoryEntry
) -> dict[str, QualityReport]:
    """Return what quality control says of what was relaxed, as of the geometries of labels."""
    complexes = {_COMPLEX: candidate} | ({_AQUA: aqua} if aqua else {})
    ligands = {_LIGAND: free_ligand(candidate.ligand, theory)} | {
        ligand.name: ligand for ligand, _ in candidate.co_ligands
    }
    reports = {}
    for part, end in ends.items():
        if end.value is None:
            continue
        structure = Structure.from_extxyz(end.extxyz)
        if part in complexes:
            reports[part] = check_complex(structure, candidate=complexes[part], checks=theory.checks)
        elif part in ligands:
            reports[part] = check_ligand(structure, ligand=ligands[part], checks=theory.checks)
    return reports


def _first_problem(report: QualityReport | None) -> Failure | None:
    return report.problems[0] if report is not None and report.problems else None


def _keys(tasks: Mapping[str, Task]) -> dict[str, str]:
    return {part: task.key for part, task in tasks.items()}
