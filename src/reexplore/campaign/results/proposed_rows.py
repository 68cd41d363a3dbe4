"""Ligands that were proposed, as they are shown: with the names of those that they were made from."""

from __future__ import annotations

from collections.abc import Sequence

from reexplore.campaign.declaration.pool import Pool
from reexplore.campaign.ledger.rows import ProposedLigand
from reexplore.tracking.records import ProposedRow


def proposed_rows(pool: Pool, proposed: Sequence[ProposedLigand]) -> tuple[ProposedRow, ...]:
    """Return every ligand that was proposed, in the order in which they joined."""
    if not proposed:
        return ()
    wanted = {parent for one in proposed for parent in one.parents} | {one.identity for one in proposed}
    ligands = {c.ligand.identity: c.ligand for c in pool.candidates() if c.ligand.identity in wanted}
    return tuple(
        ProposedRow(
            one.identity,
            one.name,
            ligands[one.identity].canonical_smiles,
            one.proposer,
            one.round,
            tuple(ligands[parent].name for parent in one.parents),
        )
        for one in proposed
    )
