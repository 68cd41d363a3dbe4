"""The structures of a campaign: one template per ligand and stoichiometry, every metal put in its place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from reexplore.campaign.declaration.setup import Setup
from reexplore.campaign.declaration.surface import declared_surface
from reexplore.campaign.running.context import CampaignContext
from reexplore.campaign.running.dispatcher import Job
from reexplore.chemistry.acids import acid_of
from reexplore.chemistry.candidates import Candidate
from reexplore.chemistry.ligands import Ligand
from reexplore.chemistry.metals import METALS, TEMPLATE_METAL
from reexplore.config import TheoryEntry
from reexplore.energies.electrons import implied_unpaired
from reexplore.energies.kramers.memory import kramers_memory_gb
from reexplore.energies.kramers.method import KramersMethod
from reexplore.energies.levels import Level
from reexplore.energies.memory import estimated_memory_gb
from reexplore.execution.kinds import KINDS
from reexplore.execution.recipes import (
    BipyramidGeometry,
    Build,
    DftRelaxation,
    FreeLigand,
    KramersGap,
    LabelGeometry,
    Minimum,
    SinglePoint,
    Sketch,
    Template,
    Water,
)
from reexplore.execution.store import Outcome
from reexplore.execution.task import Task
from reexplore.structures.bonds import has_heavy_pair
from reexplore.structures.builders.base import find_builder
from reexplore.structures.metal_exchange import contraction_of, exchange_metal
from reexplore.structures.structure import Layout, Structure
from reexplore.structures.xtb.surfaces import EnergySurface

#: Memory asked for above what the estimate says.
_MEMORY_MARGIN = 1.25


def build_tasks(candidate: Candidate, theory: TheoryEntry, seed: int) -> list[Task]:
    """Return the tasks, one a builder, that make starts for a candidate's template; none for a sketch."""
    parent = _parent(candidate)
    tasks = []
    for name, count in theory.starts.items():
        builder = find_builder(name)
        order = theory.placement_order if builder.is_ordered else 1
        force_field = theory.force_field if builder.has_force_field else 1
        tasks.append(Task.of(Build(parent, name, count, seed, order, force_field), title=f"{parent.name} by {name}"))
    return tasks


def template_task(
    candidate: Candidate, builds: Sequence[Task], theory: TheoryEntry, seed: int, *, start: str = ""
) -> Task:
    """Return the task that finds a candidate's template among what was built; it is the same for every metal.

    `start` is one more structure of the complex, with any metal (extended XYZ).
    """
    parent = _parent(candidate)
    if theory.sketch:
        return Task.of(Sketch(parent, seed), title=parent.name)
    recipe = Template(
        candidate=parent,
        builds=tuple(task.key for task in builds),
        refine=theory.refine,
        surface=declared_surface(theory),
        checks=theory.checks,
        crest="crest" in theory.builders,
        force_field=theory.force_field,
        start=_with_lanthanum(start, parent, declared_surface(theory)) if start else "",
    )
    return Task.of(recipe, title=parent.name)


def templates(context: CampaignContext, candidates: Sequence[Candidate]) -> Job[dict[str, Outcome]]:
    """Return the outcome of every candidate's template by the candidate's key: all builders, then the search.

    A builder that was stopped by a limit is left out; the others stand in for it.
    """
    theory, seed = context.setup.file.theory, context.setup.file.seed
    builds = {candidate.key: build_tasks(candidate, theory, seed) for candidate in candidates}
    built = yield from context.dispatcher.run([task for tasks in builds.values() for task in tasks], stage="builders")
    tasks: dict[str, Task] = {}
    stopped: dict[str, Outcome] = {}
    for candidate in candidates:
        usable = [task for task in builds[candidate.key] if not built[task.key].run_only]
        if builds[candidate.key] and not usable:
            stopped[candidate.key] = built[builds[candidate.key][-1].key]
        else:
            start = _start_of(context.setup, candidate)
            tasks[candidate.key] = template_task(candidate, usable, theory, seed, start=start)
    found = yield from context.dispatcher.run(list(tasks.values()), stage="templates")
    return stopped | {key: found[task.key] for key, task in tasks.items()}


def complex_task(candidate: Candidate, template: Mapping[str, Any], theory: TheoryEntry) -> Task:
    """Return the task that makes a candidate's label geometry from the value of its template."""
    surface = declared_surface(theory)
    recipe = LabelGeometry(
        candidate=candidate,
        templates=(template["extxyz"], *template["runners_up"][: theory.other_conformers]),
        sketch=theory.sketch,
        surface=surface,
        checks=theory.checks,
        contraction=contraction_of(surface),
    )
    return Task.of(recipe, title=candidate.name)


def ligand_task(ligand: Ligand, theory: TheoryEntry, seed: int) -> Task:
    """Return the task that finds the lowest conformer of a free ligand or co-ligand."""
    # The versions of the checks differ for few free ligands; all others keep their keys.
    differ = has_heavy_pair(ligand) and not theory.sketch
    recipe = FreeLigand(
        ligand=ligand,
        sketch=theory.sketch,
        conformers=theory.ligand_conformers,
        seed=seed,
        surface=declared_surface(theory),
        checks=theory.checks if differ else 1,
    )
    return Task.of(recipe, title=ligand.name)


def free_ligand(ligand: Ligand, theory: TheoryEntry) -> Ligand:
    """Return what a ligand is counted from: as it binds, or its acid."""
    return acid_of(ligand) if theory.reference == "acid" else ligand


def minimum_task(extxyz: str, theory: TheoryEntry, *, title: str, candidate: Candidate | None = None) -> Task:
    """Return the task that takes a relaxed structure to a minimum without imaginary modes, with its thermal terms."""
    recipe = Minimum(
        extxyz, declared_surface(theory), candidate=candidate, checks=theory.checks if candidate is not None else 1
    )
    return Task.of(recipe, title=title)


def water_task(theory: TheoryEntry) -> Task:
    """Return the task that relaxes one water."""
    return Task.of(Water(theory.sketch, declared_surface(theory)), title="H2O")


def energy_task(extxyz: str, setup: Setup, *, title: str) -> Task:
    """Return the task that computes one term of a label."""
    return single_point_task(Structure.from_extxyz(extxyz), setup.level, title=title)


def single_point_task(structure: Structure, level: Level, *, title: str, unpaired: int | None = None) -> Task:
    """Return the task that computes the energy of a structure; it asks for the memory this will need.

    `unpaired` is 2S, None for what the level implies: both give the same task then.
    """
    implied = unpaired in (None, implied_unpaired(structure, level))
    multiplicity = None if unpaired is None or implied else unpaired + 1
    recipe = SinglePoint(structure.to_extxyz(), level.applied_to(structure.symbols).declaration(), multiplicity)
    needed_gb = _MEMORY_MARGIN * estimated_memory_gb(structure, level)
    return Task.of(recipe, title=title, memory_gb=max(needed_gb, KINDS["energy"].resources.memory_gb))


def bipyramid_task(candidate: Candidate, theory: TheoryEntry, seed: int) -> Task:
    """Return the task that builds a magnet."""
    return Task.of(BipyramidGeometry(candidate, declared_surface(theory), seed), title=candidate.name)


def kramers_task(structure: Structure, method: KramersMethod, *, title: str) -> Task:
    """Return the task that computes the Kramers doublets of a structure; it asks for the memory this will need."""
    needed_gb = _MEMORY_MARGIN * kramers_memory_gb(structure, method)
    usual_gb = KINDS[KramersGap.kind].resources.memory_gb
    recipe = KramersGap(structure.to_extxyz(), method.to_json())
    return Task.of(recipe, title=title, memory_gb=max(needed_gb, usual_gb))


def relaxation_task(extxyz: str, setup: Setup, *, title: str) -> Task:
    """Return the task that relaxes a minimum of the campaign's surface at its level."""
    structure = Structure.from_extxyz(extxyz)
    level = setup.level.applied_to(structure.symbols)
    needed_gb = _MEMORY_MARGIN * estimated_memory_gb(structure, level)
    usual_gb = KINDS[DftRelaxation.kind].resources.memory_gb
    recipe = DftRelaxation(extxyz, level.declaration(), setup.surface)
    return Task.of(recipe, title=title, memory_gb=max(needed_gb, usual_gb))


def ion(candidate: Candidate) -> Structure:
    """Return the bare ion of a candidate's metal."""
    return Structure((candidate.metal.symbol,), np.zeros((1, 3)), candidate.metal.oxidation_state)


def _start_of(setup: Setup, candidate: Candidate) -> str:
    """Return the structure from a file that a candidate's search begins with; empty where there is none."""
    if setup.ligands is None:
        return ""
    return setup.ligands.start_of(candidate.ligand, stoichiometry=candidate.group.stoichiometry)


def _with_lanthanum(extxyz: str, parent: Candidate, surface: EnergySurface) -> str:
    found = Structure.from_extxyz(extxyz)
    return exchange_metal(
        found,
        layout=Layout.of(parent),
        old=METALS[found.symbols[0]],
        new=TEMPLATE_METAL,
        contraction=contraction_of(surface),
    ).to_extxyz()


def _parent(candidate: Candidate) -> Candidate:
    """Return the lanthanum complex a candidate descends from."""
    return replace(candidate, metal=TEMPLATE_METAL)
