"""Ligands that are proposed while a campaign runs: what it has to be like for that, and which of them can join it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from reexplore.campaign.declaration.listed_ligands import judged_rows
from reexplore.campaign.ledger.rows import ProposedLigand
from reexplore.chemistry.library import LIGAND_FILE, Scaffold
from reexplore.chemistry.ligands import Ligand
from reexplore.chemistry.space import Space
from reexplore.config import ProposeEntry
from reexplore.errors import InputError
from reexplore.properties import Goals
from reexplore.proposals.asked import ASK_A_GENERATOR
from reexplore.proposals.donor_classes import known_classes
from reexplore.proposals.enumerated import family_of
from reexplore.proposals.training_set import FEWEST
from reexplore.sources.base import DONORS, NAME, SMILES, LigandTable

if TYPE_CHECKING:
    from reexplore.campaign.declaration.setup import Setup


def require_proposable(asked: ProposeEntry, space: Space, goals: Goals) -> None:
    """Raise `InputError` where a ligand has more than one value to judge it by, or a class of donors is unknown."""
    try:
        known_classes(asked.classes)
    except ValueError as error:
        raise InputError(str(error), key="classes") from None
    if asked.by in ASK_A_GENERATOR:
        drawn = family_of(asked.classes).draw(FEWEST, seed=0, heavy_atoms=asked.heavy_atoms)
        if (count := sum(1 for _ in drawn)) < FEWEST:
            raise InputError(
                f"{asked.by} learns from the enumerated family, which has {count} ligands of these classes with at most"
                f" {asked.heavy_atoms} heavy atoms, fewer than the {FEWEST} it needs: allow more of both, or take bred"
            )
    if len(goals.goals) > 1 or (not goals and len(space.metals) > 1):
        raise InputError(
            "a proposer judges a ligand by one value: give an objective of one goal, or one metal without an objective"
        )
    if len(space.coordinations) > 1:
        raise InputError("a proposer judges a ligand by one value: give one coordination")


def proposed_space(space: Space, proposed: Sequence[ProposedLigand]) -> Space:
    """Return the space of ligands that were proposed, with the metals and coordinations of the campaign."""
    return replace(space, scaffolds=tuple(map(_scaffold, proposed)), substituents=(), sample=None)


def size_with(space: Space, proposed: int) -> int:
    """Return how many candidates a space has with so many proposed ligands."""
    return space.size + proposed * len(space.metals) * len(space.coordinations)


def joining(setup: Setup, proposed: Sequence[ProposedLigand]) -> tuple[list[ProposedLigand], list[str]]:
    """Return which proposed ligands can be candidates of a campaign, judged as rows of a file; of others why not."""
    if not proposed:
        return [], []
    rows = []
    for one in proposed:
        ligand = _ligand(one)
        rows.append({NAME: one.name, SMILES: ligand.smiles, DONORS: " ".join(map(str, ligand.donors))})
    table = LigandTable.of(rows, title="the proposals", folder=setup.folder)
    try:
        judged = judged_rows(table, setup.file, [metal.symbol for metal in setup.space.metals], setup.surface)
    except InputError as error:
        return [], [str(error)] * len(proposed)
    verdicts = list(zip(proposed, judged.verdicts, strict=True))
    found = [one for one, verdict in verdicts if verdict.is_accepted]
    return found, [verdict.reason for _, verdict in verdicts if not verdict.is_accepted]


def _ligand(one: ProposedLigand) -> Ligand:
    return Ligand(one.identity, one.charge, one.name, ())


def _scaffold(one: ProposedLigand) -> Scaffold:
    return Scaffold(one.name, _ligand(one).as_scaffold, one.charge, "as written", LIGAND_FILE, sites=0)
