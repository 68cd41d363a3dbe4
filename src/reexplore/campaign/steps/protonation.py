"""pKa of a ligand that has none given: the free energies of its protonation states and of reference acids."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from reexplore.campaign.running.context import CampaignContext
from reexplore.campaign.running.dispatcher import Job
from reexplore.campaign.steps.tasks import energy_task, ligand_task, minimum_task
from reexplore.chemistry.acidity import REFERENCE_ACIDS
from reexplore.chemistry.ligands import Ligand
from reexplore.energies.acidity import Step, stepwise
from reexplore.energies.reactions import HARTREE_TO_KCAL_MOL
from reexplore.energies.thermal import GIBBS
from reexplore.errors import Failure
from reexplore.execution.task import Task

#: The minimum and the energy of each molecule, by its identity.
Pairs = dict[str, list[str]]
Values = dict[str, dict[str, Any]]


def protonation(context: CampaignContext, ligand: Ligand, *, protons: int) -> Job[dict[str, Any]]:
    """Return the calculations that the pKa of a ligand rest on, as `LabelKeys.pka` has them; nothing where it has none.

    `protons` are those that the free ligand is counted with. Where pKa were given nothing is computed. Raises
    `CalculationFailed` with the reason why a molecule has no energy.
    """
    at_ph = context.setup.at_ph
    if at_ph is None or ligand.identity in at_ph.pka:
        return {}
    pairs: Pairs = {}
    asking = stepwise(ligand, ph=at_ph.ph, protons=protons)
    try:
        wanted = next(asking)
        while True:
            free, known = yield from _free_energies(context, wanted)
            pairs |= known
            wanted = asking.send(free)
    except StopIteration as ended:
        steps: Sequence[Step] = ended.value
    if not steps:
        return {}
    forms = [form.identity for acid in REFERENCE_ACIDS for form in (acid.base, acid.acid)]
    return {
        "states": [pairs[molecule.identity] for molecule in (ligand, *(step.acid for step in steps))],
        "kinds": [step.pka.kind for step in steps],
        "references": {identity: pairs[identity] for identity in forms if identity in pairs},
    }


def _free_energies(
    context: CampaignContext, molecules: Sequence[Ligand]
) -> Job[tuple[dict[str, float | Failure], Pairs]]:
    """Return the free energy of each molecule in kcal/mol or why it has none, and what it was computed by."""
    setup, failures = context.setup, dict[str, float | Failure]()
    theory = setup.file.theory
    names = {molecule.identity: f"{molecule.name} (free)" for molecule in molecules}

    def done(tasks: Mapping[str, Task], stage: str) -> Job[Values]:
        outcomes = yield from context.dispatcher.run(list(tasks.values()), stage=stage)
        found = {identity: outcomes[task.key] for identity, task in tasks.items()}
        failures.update({identity: each.failure for identity, each in found.items() if each.failure is not None})
        return {identity: each.value for identity, each in found.items() if each.value is not None}

    conformers = {molecule.identity: ligand_task(molecule, theory, setup.file.seed) for molecule in molecules}
    relaxed = yield from done(conformers, "protonation states")
    settling = {
        identity: minimum_task(value["extxyz"], theory, title=names[identity]) for identity, value in relaxed.items()
    }
    minima = yield from done(settling, "vibrations of protonation states")
    labelling = {
        identity: energy_task(value["extxyz"], setup, title=names[identity]) for identity, value in minima.items()
    }
    energies = yield from done(labelling, "energies of protonation states")
    free = {
        identity: (value["total_hartree"] + minima[identity][GIBBS]) * HARTREE_TO_KCAL_MOL
        for identity, value in energies.items()
    }
    return failures | free, {identity: [settling[identity].key, labelling[identity].key] for identity in energies}
