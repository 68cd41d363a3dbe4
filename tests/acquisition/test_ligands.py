"""Batches of ligands: whole, comparable, and chosen for what their metals' difference is."""

import numpy as np
import pytest

from reexplore.acquisition.ligands import Aim, choose_ligands
from reexplore.acquisition.policy import Policy
from reexplore.chemistry.candidates import Candidate
from reexplore.chemistry.library import SUBSTITUENTS, find_scaffold, find_substituent
from reexplore.chemistry.ligands import assemble
from reexplore.chemistry.metals import METALS
from reexplore.properties import read_goals
from reexplore.surrogate.calibration import Calibration
from reexplore.surrogate.forecast import Forecast
from reexplore.surrogate.samples import Traits

HYDRATION = {"La": -90.0, "Lu": -170.0}
CALIBRATION = Calibration(0, 1.0, 1.0, "declared")
GREEDY = Policy(name="p", description="", acquisition="posterior_mean", random_controls=0)
BALANCED = Policy(name="p", description="", acquisition="qLogExpectedImprovement", random_controls=0)
LU_LA = {"property": "selectivity", "metals": ["Lu", "La"]}
LU = {"property": "exchange_energy", "metal": "Lu"}

POOL = [
    Candidate(assemble(find_scaffold(scaffold), (find_substituent(name),)), METALS[metal], 1, 6)
    for scaffold in ("HOPO", "CAM")
    for name in list(SUBSTITUENTS)[:8]
    for metal in ("La", "Lu")
]
#: Ligand by ligand: how strongly both metals are held, and how much more lutetium is.
RANDOM = np.random.default_rng(3)
COMMON, MORE = RANDOM.normal(0, 20, 16), -80 + RANDOM.permutation(np.linspace(-5, 5, 16))
MEAN = np.stack([-150 + COMMON, -150 + COMMON + MORE], axis=1).ravel()
FORECAST = Forecast(tuple(c.key for c in POOL), MEAN[:, None] + RANDOM.normal(0, 0.1, (len(POOL), 4)))
BY_KEY = {candidate.key: candidate for candidate in POOL}


def chosen(*objective, labelled=(), excluded=(), pending=(), policy=GREEDY, q=4, order=None):
    forecast = FORECAST
    if order is not None:
        forecast = Forecast(tuple(FORECAST.keys[i] for i in order), FORECAST.of_members[order])
    return choose_ligands(
        forecast,
        samples=[Traits.of(BY_KEY[key]) for key in forecast.keys],
        aim=Aim(read_goals(objective), HYDRATION),
        calibration=CALIBRATION,
        labelled={POOL[i].key: float(MEAN[i]) for i in labelled},
        excluded=[POOL[i].key for i in excluded],
        pending=[POOL[i].key for i in pending],
        policy=policy,
        q=q,
        seed=0,
    ).picks


def ligands(picks):
    """Return the numbers of the ligands, in the order in which they were chosen."""
    places = [POOL.index(BY_KEY[pick.key]) for pick in picks]
    assert [place % 2 for place in places] == [0, 1] * (len(places) // 2), "a ligand comes with both metals"
    assert [pick.rank for pick in picks] == list(range(1, len(picks) + 1))
    return [place // 2 for place in places[::2]]


def test_the_ligands_with_the_best_difference_are_chosen_whole():
    # Every scaffold has a charge of its own; a selectivity ranks across them.
    assert ligands(chosen(LU_LA, q=6)) == np.argsort(MORE)[:3].tolist()
    assert ligands(chosen(LU_LA | {"direction": "higher"}, q=6)) == np.argsort(-MORE)[:3].tolist()
    assert ligands(chosen({"property": "selectivity", "metals": ["La", "Lu"]}, q=6)) == np.argsort(-MORE)[:3].tolist()


def test_a_share_of_a_ligand_is_never_chosen():
    assert len(chosen(LU_LA, q=5)) == 4
    assert len(chosen(LU_LA, q=1)) == 2


def test_what_is_labelled_pending_or_failed_is_not_chosen_again_whichever_its_metal():
    best = np.argsort(MORE)
    lanthanum = [int(2 * n) for n in best[:3]]
    # The first has both labels, the second has one and waits for the other, the third has lost one metal.
    taken = {"labelled": [lanthanum[0], lanthanum[0] + 1, lanthanum[1]], "pending": [lanthanum[1] + 1]}
    found = ligands(chosen(LU_LA, **taken, excluded=[lanthanum[2] + 1], q=8))
    assert found == best[3:7].tolist()


@pytest.mark.parametrize("objective", [[LU_LA], [LU_LA, LU]])
def test_the_order_of_the_pool_does_not_matter(objective):
    order = np.random.default_rng(9).permutation(len(POOL))
    taken = {"labelled": [0, 1, 20, 21], "policy": BALANCED, "q": 6}
    one, other = chosen(*objective, **taken), chosen(*objective, **taken, order=order)
    assert [pick.key for pick in one] == [pick.key for pick in other]


def test_an_error_that_both_metals_share_does_not_count_against_a_difference():
    # The members disagree by 30 kcal/mol about how strongly a ligand holds both metals, hardly on their difference.
    shared = np.repeat(RANDOM.normal(0, 30, (16, 4)), 2, axis=0)
    wild = Forecast(FORECAST.keys, FORECAST.of_members + shared - shared.mean(axis=1, keepdims=True))
    aim = Aim(read_goals([LU_LA]), HYDRATION)
    difference = aim.to_lower(wild.of_members)[0]
    assert difference.std(axis=1, ddof=1).max() < 0.5


def test_several_goals_are_weighed_by_the_front_of_each_charge():
    labelled = [0, 1, 16, 17]
    found = ligands(chosen(LU_LA, LU, labelled=labelled, policy=BALANCED, q=8))
    known, lowered = [n // 2 for n in labelled[::2]], {0: MORE, 1: COMMON + MORE}
    for n in found[:2]:
        mine = [k for k in range(16) if (k < 8) == (n < 8) and k not in known]
        # What is surpassed in both goals by another ligand of its charge, by more than the error, is not taken first.
        assert not any(all(lowered[g][k] < lowered[g][n] - 3 for g in (0, 1)) for k in mine)
