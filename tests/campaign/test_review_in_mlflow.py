"""A tag that a person sets on a candidate's run changes the next batch, also after a server that died meanwhile."""

import socket
from collections import Counter

import pytest

from reexplore.campaign.declaration.assembled import pool_of
from reexplore.campaign.driver import open_ledger
from reexplore.campaign.loop import open_campaign, run_campaign
from reexplore.campaign.results.replay import replay
from reexplore.campaign.running.context import CampaignContext
from reexplore.campaign.running.progress import Narrator
from reexplore.tracking.mlflow import Tracker
from reexplore.tracking.ui import running_server
from tests.campaign.test_asynchronous import Threads
from tests.campaign.test_loop import small

pytestmark = [pytest.mark.engine, pytest.mark.mlflow]


class Told(Narrator):
    """Keeps what it is told."""

    def __init__(self):
        super().__init__()
        self.lines = []

    def say(self, text):
        self.lines.append(text)


def run(tmp_path, labels, server):
    """Run a campaign of this many labels; return its setup and what was told."""
    made = {"budget": {"seed_labels": 4, "batch": 2, "labels": labels}, "tracking": {"store": server}}
    setup, told = small(tmp_path, **made), Told()
    executor, ledger = Threads(setup.store, computed=Counter()), open_campaign(setup)
    with executor.pool:
        run_campaign(CampaignContext(setup, ledger, executor, told))
    ledger.close()
    return setup, "\n".join(told.lines)


def tag(server, setup, key, **tags):
    client = Tracker(server)._client()
    experiment = client.get_experiment_by_name("reexplore").experiment_id
    (run,) = client.search_runs([experiment], f"tags.`reexplore.candidate` = '{key}'")
    for name, value in tags.items():
        client.set_tag(run.info.run_id, name, value)


def tags(server, key):
    client = Tracker(server)._client()
    experiment = client.get_experiment_by_name("reexplore").experiment_id
    (run,) = client.search_runs([experiment], f"tags.`reexplore.candidate` = '{key}'")
    return run.data.tags


def last_batch(setup):
    with_number = open_ledger(setup).picks()
    return [pick.candidate for pick in with_number if pick.round == with_number[-1].round]


def test_tags_are_heard_when_the_server_is_there_and_nothing_waits_for_it(tmp_path):
    store = tmp_path / "mlflow"
    Tracker(store)._experiment(Tracker(store)._client())
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = f"http://127.0.0.1:{port}"
    with running_server(store, host="127.0.0.1", port=port):
        setup, _ = run(tmp_path, 4, server)
        rest = [key for key in pool_of(setup, ()) if key not in last_batch(setup)]
        wanted, unwanted, misspelled, later = rest[:4]
        tag(server, setup, wanted, review="Promoted", review_comment="I can make it")
        tag(server, setup, unwanted, review="reject")
        tag(server, setup, misspelled, review="prommote")
        setup, told = run(tmp_path, 6, server)
        assert last_batch(setup)[0] == wanted
        assert unwanted not in last_batch(setup)
        assert "promoted by somebody in MLflow" in told
        assert "'prommote' is none of promote, reject, hold, clear; did you mean promote?" in told
        # What was entered stands in the mirror, and is not heard as something new.
        assert tags(server, wanted)["review"] == "promote"
        tag(server, setup, later, review="promote")
    # It died between two rounds: the campaign goes on by what the ledger has.
    setup, told = run(tmp_path, 8, server)
    assert "MLflow was not reached" in told
    assert unwanted not in last_batch(setup)
    assert len(open_ledger(setup).decisions()) == 2
    chosen = set(last_batch(setup))
    with running_server(store, host="127.0.0.1", port=port):
        setup, told = run(tmp_path, 10, server)
    assert len(open_ledger(setup).decisions()) == 3
    assert later in chosen or last_batch(setup)[0] == later
    assert unwanted not in {pick.candidate for pick in open_ledger(setup).picks()}
    assert all(each.agrees for each in replay(setup, open_ledger(setup)))
