"""Every proposer promises the same: new ligands, none that was tried, one answer to one question."""

from collections import Counter

import numpy as np
import pytest

from reexplore.proposals.bred import Bred
from reexplore.proposals.decoded import Decoded, TrustRegion
from reexplore.proposals.donor_classes import DONOR_CLASSES
from reexplore.proposals.enumerated import ByChance, Screened
from reexplore.proposals.family import EnumeratedFamily
from reexplore.proposals.filters import judge
from reexplore.proposals.generator import Generator
from reexplore.proposals.graph_moves import changed, crossed
from reexplore.proposals.proposer import Known, Proposal, outside, sorted_out
from reexplore.proposals.r_groups import r_groups
from reexplore.proposals.settings import GeneratorSettings
from reexplore.proposals.training import train_generator
from reexplore.proposals.training_set import TrainingSet

FAMILY = EnumeratedFamily(tuple(DONOR_CLASSES[name] for name in ("alkoxide", "sulfoxide")), r_groups()[:20])
NAMES = ("random", "screened", "bred", "decoded", "trust region")


@pytest.fixture(scope="module")
def drawn():
    return [found for _, found in FAMILY.draw(150, seed=4)]


@pytest.fixture(scope="module")
def proposers(drawn, tmp_path_factory):
    folder = tmp_path_factory.mktemp("generator")
    settings = GeneratorSettings(hidden=32, latent=8, embedding=8, batch=16, epochs=6)
    given = TrainingSet.of(drawn, {}, ())
    train_generator(given, settings, seed=1, path=folder / "g.pt", checkpoint=folder)
    generator = Generator.load(folder / "g.pt")
    made = (
        ByChance(FAMILY),
        Screened(FAMILY, 60, seed=9),
        Bred(outside(FAMILY), children=40, generations=2),
        Decoded(generator, None, decodes=80),
        TrustRegion(generator, None, decodes=80),
    )
    return {each.title: each for each in made}


@pytest.fixture(scope="module")
def known(drawn):
    some = tuple(drawn[:20])
    values = np.array([float(each.ligand.mol.GetNumHeavyAtoms()) for each in some])
    return Known(some, values, frozenset(each.ligand.identity for each in some), seed=3, round=1)


@pytest.mark.parametrize("name", NAMES)
def test_what_it_proposes_is_new_and_told_the_same_again(name, proposers, known):
    found = proposers[name].propose(5, known)
    identities = [each.found.ligand.identity for each in found.proposals]
    assert len(identities) == len(set(identities)) <= 5
    assert not known.tried & set(identities)
    assert proposers[name].propose(5, known) == found
    assert all(judge(each.found.smiles).ligand == each.found.ligand for each in found.proposals)


@pytest.mark.parametrize("name", ["random", "screened"])
def test_enumerated_ones_have_their_number(name, proposers, known):
    for each in proposers[name].propose(5, known).proposals:
        assert FAMILY.member(each.number).ligand == each.found.ligand


def test_children_have_labelled_parents_and_are_outside_of_the_family(proposers, known):
    found = proposers["bred"].propose(5, known)
    labelled = {each.ligand.identity for each in known.ligands}
    assert len(found.proposals) == 5
    for each in found.proposals:
        assert each.parents
        assert set(each.parents) <= labelled
        assert FAMILY.number_of(each.found.ligand) is None
    assert sum(found.refused.values()) > 0


def test_the_screened_are_the_largest_where_labels_are_sizes(proposers, known):
    sizes = [each.found.ligand.mol.GetNumHeavyAtoms() for each in proposers["screened"].propose(5, known).proposals]
    usual = [each.found.ligand.mol.GetNumHeavyAtoms() for each in proposers["random"].propose(20, known).proposals]
    assert np.mean(sizes) > np.mean(usual)


def test_refusals_are_counted_by_reason(known):
    smiles = ("CCS(=O)CCC(F)(F)F", "CCS(=O)CCC(F)(F)F", "", "CC", known.ligands[0].smiles)
    found, refused = sorted_out([(each, ()) for each in smiles], known)
    assert [each.found.smiles for each in found] == [judge(smiles[0]).smiles]
    assert refused == Counter(duplicate=1, decodes_to_nothing=1, no_donor=1, known=1)
    assert outside(FAMILY)(found[0])
    assert not outside(FAMILY)(Proposal(known.ligands[0]))


def test_moves_keep_the_donor_and_are_read_again(drawn):
    chance = np.random.default_rng(1)
    children = [changed(each, chance) for each in drawn[:60]]
    crossings = [crossed(one, other, chance) for one, other in zip(drawn[:60], drawn[60:120], strict=True)]
    for made in (children, crossings):
        verdicts = [judge(smiles) for smiles in made if smiles]
        kept = [each for each in verdicts if hasattr(each, "ligand")]
        assert len(kept) > 20
        assert {each.donor_class.name for each in kept} <= {"alkoxide", "sulfoxide"}
