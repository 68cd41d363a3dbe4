"""Finalists of a whole campaign: asked for later, killed on the way, tried again; nothing else changes by them."""

import json
import shutil
from contextlib import closing

import pytest

import reexplore as rx
from reexplore.campaign.driver import open_ledger
from reexplore.campaign.ledger import corrections
from reexplore.campaign.ledger.ledger import Ledger
from reexplore.campaign.loop import open_campaign, run_campaign
from reexplore.campaign.results.report import report_record
from reexplore.campaign.results.snapshot import campaign_record
from reexplore.campaign.running.context import CampaignContext
from reexplore.campaign.running.progress import Narrator
from reexplore.errors import FailureCode
from reexplore.execution.store import Store
from reexplore.tracking.exports import to_json
from tests.campaign.stopping import Stopping
from tests.campaign.test_loop import SMALL, decisions, small

pytestmark = pytest.mark.engine
CAMPAIGN = {
    "space": SMALL["space"] | {"scaffolds": ["HOPO"], "metals": ["La"]},
    "surrogate": {"members": 2, "model": "composition"},
    "budget": {"seed_labels": 3, "batch": 3, "labels": 3},
}
RELAX = {"theory": SMALL["theory"] | {"relax": "dft", "finalists": 2}}


def run(setup, *, after=10_000):
    executor = Stopping(after=after, store=setup.store, evidence=setup.folder / "evidence")
    with closing(open_campaign(setup)) as ledger:
        run_campaign(CampaignContext(setup, ledger, executor, Narrator()))


@pytest.fixture(scope="module")
def labelled(tmp_path_factory):
    """Return the workspace of a campaign that ended without finalists."""
    workspace = tmp_path_factory.mktemp("labelled") / "w"
    workspace.mkdir()
    run(small(workspace, **CAMPAIGN))
    return workspace


@pytest.fixture
def workspace(labelled, tmp_path):
    return shutil.copytree(labelled, tmp_path / "w")


def known(setup):
    with closing(open_ledger(setup)) as ledger:
        return ledger.finalists(), ledger.finalist_failures(), ledger.aqua_ions(relaxed=True)


def test_asked_for_later_and_killed_anywhere_they_end_as_if_undisturbed(workspace, tmp_path):
    before = decisions(small(workspace, **CAMPAIGN))
    other = shutil.copytree(workspace, tmp_path / "other")
    setup, disturbed = (small(folder, **CAMPAIGN, **RELAX) for folder in (workspace, other))
    run(setup)
    for after in (1, 3, 4):
        with pytest.raises(KeyboardInterrupt):
            run(disturbed, after=after)
    run(disturbed)
    assert known(setup) == known(disturbed)
    assert len(known(setup)[0]) == 2
    # What was chosen, labelled and learned is what it was.
    assert decisions(setup) == decisions(disturbed) == before
    # It has been paid for.
    with closing(open_ledger(setup)) as ledger:
        assert {c.kind for c in ledger.calculations() if c.core_s} >= {"dft_relaxation", "energy"}
        assert ledger.unsent_rounds() == []
        record = campaign_record(setup, ledger)
    told = json.loads(to_json(report_record(record)))
    assert [len(told[name]) for name in ("shortlists", "finalists")] == [1, 2]
    assert all(row["rank_before"] and row["rank_after"] for row in told["finalists"])
    table = rx.Campaign(setup.source, workspace=workspace).finalists()
    assert list(table["rank_before"]) == [1, 2]
    assert (setup.folder / "report" / "finalists.extxyz").read_text().count("gained_kcal_mol") == 2


def test_what_is_distrusted_is_relaxed_again(workspace):
    setup = small(workspace, **CAMPAIGN, **RELAX)
    run(setup)
    before = known(setup)
    with closing(Ledger(setup.ledger_path)) as ledger:
        change = corrections.invalidate(ledger, "kind=dft_relaxation")
        assert "finalists labelled again: 2" in change.sentence()
        assert (change.candidates, change.round_reopened) == ((), None)
        corrections.set_results_aside(Store(setup.store), change.keys)
        corrections.apply(ledger, change, "test")
        assert (ledger.finalists(), ledger.aqua_ions(relaxed=True)) == ({}, {})
        assert campaign_record(setup, ledger).shortlists == ()
    run(setup)
    assert known(setup) == before


def test_a_finalist_that_ran_out_of_time_is_tried_again(workspace):
    setup = small(workspace, **CAMPAIGN, **RELAX)
    run(setup)
    before = known(setup)
    with closing(Ledger(setup.ledger_path)) as ledger:
        [first, _] = ledger.finalists()
        relaxing = ledger.finalists()[first].relaxed["complex"]
        outcome = ledger.outcome(relaxing)
        timeout = corrections.Failure(FailureCode.TIMEOUT, "dft_relaxation", "it took longer than 86400 s", {})
        ledger.finish(relaxing, type(outcome)(None, timeout, outcome.provenance), reused=False)
    run(setup)
    assert known(setup)[1][first].code is FailureCode.TIMEOUT
    with closing(Ledger(setup.ledger_path)) as ledger:
        change = corrections.retry(ledger, FailureCode.TIMEOUT)
        assert (change.finalists, len(change.calculations)) == ((first,), 1)
        corrections.apply(ledger, change, "test")
    run(setup)
    assert known(setup) == before
