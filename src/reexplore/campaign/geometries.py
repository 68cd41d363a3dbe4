"""The structures of a campaign: one template per ligand and stoichiometry, every metal put in its place."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from reexplore.campaign.bench import Bench
from reexplore.campaign.setup import Setup
from reexplore.chemistry.candidates import Candidate
from reexplore.chemistry.metals import TEMPLATE_METAL
from reexplore.errors import Failure
from reexplore.execution.task import Task
from reexplore.execution.tasks import candidate_inputs, ligand_inputs
from reexplore.structures.exchange import exchange_metal
from reexplore.structures.geometry import Layout, Structure


@dataclass(frozen=True)
class Screening:
    """What the learned model sees of each candidate, and the candidates that have no template."""

    structures: dict[str, Structure]
    failures: dict[str, Failure]


def template_task(candidate: Candidate, setup: Setup) -> Task:
    """Return the task that builds a candidate's template; it is the same for every metal."""
    theory = setup.file.theory
    parent = Candidate(candidate.ligand, TEMPLATE_METAL, candidate.ligands, candidate.waters)
    recipe = (
        {"builder": theory.builder, "seed": setup.file.seed}
        if theory.builder == "sketch"
        else {"builder": theory.builder, "conformers": theory.conformers, "refine": theory.refine}
    )
    return Task("template", {"candidate": candidate_inputs(parent), **recipe}, label=parent.name)


def complex_task(candidate: Candidate, template: str, setup: Setup) -> Task:
    """Return the task that makes a candidate's label geometry from its template (extended XYZ)."""
    inputs = {"candidate": candidate_inputs(candidate), "template": template, "builder": setup.file.theory.builder}
    return Task("complex", inputs, label=candidate.name)


def ligand_task(candidate: Candidate, setup: Setup) -> Task:
    """Return the task that finds the free ligand's lowest conformer."""
    theory = setup.file.theory
    inputs = {
        "ligand": ligand_inputs(candidate.ligand),
        "builder": theory.builder,
        "conformers": theory.ligand_conformers,
        "seed": setup.file.seed,
    }
    return Task("ligand", inputs, label=candidate.ligand.name)


def water_task(setup: Setup) -> Task:
    """Return the task that relaxes one water."""
    return Task("water", {"builder": setup.file.theory.builder}, label="H2O")


def energy_task(extxyz: str, setup: Setup, *, label: str) -> Task:
    """Return the task that computes one term of a label."""
    return Task("energy", {"extxyz": extxyz, "level": setup.level.declaration()}, label=label)


def ion(candidate: Candidate) -> Structure:
    """Return the bare ion of a candidate's metal."""
    return Structure((candidate.metal.symbol,), np.zeros((1, 3)), candidate.metal.oxidation_state)


def screening_geometry(candidate: Candidate, template: str) -> Structure:
    """Return a candidate's screening geometry: its template (extended XYZ) with the metal exchanged."""
    return exchange_metal(
        Structure.from_extxyz(template), layout=Layout.of(candidate), old=TEMPLATE_METAL, new=candidate.metal
    )


def screen(bench: Bench) -> Screening:
    """Return the screening geometry of every candidate whose template could be built."""
    tasks = {key: template_task(candidate, bench.setup) for key, candidate in bench.pool.items()}
    outcomes = bench.calculator.run(list(tasks.values()), stage="templates")
    structures: dict[str, Structure] = {}
    failures: dict[str, Failure] = {}
    for key, candidate in bench.pool.items():
        outcome = outcomes[tasks[key].key]
        if outcome.failure is not None:
            failures[key] = outcome.failure
            continue
        structures[key] = screening_geometry(candidate, outcome.extxyz)
    return Screening(structures, failures)
