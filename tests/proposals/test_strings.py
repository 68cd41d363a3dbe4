"""Strings begin with the donor, and come back as the molecule they were."""

import numpy as np
import pytest
from rdkit import Chem

from reexplore.errors import InputError
from reexplore.proposals.donor_classes import DONOR_CLASSES
from reexplore.proposals.family import EnumeratedFamily
from reexplore.proposals.r_groups import r_groups
from reexplore.proposals.strings import Vocabulary, smiles_of, string_of, tokens_of


@pytest.mark.parametrize("donor_class", DONOR_CLASSES.values(), ids=lambda each: each.name)
def test_a_ligand_comes_back(donor_class):
    for number in (0, 1):
        ligand = EnumeratedFamily((donor_class,), r_groups()[:5]).member(number).ligand
        string = string_of(ligand)
        assert Chem.CanonSmiles(smiles_of(tokens_of(string))) == ligand.canonical_smiles
        donor = Chem.MolFromSmiles(smiles_of(tokens_of(string))).GetAtomWithIdx(0)
        assert donor.GetSymbol() == ligand.mol.GetAtomWithIdx(ligand.donors[0]).GetSymbol()


def test_a_vocabulary_numbers_and_reads_rows():
    strings = ["[O-1][C][C]", "[O][=P][Branch1][C][C][Branch1][C][C][C]"]
    vocabulary = Vocabulary.of(strings)
    rows = vocabulary.numbers(strings)
    assert rows.shape == (2, 11)
    assert [vocabulary.smiles(row[1:]) for row in rows] == ["[O-1]CC", "O=P(C)(C)C"]
    assert vocabulary.smiles(np.array([2])) == ""


def test_tokens_and_lengths_that_were_not_learned_are_refused():
    with pytest.raises(InputError, match=r"\[F\] is none"):
        Vocabulary(("[C]",)).numbers(["[C][F]"])
    with pytest.raises(InputError, match="100 tokens is longer"):
        Vocabulary(("[C]",)).numbers(["[C]" * 100])
