"""A finalist of a series, labelled again on the geometry that a search of its own finds."""

from __future__ import annotations

from reexplore.campaign.ledger.rows import FinalistKeys
from reexplore.campaign.running.context import CampaignContext
from reexplore.campaign.running.dispatcher import Job
from reexplore.campaign.steps.tasks import complex_task, energy_task, minimum_task, templates
from reexplore.chemistry.candidates import Candidate
from reexplore.structures.quality import OTHER_DONORS


def confirm_finalist(context: CampaignContext, candidate: Candidate) -> Job[None]:
    """Search for the complex of a label as a campaign without series does, and compute its energy there.

    All other terms of the label are searched for in a series as well, and stay. `candidate` is that of the label: where
    its waters are open, it has the number of the label.
    """
    setup, run = context.setup, context.dispatcher.run
    theory, complex_ = setup.file.theory, candidate.closed
    found = (yield from templates(context, [complex_]))[complex_.key]
    keys = []
    if found.value is not None:
        task = complex_task(complex_, found.value, theory)
        found = (yield from run([task], stage="geometries of finalists"))[task.key]
        keys.append(task.key)
    if found.value is not None and setup.goals.needs_thermal_terms:
        task = minimum_task(found.extxyz, theory, title=complex_.name, candidate=complex_)
        found = (yield from run([task], stage="vibrations of finalists"))[task.key]
        keys.append(task.key)
    others = len(found.value.get(OTHER_DONORS, ())) if found.value is not None else 0
    if found.value is not None:
        task = energy_task(found.extxyz, setup, title=complex_.name)
        found = (yield from run([task], stage="energies of finalists"))[task.key]
        keys.append(task.key)
    if found.failure is not None:
        context.ledger.enter_finalist(candidate.key, None, found.failure)
    else:
        *_, structure, energy = keys
        context.ledger.enter_finalist(
            candidate.key, FinalistKeys({"complex": structure}, {"complex": energy}, others), None
        )
