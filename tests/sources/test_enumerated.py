"""The enumerated family as a source of a campaign's ligands."""

import pytest
from rdkit import Chem

from reexplore.chemistry.ligand_input import plain_ligand
from reexplore.errors import InputError
from reexplore.proposals.family import EnumeratedFamily
from reexplore.sources.known import read_source, table_of
from tests.sources.suite import SourceSuite

GOOD = {"count": 6, "classes": ["alkoxide", "phosphine oxide"]}


class TestEnumerated(SourceSuite):
    name = "enumerated"
    good = (GOOD, {"count": 3, "classes": ["sulfoxide"], "seed": 7})
    bad = (
        5,
        {"count": 3},
        {"count": 0, "classes": ["alkoxide"]},
        {"count": True, "classes": ["alkoxide"]},
        {"count": 3, "classes": []},
        {"count": 3, "classes": "alkoxide"},
        {"count": 3, "classes": ["alkoxid"]},
        {"count": 3, "classes": ["alkoxide"], "seed": -1},
        {"count": 3, "classes": ["alkoxide"], "heavy_atoms": 26},
        {"count": 3, "classes": ["alkoxide"], "sead": 1},
    )


def test_a_row_says_the_number_of_its_ligand(tmp_path):
    for row in table_of(read_source({"enumerated": GOOD}, beside=tmp_path)).rows:
        name, _, number = row.name.rpartition("-")
        assert name == row["class"].replace(" ", "-")
        ligand = EnumeratedFamily().member(int(number)).ligand
        assert plain_ligand(row["smiles"], donors=[int(row["donors"])]).ligand == ligand


def test_none_is_larger_than_what_is_asked_for(tmp_path):
    said = {"count": 20, "classes": ["alkoxide", "urea"], "heavy_atoms": 11}
    rows = table_of(read_source({"enumerated": said}, beside=tmp_path)).rows
    assert len(rows) == 20
    assert max(Chem.MolFromSmiles(row["smiles"]).GetNumHeavyAtoms() for row in rows) <= 11


def test_another_seed_draws_others(tmp_path):
    first, second = (
        {row["smiles"] for row in table_of(read_source({"enumerated": GOOD | {"seed": n}}, beside=tmp_path)).rows}
        for n in (1, 2)
    )
    assert first != second


def test_a_class_that_is_misspelt_is_named_with_the_nearest(tmp_path):
    with pytest.raises(InputError, match="did you mean 'siloxide'"):
        read_source({"enumerated": {"count": 3, "classes": ["siloxid"]}}, beside=tmp_path)


def test_a_class_that_is_too_small_is_told(tmp_path):
    source = read_source({"enumerated": {"count": 4000, "classes": ["carboxylate"]}}, beside=tmp_path)
    with pytest.raises(InputError, match=r"has \d+ ligands of these classes .* fewer than 4,000"):
        table_of(source)
