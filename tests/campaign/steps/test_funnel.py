"""Everything is looked at without a geometry, some are grafted, and what was thrown away is counted."""

import json
from collections import Counter

import pytest

from reexplore.campaign.driver import open_ledger
from reexplore.campaign.results.replay import replay
from reexplore.campaign.steps.funnel import told
from reexplore.chemistry.families import Family
from reexplore.chemistry.library import SUBSTITUENTS
from reexplore.errors import InputError
from reexplore.execution.store import Store
from tests.campaign.test_asynchronous import Killed, run
from tests.campaign.test_loop import SMALL, decisions, small

SPACE = SMALL["space"] | {"substituents": list(SUBSTITUENTS)[:6]}
GRAFTED = 10


def campaign(folder, **changes):
    entry = {"members": 2, "model": "stack", "graft": GRAFTED}
    budget = {"seed_labels": 4, "batch": 1, "labels": 6}
    made = {"space": SPACE, "surrogate": entry, "budget": budget, "tracking": {"store": "http://127.0.0.1:9"}}
    return small(folder, **(made | changes))


def keys_of(setup, digests):
    store = Store(setup.store)
    return [c.key for digest in digests for c in Family.from_text(store.get_text(digest)).candidates()]


@pytest.mark.parametrize("steering", ["rounds", "asynchronous"])
def test_some_are_let_through_and_chosen_among(tmp_path, steering):
    setup = campaign(tmp_path, steering=steering)
    computed = run(setup)
    ledger = open_ledger(setup)
    assert len(ledger.labels()) == 6
    assert setup.space.size == 24
    kinds = Counter(calculation.kind for calculation in ledger.calculations())
    # Nobody was looked at before the first model.
    assert kinds["screen"] == 0
    assert set(computed.values()) == {1}
    picked = {pick.candidate for pick in ledger.picks() if pick.round == 0}
    for number, round_ in enumerate(ledger.rounds()):
        model = round_.model
        through, lot = keys_of(setup, model.families), keys_of(setup, model.funnel.by_lot)
        assert len(through) == len(set(through)) < 24
        assert picked <= set(through)
        chosen = [pick for pick in ledger.picks() if pick.round == number + 1]
        assert {pick.candidate for pick in chosen} <= set(through)
        assert {pick.candidate for pick in chosen if pick.role == "control"} <= set(lot)
        assert set(keys_of(setup, model.funnel.only_by_lot)) <= set(lot)
        picked |= {pick.candidate for pick in chosen}
    learned = ledger.rounds()[-1].learned
    assert "mae_kcal_mol/without geometry" in learned.metrics
    assert learned.metrics["funnel/labels"] >= learned.metrics["funnel/winners"]
    assert told(learned.metrics).startswith("without a geometry")
    assert all(each.agrees for each in replay(setup, ledger))


def test_it_ends_alike_after_kills(tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir(), second.mkdir()
    undisturbed, killed = campaign(first), campaign(second)
    run(undisturbed)
    computed = Counter()
    for kill_at in (20, None):
        try:
            run(killed, kill_at=kill_at, computed=computed)
        except Killed:
            continue
    assert decisions(killed) == decisions(undisturbed)


def test_what_does_not_go_together_is_refused(tmp_path):
    with pytest.raises(InputError, match="graft goes with stack"):
        campaign(tmp_path, surrogate={"model": "tabular", "graft": 100})
    with pytest.raises(InputError, match="graft 10 at least"):
        campaign(tmp_path, surrogate={"model": "stack", "graft": 5})


def test_without_a_funnel_declarations_and_rounds_are_as_they_were(tmp_path):
    setup = campaign(tmp_path, surrogate={"members": 2})
    assert "graft" not in setup.resolved()["surrogate"]
    run(setup)
    assert all("funnel" not in json.dumps(r.learned.to_dict()) for r in open_ledger(setup).rounds())
