"""A pool holds numbers and hands out candidates."""

import pytest

from reexplore.campaign.declaration.pool import Pool
from reexplore.chemistry.families import families
from reexplore.chemistry.library import find_scaffold, find_substituent
from reexplore.chemistry.metals import find_metal
from reexplore.chemistry.space import Coordination, Space

SPACE = Space(
    scaffolds=(find_scaffold("HOPO"), find_scaffold("CAM")),
    substituents=tuple(find_substituent(name) for name in ("H", "methyl", "fluoro")),
    metals=(find_metal("Lu"), find_metal("La"), find_metal("Eu")),
    coordinations=(Coordination(1, 8), Coordination(2, 8)),
)
POOL = Pool(families(SPACE))


def test_every_candidate_is_found_under_its_key():
    expected = {candidate.key: candidate for candidate in SPACE.candidates()}
    assert len(POOL) == len(expected) == SPACE.size
    assert dict(POOL) == expected
    for key, candidate in expected.items():
        number, ligand = POOL.place(key)
        assert candidate in POOL.families[number].candidates_of(ligand)


def test_positions_follow_the_order_of_the_pool():
    keys = list(POOL)
    assert [candidate.key for candidate in POOL.candidates()] == keys
    assert POOL.rows(keys[::-1]).tolist() == list(range(len(keys)))[::-1]
    assert [POOL.at(row).key for row in (0, 7, len(keys) - 1)] == [keys[0], keys[7], keys[-1]]
    assert POOL.rows([]).size == 0
    with pytest.raises(KeyError):
        POOL.rows([keys[0], "0" * 16])


@pytest.mark.parametrize("stranger", ["0" * 16, "f" * 16, "", "nobody", "f" * 17])
def test_a_stranger_is_a_key_error(stranger):
    assert stranger not in POOL
    with pytest.raises(KeyError):
        POOL[stranger]
