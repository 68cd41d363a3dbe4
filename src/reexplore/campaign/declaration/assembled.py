"""The candidates of a declared campaign: those of a large space are assembled once, by tasks, and kept in the store."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from zipfile import BadZipFile

from rdkit import rdBase

from reexplore.campaign.declaration.pool import Pool
from reexplore.campaign.declaration.proposed import proposed_space
from reexplore.campaign.declaration.setup import Setup
from reexplore.campaign.ledger.rows import ProposedLigand
from reexplore.chemistry.families import families
from reexplore.chemistry.library import Scaffold, Substituent
from reexplore.chemistry.members import Members
from reexplore.chemistry.space import Space
from reexplore.execution.kinds import LIGANDS_FILE
from reexplore.execution.recipes import Assembly
from reexplore.execution.store import Store
from reexplore.execution.task import Task

#: Up to so many ligands are made whenever they are needed: 20 seconds.
_MADE_AT_ONCE = 20_000
#: Fillings of one task: half a minute.
_TOGETHER = 25_000


def assemblies(space: Space) -> list[Task]:
    """Return the tasks that make the ligands of a large space; none of one that is small, or is drawn by lot."""
    if space.sample is not None or space.ligand_count <= _MADE_AT_ONCE:
        return []
    return [task for scaffold in space.scaffolds if scaffold.sites for task in _tasks(scaffold, space.substituents)]


def pool_of(setup: Setup, proposed: Sequence[ProposedLigand]) -> Pool:
    """Return the candidates of a campaign, `proposed` ones last; what the store does not hold is made on the spot."""
    space, store = setup.space, Store(setup.store)
    made = [_made(scaffold, space.substituents, store) for scaffold in space.scaffolds] if assemblies(space) else ()
    joined = families(proposed_space(space, proposed)) if proposed else ()
    return Pool([*families(space, made), *joined])


def _tasks(scaffold: Scaffold, substituents: tuple[Substituent, ...]) -> Iterator[Task]:
    groups, every = tuple(map(asdict, substituents)), len(substituents) ** scaffold.sites
    for start in range(0, every, _TOGETHER):
        recipe = Assembly(asdict(scaffold), groups, start, min(start + _TOGETHER, every), rdBase.rdkitVersion)
        yield Task.of(recipe, title=f"{recipe.start:,} to {recipe.stop:,} of {every:,} on {scaffold.name}")


def _made(scaffold: Scaffold, substituents: tuple[Substituent, ...], store: Store) -> Members:
    if not scaffold.sites:
        return Members.assembled(scaffold, ())
    return Members.joined([_part(task, scaffold, substituents, store) for task in _tasks(scaffold, substituents)])


def _part(task: Task, scaffold: Scaffold, substituents: tuple[Substituent, ...], store: Store) -> Members:
    try:
        return Members.load(store.folder(task.key) / LIGANDS_FILE, scaffold, substituents)
    except (OSError, ValueError, KeyError, EOFError, BadZipFile):
        return Members.assembled(scaffold, substituents, task.inputs["start"], task.inputs["stop"])
