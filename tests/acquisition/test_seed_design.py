"""The first batch covers the lists of the space, whatever order they came in."""

import random

from reexplore.acquisition.seed_design import seed_design
from tests.surrogate.sample import METALS, SUBSTITUENTS, make_samples

POOL = make_samples(64, labelled=False)


def chosen(q, seed=0, pool=POOL):
    by_key = {sample.key: sample for sample in pool}
    return [by_key[key] for key in seed_design(pool, q=q, seed=seed)]


def test_two_picks_differ_in_everything_they_can():
    first, second = chosen(2)
    assert first.scaffold != second.scaffold
    assert first.substituents != second.substituents
    assert first.group.metal != second.group.metal


def test_eight_picks_cover_all_metals_substituents_and_scaffolds_evenly():
    picks = chosen(8)
    assert {s.group.metal for s in picks} == set(METALS)
    assert sorted(s.substituents[0] for s in picks) == sorted(list(SUBSTITUENTS) * 2)
    assert sum(s.scaffold == "CAM" for s in picks) == 4


def test_it_spreads_better_than_chance():
    def closest(samples):
        described = [(s.scaffold, s.group.metal, s.substituents) for s in samples]
        return min(
            sum(x != y for x, y in zip(a, b, strict=True)) for i, a in enumerate(described) for b in described[:i]
        )

    draws = random.Random(0)
    lucky = [closest(draws.sample(POOL, 4)) for _ in range(50)]
    assert closest(chosen(4)) >= max(lucky)


def test_order_does_not_matter_and_the_seed_does():
    shuffled = random.Random(1).sample(POOL, len(POOL))
    assert seed_design(POOL, q=6, seed=3) == seed_design(shuffled, q=6, seed=3)
    assert len({tuple(seed_design(POOL, q=6, seed=seed)) for seed in range(5)}) > 1


def test_a_short_pool_gives_all_it_has_once():
    assert sorted(seed_design(POOL[:3], q=10, seed=0)) == sorted(s.key for s in POOL[:3])
    assert seed_design([], q=4, seed=0) == []
