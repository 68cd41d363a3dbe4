"""The enumerated family: numbered, each ligand once, found again by its number."""

from collections import Counter
from itertools import pairwise

import pytest
from rdkit import Chem

from reexplore.chemistry.library import ELEMENTS
from reexplore.chemistry.ligand_input import plain_ligand
from reexplore.errors import InputError
from reexplore.proposals.donor_classes import DONOR_CLASSES
from reexplore.proposals.family import EnumeratedFamily
from reexplore.proposals.filters import OneDonor
from reexplore.proposals.r_groups import r_groups

SMALL = EnumeratedFamily(groups=r_groups()[:4])


def test_the_shipped_family_is_large():
    assert len(DONOR_CLASSES) >= 13
    assert len(EnumeratedFamily()) >= 100_000


def test_r_groups_are_held_by_carbon_and_of_elements_that_every_engine_knows():
    for group in r_groups():
        mol = Chem.MolFromSmiles(group.smiles)
        symbols = {atom.GetSymbol() for atom in mol.GetAtoms()} - {"*"}
        assert symbols <= set(ELEMENTS)
        (place,) = [atom for atom in mol.GetAtoms() if atom.GetAtomicNum() == 0]
        assert place.GetNeighbors()[0].GetSymbol() == "C"


def test_every_number_of_a_small_family_is_another_ligand_and_is_found_again():
    ligands = [SMALL.member(number).ligand for number in range(len(SMALL))]
    assert len({ligand.identity for ligand in ligands}) == len(SMALL)
    assert [SMALL.number_of(ligand) for ligand in ligands] == list(range(len(SMALL)))


def test_every_class_has_its_own_donor_and_charge():
    for name, donor_class in DONOR_CLASSES.items():
        family = EnumeratedFamily((donor_class,), r_groups()[:2])
        verdict = family.judged(0)
        assert isinstance(verdict, OneDonor), (name, verdict)
        assert verdict.donor_class.name == name
        assert verdict.ligand.charge == donor_class.charge == Chem.GetFormalCharge(verdict.ligand.mol)
        assert verdict.ligand.denticity == 1
        assert verdict.ligand == family.member(0).ligand


@pytest.mark.parametrize(
    ("smiles", "donor"), [("[O-]C(C)(C)C", 0), ("CCS(=O)C", 3), ("[O-][n+]1ccc(C)cc1", 0), ("CN(C)C(=O)N(C)C", 4)]
)
def test_ligands_that_chemists_write_are_in_it(smiles, donor):
    family = EnumeratedFamily()
    number = family.number_of(plain_ligand(smiles, donors=[donor]).ligand)
    assert family.member(number).ligand.canonical_smiles == Chem.CanonSmiles(smiles)


@pytest.mark.parametrize(("smiles", "donor"), [("[O-]C1CCCC1", 0), ("CCCCCCCCCCCC[O-]", 12), ("c1ccncc1", 3)])
def test_others_are_outside(smiles, donor):
    assert EnumeratedFamily().number_of(plain_ligand(smiles, donors=[donor]).ligand) is None


def test_a_draw_is_the_same_each_time_and_turns_through_the_classes():
    refused = Counter()
    first = [number for number, _ in EnumeratedFamily().draw(40, seed=3, refused=refused)]
    assert first == [number for number, _ in EnumeratedFamily().draw(40, seed=3)]
    assert len(set(first)) == 40
    names = [EnumeratedFamily().member(number).donor_class.name for number in first]
    assert all(one != other for one, other in pairwise(names))
    assert set(refused) <= {"too_large", "chelates", "unstable", "two_donors", "hard_to_make"}


def test_a_draw_ends_where_the_family_does():
    drawn = list(SMALL.draw(10_000, seed=1))
    assert 0 < len(drawn) <= len(SMALL)
    assert len({number for number, _ in drawn}) == len(drawn)


def test_a_number_beyond_is_refused_with_the_size():
    with pytest.raises(InputError, match=f"0 to {len(SMALL) - 1}"):
        SMALL.member(len(SMALL))
