"""From a chosen magnet to its label: the bipyramid, and its Kramers doublets."""

from __future__ import annotations

from reexplore.campaign.ledger.rows import LabelKeys
from reexplore.campaign.running.context import CampaignContext
from reexplore.campaign.running.dispatcher import Job
from reexplore.campaign.steps.tasks import bipyramid_task, kramers_task
from reexplore.chemistry.candidates import Candidate
from reexplore.energies.kramers.method import PRODUCTION
from reexplore.structures.structure import Structure


def label_magnet(context: CampaignContext, candidate: Candidate) -> Job[None]:
    """Label a candidate with its first Kramers gap, or enter why it has none."""
    geometry = bipyramid_task(candidate, context.setup.file.theory, context.setup.file.seed)
    built = (yield from context.dispatcher.run([geometry], stage="geometries"))[geometry.key]
    if built.failure is not None:
        context.ledger.enter_label(candidate.key, None, built.failure)
        return
    gap = kramers_task(Structure.from_extxyz(built.extxyz), PRODUCTION, title=candidate.name)
    found = (yield from context.dispatcher.run([gap], stage="Kramers gaps"))[gap.key]
    keys = LabelKeys(geometry.key, magnet=gap.key) if found.failure is None else None
    context.ledger.enter_label(candidate.key, keys, found.failure)
