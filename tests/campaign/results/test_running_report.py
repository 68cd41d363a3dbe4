"""A label stands in the ledger and on the page while others are computed, and writing the page costs little."""

import sqlite3
import time
from collections import Counter
from contextlib import closing
from threading import Event, Thread

import pytest

from reexplore.campaign.declaration.assembled import pool_of
from reexplore.campaign.driver import open_ledger
from reexplore.campaign.loop import open_campaign, run_campaign
from reexplore.campaign.results import running_report
from reexplore.campaign.results.running_report import RunningReport
from reexplore.campaign.results.status import campaign_status
from reexplore.campaign.running.context import CampaignContext
from reexplore.campaign.running.progress import Narrator
from reexplore.campaign.running.stopping import Stopped, StopRequest
from reexplore.errors import InputError
from tests.campaign.test_asynchronous import Threads
from tests.campaign.test_loop import small


class HoldsOneBack(Threads):
    """Keeps the first complex that comes to its energy until it is let go."""

    def __init__(self, setup, names):
        super().__init__(setup.store, computed=Counter())
        self.names, self.held, self.go = names, "", Event()

    def _perform(self, task):
        if task.kind == "energy" and task.title in self.names and not self.held:
            self.held = task.title
            assert self.go.wait(300)
        return super()._perform(task)


class Run:
    """A campaign under way in a thread of its own."""

    def __init__(self, setup):
        self.setup, self.stop, self.ended = setup, StopRequest(), None
        self.names = {candidate.name for candidate in pool_of(setup, ()).values()}
        self.executor = HoldsOneBack(setup, self.names)
        self.thread = Thread(target=self._run)
        self.thread.start()

    def _run(self):
        with closing(open_campaign(self.setup)) as ledger, self.executor.pool:
            try:
                run_campaign(CampaignContext(self.setup, ledger, self.executor, Narrator(), self.stop))
            except Stopped as stopped:
                self.ended = stopped

    def until(self, holds):
        for _ in range(3000):
            if holds():
                return
            assert self.thread.is_alive()
            time.sleep(0.1)
        raise AssertionError("it never came")

    def labels(self):
        try:
            with closing(open_ledger(self.setup)) as ledger:
                return campaign_status(self.setup, ledger).labels
        except (sqlite3.OperationalError, InputError):  # it is being made
            return 0

    def shown(self):
        """Return the names of the labelled candidates in the table and on the page, as they stand on the disk."""
        table = self.setup.folder / "report" / "candidates.csv"
        rows = [line for line in table.read_text().splitlines() if ",labelled," in line] if table.is_file() else []
        return {name for name in self.names for row in rows if name in row.split(",")}

    def let_go(self):
        self.executor.go.set()
        self.thread.join(300)
        assert not self.thread.is_alive()


@pytest.fixture
def run(tmp_path, request):
    steering, labels = request.param
    budget = {"seed_labels": labels, "batch": 1, "labels": labels}
    under_way = Run(small(tmp_path, budget=budget, steering=steering))
    yield under_way
    under_way.let_go()


@pytest.mark.parametrize("run", [("rounds", 2), ("asynchronous", 2)], indirect=True, ids=str)
def test_a_label_is_entered_and_shown_while_another_is_computed(run):
    run.until(lambda: run.labels() == 1)
    run.until(lambda: len(run.shown()) == 1)
    assert run.executor.held
    assert run.executor.held not in run.shown()
    (name,) = run.shown()
    assert name in (run.setup.folder / "report" / "top_candidates.html").read_text()
    run.let_go()
    assert run.labels() == 2
    assert len(run.shown()) == 2


@pytest.mark.parametrize("run", [("rounds", 3)], indirect=True, ids=str)
def test_what_was_labelled_before_a_stop_is_on_the_page(run):
    run.until(lambda: run.labels() == 2)
    run.stop.ask("enough")
    # The last label comes too early for another page, and then there is nothing left to do but to learn.
    run.let_go()
    assert "enough" in str(run.ended)
    assert run.labels() == 3
    assert len(run.shown()) == 3


class Clock:
    """Time that passes while a page is written, and when it is told to."""

    def __init__(self, monkeypatch, page_s):
        self.now_s, self.page_s, self.pages = 1000.0, page_s, 0
        monkeypatch.setattr(running_report.time, "monotonic", lambda: self.now_s)
        monkeypatch.setattr(running_report, "campaign_record", lambda *_, **__: None)
        monkeypatch.setattr(running_report, "write_files", lambda *_: self.write())

    def write(self):
        self.now_s += self.page_s
        self.pages += 1


@pytest.mark.parametrize(("page_s", "apart_s"), [(0.1, 30.0), (60.0, 1200.0)])
def test_a_page_is_written_at_once_then_so_seldom_that_it_costs_little(tmp_path, monkeypatch, page_s, apart_s):
    clock = Clock(monkeypatch, page_s)
    setup = small(tmp_path)
    report = RunningReport(CampaignContext(setup, open_campaign(setup), None, Narrator()))
    report.turn([])
    assert clock.pages == 0
    report.turn(["a"])
    assert clock.pages == 1
    clock.now_s += apart_s - 1.0
    report.turn(["a"])
    assert clock.pages == 1
    # The label that came too early is shown as soon as a page may be written, without another one.
    clock.now_s += 1.5
    report.turn([])
    assert clock.pages == 2
    clock.now_s += 10 * apart_s
    report.turn([])
    assert clock.pages == 2


def test_the_mirror_follows_a_closed_round_once_and_at_the_next_turn(tmp_path, monkeypatch):
    sent = []
    Clock(monkeypatch, page_s=0.1)
    monkeypatch.setattr(running_report, "report_round", lambda _context, number: f"as of round {number}")
    monkeypatch.setattr(running_report, "send", lambda _context, record: sent.append(record))
    setup = small(tmp_path)
    report = RunningReport(CampaignContext(setup, open_campaign(setup), None, Narrator()))
    report.turn(["a"])
    report.round_closed(0)
    assert sent == []
    report.turn([])
    report.turn(["b"])
    assert sent == ["as of round 0"]
    # A campaign that is stopped before its workers had something to do.
    report.round_closed(1)
    report.bring_up_to_date()
    assert sent == ["as of round 0", "as of round 1"]
