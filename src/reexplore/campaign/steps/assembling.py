"""The ligands of a large space are made by tasks, once, before anything else is asked of them."""

from __future__ import annotations

from reexplore.campaign.declaration.assembled import assemblies
from reexplore.campaign.running.context import CampaignContext
from reexplore.campaign.running.dispatcher import Job
from reexplore.errors import ExecutionError


def assemble(context: CampaignContext) -> Job[None]:
    """Make the ligands that the store does not hold yet."""
    tasks = assemblies(context.setup.space)
    outcomes = yield from context.dispatcher.run(tasks, stage="ligands")
    for task in tasks:
        if (failure := outcomes[task.key].failure) is not None:
            raise ExecutionError(f"ligands {task.title} could not be made: {failure}")
