"""Ligands of the library are taken apart into what they were made of; what does not fit is not forced."""

import random

import pytest

from reexplore.chemistry.library import SCAFFOLDS, SUBSTITUENTS, Substituent
from reexplore.chemistry.ligand_input import plain_ligand
from reexplore.chemistry.ligands import assemble
from reexplore.chemistry.taking_apart import take_apart

SITED = [scaffold for scaffold in SCAFFOLDS.values() if scaffold.sites]
KNOWN = tuple(SUBSTITUENTS.values())


@pytest.mark.parametrize("scaffold", SITED, ids=[scaffold.name for scaffold in SITED])
def test_what_was_put_together_is_found_again(scaffold):
    chance = random.Random(scaffold.name)
    for _ in range(4):
        chosen = tuple(chance.choices(KNOWN, k=scaffold.sites))
        ligand = assemble(scaffold, chosen)
        # Read again from what a person would type, with none of our names.
        typed = plain_ligand(ligand.as_scaffold).ligand
        ways = take_apart(typed, [scaffold], KNOWN)
        assert not ways[0].unknown
        assert assemble(scaffold, ways[0].substituents).identity == ligand.identity
        # As it was made, or a filling that alike sites make the same.
        assert chosen in [way.substituents for way in ways]


def test_a_substituent_of_no_library_is_told_by_its_smiles():
    made = assemble(SCAFFOLDS["HOPO"], (Substituent("tert-butyl", "CC(C)(C)[*:1]", ""),))
    (way,) = take_apart(plain_ligand(made.as_scaffold).ligand, [SCAFFOLDS["HOPO"]], KNOWN)
    assert way.unknown == ("CC(C)(C)[*:1]",)
    assert way.parts == (SCAFFOLDS["HOPO"].smiles, "CC(C)(C)[*:1]")


@pytest.mark.parametrize(
    "smiles",
    [
        "CC(=[O:11])[O-:12]",  # another scaffold
        "[O-:11]n1c(=[O:12])ccc2ccccc12",  # a ring over two sites
    ],
)
def test_what_does_not_fit_is_not_forced(smiles):
    assert take_apart(plain_ligand(smiles).ligand, [SCAFFOLDS["HOPO"]], KNOWN) == []


def test_other_donors_make_another_ligand():
    ligand = assemble(SCAFFOLDS["HOPO"], (SUBSTITUENTS["methyl"],))
    fewer = plain_ligand(ligand.smiles, donors=ligand.donors[:1]).ligand
    assert take_apart(ligand, [SCAFFOLDS["HOPO"]], KNOWN)
    assert take_apart(fewer, [SCAFFOLDS["HOPO"]], KNOWN) == []
