"""A proposer as a campaign asks it: by its name, with the labels that the campaign has."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from rdkit import Chem

from reexplore.errors import InputError
from reexplore.proposals.bred import Bred
from reexplore.proposals.donor_classes import DONOR_CLASSES
from reexplore.proposals.enumerated import ByChance, Screened, family_of
from reexplore.proposals.filters import OneDonor, judge
from reexplore.proposals.proposer import Known, Proposal, Proposer

#: Proposers that ask a trained generator.
ASK_A_GENERATOR = ("decoded", "trust_region")
#: The fewest labelled ligands that anything is proposed from.
FEWEST = 5
#: Members of the family that are screened each round: ten seconds' worth.
_SCREENED = 2000


def known_ligands(
    labelled: Mapping[str, float], *, tried: frozenset[str], seed: int, number: int
) -> tuple[Known, list[str]]:
    """Return what labels say of ligands, given by identity; and the identities that are no ligands of one donor.

    A value is the better the higher it is. `number` is that of the round.
    """
    found: dict[str, OneDonor] = {}
    for identity in labelled:
        mol = Chem.MolFromSmiles(identity)
        for atom in mol.GetAtoms():
            atom.SetAtomMapNum(0)
        verdict = judge(Chem.MolToSmiles(mol))
        if isinstance(verdict, OneDonor) and verdict.ligand.identity == identity:
            found[identity] = verdict
    values = np.array([labelled[identity] for identity in found])
    strangers = sorted(set(labelled) - set(found))
    return Known(tuple(found.values()), values, tried, seed, number), strangers


def proposer_of(
    name: str, classes: tuple[str, ...], heavy_atoms: int, *, seed: int, generator: Path | None = None
) -> Proposer:
    """Return the proposer of a name for ligands of these classes of donors and at most so many heavy atoms.

    `generator` is the file of a trained one, for those that ask it.
    """
    charges = tuple(sorted({DONOR_CLASSES[each].charge for each in classes}))

    def wanted(proposal: Proposal) -> bool:
        found = proposal.found
        return found.donor_class.name in classes and found.ligand.mol.GetNumHeavyAtoms() <= heavy_atoms

    if name == "bred":
        return Bred(wanted, charges)
    if name == "random":
        return ByChance(family_of(classes), heavy_atoms)
    if name == "screened":
        return Screened(family_of(classes), _SCREENED, seed, heavy_atoms)
    if name not in ASK_A_GENERATOR or generator is None:
        raise InputError(f"there is no proposer '{name}'")
    # They load torch.
    from reexplore.proposals.decoded import Decoded, TrustRegion
    from reexplore.proposals.generator import Generator

    kind = Decoded if name == "decoded" else TrustRegion
    return kind(Generator.load(generator), wanted, charges)
