"""Whom a person means, and what is near to what nobody is called."""

from dataclasses import replace

import pytest

from reexplore.campaign.declaration.assembled import pool_of
from reexplore.campaign.results.meant import candidates_meant, family_meant
from reexplore.campaign.running.decided import members
from reexplore.errors import InputError
from reexplore.tracking.records import CandidateRow
from tests.campaign.test_loop import small
from tests.tracking.sample import campaign


@pytest.fixture(scope="module")
def pool(tmp_path_factory):
    return pool_of(small(tmp_path_factory.mktemp("meant")), ())


@pytest.fixture(scope="module")
def record(pool):
    ranks = {}
    rows = []
    for key, candidate in pool.items():
        group = candidate.group.name
        ranks[group] = ranks.get(group, 0) + 1
        told = {"key": key, "name": candidate.name, "group": group, "rank": ranks[group], "status": "predicted"}
        ligand = {"ligand": candidate.ligand.name, "smiles": "O", "metal": candidate.metal.symbol}
        rows.append(CandidateRow(**told, **ligand, ligands=1, waters=6, charge=candidate.charge))
    return replace(campaign(), rows=tuple(rows))


def test_by_key_its_beginning_name_and_rank(pool, record):
    key = list(pool)[4]
    name, group = pool[key].name, pool[key].group.name
    row = next(row for row in record.rows if row.key == key)
    shown = name.replace("2", "₂").replace("6", "₆")
    rank = str(row.rank)
    for said in (key, key[:8], name, shown, f" {name}\n", rank, f"#{rank}"):
        assert candidates_meant(pool, record, [said, name], group=group) == [key]
    part = group.removesuffix("charge " + group.split()[-1]).lower()
    if sum(part in other.lower() for other in {r.group for r in record.rows}) == 1:
        assert candidates_meant(pool, record, [rank], group=part) == [key]


def test_a_minus_as_the_page_sets_it_names_the_same_group(pool, record):
    group = record.rows[0].group
    assert candidates_meant(pool, record, ["1"], group=group.replace("-", "−")) == [record.rows[0].key]


@pytest.mark.parametrize(
    ("said", "group", "told"),
    [
        ("La(CAM-methy)(H2O)6", None, r"did you mean La\(CAM-methyl\)\(H2O\)6"),
        ("1", None, "rank 1 of which group"),
        ("99", "La (1 L, 6 H2O), L charge -2", "no rank 99 is shown in group"),
        ("1", "La", "more than one group"),
        ("1", "Xe", "no group"),
        ("ffffffffffffffff", None, "no candidate 'ffffffffffffffff'"),
        ("\x1b[31m", None, "no candidate '�"),
    ],
)
def test_what_nobody_answers_to_is_a_sentence(pool, record, said, group, told):
    with pytest.raises(InputError, match=told):
        candidates_meant(pool, record, [said], group=group)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("scaffold=CAM", 6),
        ("scaffold=CAM,substituent=methyl", 2),
        ("scaffold=CAM, substituent=*", 6),
        ("metal=L?", 12),
        ("ligand=HOPO-*,metal=Lu", 3),
        ("group=Lu (1 L, 6 H2O), L charge -2", 3),
        ("group=Lu (1 L, 6 H2O), L charge -2,substituent=H", 1),
    ],
)
def test_a_family(pool, text, count):
    found = list(members(pool, family_meant(pool, text)))
    assert len(found) == len(set(found)) == count


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("scaffold=CAN", "nobody has scaffold=CAN; there are CAM"),
        ("scaffold=CAM,substituent=metyl", "nobody has substituent=metyl; there are methyl"),
        ("scafold=CAM", "did you mean scaffold"),
        ("CAM", "give NAME=VALUE"),
        ("scaffold=CAM,scaffold=HOPO", "each name once"),
        ("scaffold=CAM,ligand=HOPO-H", "not together"),
        ("", "give NAME=VALUE"),
    ],
)
def test_a_family_that_nobody_belongs_to(pool, text, told):
    with pytest.raises(InputError, match=told):
        family_meant(pool, text)
