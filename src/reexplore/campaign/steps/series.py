"""Label geometries in series: each ligand grafted on the template of its bare scaffold, so that all share a conformer.

A search finds every ligand a conformer of its own, and what it misses differs between neighbours by 1 to 2 kcal/mol.
In a series that error is the same for all ligands of a scaffold in one coordination, and cancels.
"""

from __future__ import annotations

from dataclasses import replace

from reexplore.campaign.running.context import CampaignContext
from reexplore.campaign.running.dispatcher import Job
from reexplore.campaign.steps.tasks import templates
from reexplore.chemistry.candidates import Candidate
from reexplore.chemistry.families import Family
from reexplore.chemistry.ligands import Ligand
from reexplore.errors import CalculationFailed
from reexplore.execution.store import Outcome
from reexplore.structures.metal_exchange import contraction_of
from reexplore.structures.screening.families import series_template
from reexplore.structures.screening.scaffolding import bare_candidate
from reexplore.structures.structure import Structure


def of_series(context: CampaignContext, candidate: Candidate) -> Job[dict[str, Outcome]]:
    """Return what stands in for the template of a candidate, of each number of waters where they are open, by its key.

    It is the graft that the learned model sees, with lanthanum. There are no runners-up: another conformer would be
    no series. What cannot be grafted fails with the reason.
    """
    number, _row = context.pool.place(candidate.key)
    family = context.pool.families[number]
    several = {each.key: replace(family, waters=each.waters, waters_open=False) for each in candidate.settled}
    bare = {key: _bare(of) for key, of in several.items()}
    found = yield from templates(context, list(bare.values()))
    return {
        key: _grafted(of, found[bare[key].key], candidate.ligand, contraction_of(context.setup.surface))
        for key, of in several.items()
    }


def _bare(family: Family) -> Candidate:
    counts = {"ligands": family.ligands, "waters": family.waters}
    return bare_candidate(family.scaffold, **counts, co_ligands=family.co_ligands)


def _grafted(family: Family, template: Outcome, ligand: Ligand, contraction: int) -> Outcome:
    """Return a ligand on the template of its family, or why there is none."""
    if template.value is None:
        return template
    try:
        graft = series_template(family, Structure.from_extxyz(template.extxyz), ligand, contraction=contraction)
    except CalculationFailed as failed:
        return Outcome(None, failed.failure, {})
    return Outcome({"extxyz": graft.to_extxyz(), "runners_up": []}, None, {})
