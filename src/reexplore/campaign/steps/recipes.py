"""The structures of a campaign: one template per ligand and stoichiometry, every metal put in its place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from reexplore.campaign.declaration.setup import Setup
from reexplore.campaign.declaration.surface import checks_inputs, contraction_inputs, order_inputs, relaxation_inputs
from reexplore.campaign.running.context import Bench
from reexplore.campaign.running.dispatcher import Job
from reexplore.chemistry.candidates import Candidate
from reexplore.chemistry.metals import TEMPLATE_METAL
from reexplore.config import TheoryEntry
from reexplore.energies.electrons import implied_unpaired
from reexplore.energies.levels import Level
from reexplore.energies.memory import estimated_memory_gb
from reexplore.execution.kinds import KINDS
from reexplore.execution.store import Outcome
from reexplore.execution.task import Task
from reexplore.execution.worker_functions import candidate_inputs, ligand_inputs
from reexplore.structures.bonds import has_heavy_pair
from reexplore.structures.builders.base import find_builder
from reexplore.structures.structure import Structure

#: Memory asked for above what the estimate says.
_MEMORY_MARGIN = 1.25


def build_tasks(candidate: Candidate, theory: TheoryEntry, seed: int) -> list[Task]:
    """Return the tasks, one a builder, that make starts for a candidate's template; none for a sketch."""
    parent = _parent(candidate)
    shared = {"candidate": candidate_inputs(parent), "seed": seed}
    tasks = []
    for name, count in theory.starts.items():
        order = order_inputs(theory) if find_builder(name).is_ordered else {}
        inputs = shared | {"builder": name, "count": count} | order
        tasks.append(Task("build", inputs, label=f"{parent.name} by {name}"))
    return tasks


def template_task(candidate: Candidate, builds: Sequence[Task], theory: TheoryEntry, seed: int) -> Task:
    """Return the task that finds a candidate's template among what was built; it is the same for every metal."""
    parent = _parent(candidate)
    recipe = (
        {"sketch": seed}
        if theory.sketch
        else {"builds": [task.key for task in builds], "refine": theory.refine}
        | relaxation_inputs(theory, metal=True)
        | checks_inputs(theory)
        | ({"crest": True} if "crest" in theory.builders else {})
    )
    return Task("template", {"candidate": candidate_inputs(parent), **recipe}, label=parent.name)


def templates(bench: Bench, candidates: Sequence[Candidate]) -> Job[dict[str, Outcome]]:
    """Return the outcome of every candidate's template by the candidate's key: all builders, then the search.

    A builder that was stopped by a limit is left out; the others stand in for it.
    """
    theory, seed = bench.setup.file.theory, bench.setup.file.seed
    builds = {candidate.key: build_tasks(candidate, theory, seed) for candidate in candidates}
    built = yield from bench.calculator.run([task for tasks in builds.values() for task in tasks], stage="builders")
    tasks: dict[str, Task] = {}
    stopped: dict[str, Outcome] = {}
    for candidate in candidates:
        usable = [task for task in builds[candidate.key] if not built[task.key].run_only]
        if builds[candidate.key] and not usable:
            stopped[candidate.key] = built[builds[candidate.key][-1].key]
        else:
            tasks[candidate.key] = template_task(candidate, usable, theory, seed)
    found = yield from bench.calculator.run(list(tasks.values()), stage="templates")
    return stopped | {key: found[task.key] for key, task in tasks.items()}


def complex_task(candidate: Candidate, template: Mapping[str, Any], theory: TheoryEntry) -> Task:
    """Return the task that makes a candidate's label geometry from the value of its template."""
    inputs = {
        "candidate": candidate_inputs(candidate),
        "templates": [template["extxyz"], *template["runners_up"][: theory.other_conformers]],
        "sketch": theory.sketch,
        **relaxation_inputs(theory, metal=True),
        **checks_inputs(theory),
        **contraction_inputs(theory),
    }
    return Task("complex", inputs, label=candidate.name)


def ligand_task(candidate: Candidate, theory: TheoryEntry, seed: int) -> Task:
    """Return the task that finds the free ligand's lowest conformer."""
    inputs = {
        "ligand": ligand_inputs(candidate.ligand),
        "sketch": theory.sketch,
        "conformers": theory.ligand_conformers,
        "seed": seed,
        **relaxation_inputs(theory, metal=False),
        # The versions of the checks differ for few free ligands; all others keep their keys.
        **(checks_inputs(theory) if has_heavy_pair(candidate.ligand) and not theory.sketch else {}),
    }
    return Task("ligand", inputs, label=candidate.ligand.name)


def water_task(theory: TheoryEntry) -> Task:
    """Return the task that relaxes one water."""
    return Task("water", {"sketch": theory.sketch, **relaxation_inputs(theory, metal=False)}, label="H2O")


def energy_task(extxyz: str, setup: Setup, *, label: str) -> Task:
    """Return the task that computes one term of a label."""
    return single_point_task(Structure.from_extxyz(extxyz), setup.level, label=label)


def single_point_task(structure: Structure, level: Level, *, label: str, unpaired: int | None = None) -> Task:
    """Return the task that computes the energy of a structure; it asks for the memory this will need.

    `unpaired` is 2S, None for what the level implies: both give the same task then.
    """
    inputs: dict[str, Any] = {"extxyz": structure.to_extxyz(), "level": level.declaration()}
    if unpaired not in (None, implied_unpaired(structure, level)):
        inputs["multiplicity"] = unpaired + 1
    needed_gb = _MEMORY_MARGIN * estimated_memory_gb(structure, level)
    return Task("energy", inputs, label=label, memory_gb=max(needed_gb, KINDS["energy"].resources.memory_gb))


def ion(candidate: Candidate) -> Structure:
    """Return the bare ion of a candidate's metal."""
    return Structure((candidate.metal.symbol,), np.zeros((1, 3)), candidate.metal.oxidation_state)


def _parent(candidate: Candidate) -> Candidate:
    """Return the lanthanum complex a candidate descends from."""
    return Candidate(candidate.ligand, TEMPLATE_METAL, candidate.ligands, candidate.waters)
