"""Kramers gaps of single structures, through the same tasks, store and guard as a campaign's labels."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import psutil
from rich.console import Console

from reexplore.campaign.steps.tasks import kramers_task
from reexplore.energies.kramers.label import KramersLabel
from reexplore.energies.kramers.memory import require_memory
from reexplore.energies.kramers.method import PRODUCTION
from reexplore.energies.kramers.support import require_supported
from reexplore.structures.stoichiometry import formula
from reexplore.structures.structure import Structure
from reexplore.workbench.runner import Runner


@dataclass(frozen=True)
class LabelledMagnet:
    """The Kramers doublets of one structure and the calculation they come from.

    `cpu_s` and `wall_s` are what that took, whenever it was; `reused` says whether it was in the store.
    """

    structure: Structure
    label: KramersLabel
    key: str
    cpu_s: float | None
    wall_s: float | None
    reused: bool


def label_magnet(
    structure: Structure,
    workspace: Path,
    *,
    console: Console,
    memory_gb: float | None = None,
    time_s: float | None = None,
) -> LabelledMagnet:
    """Return the Kramers doublets of a structure, computed unless the workspace's store holds them.

    Raises `InputError` for a metal, an element or a charge that the method cannot treat, `CalculationFailed` when
    memory, time or convergence fail it.
    """
    require_supported(structure, PRODUCTION)
    machine_gb = psutil.virtual_memory().total / 2**30
    require_memory(structure, PRODUCTION, memory_gb=min(memory_gb or machine_gb, machine_gb))
    task = kramers_task(structure, PRODUCTION, title=formula(structure))
    runner = Runner(workspace, console=console)
    task = replace(task, memory_gb=memory_gb or task.memory_gb, time_s=time_s)
    value, provenance = runner.value_and_provenance("Kramers gap", task)
    return LabelledMagnet(
        structure,
        KramersLabel.from_json(value),
        task.key,
        cpu_s=provenance.get("cpu_s"),
        wall_s=provenance.get("wall_s"),
        reused=bool(runner.reused),
    )
