"""Labels of others: only those computed in the same way, once each, and for good from the start on."""

from contextlib import closing
from dataclasses import replace

import pytest

from reexplore.campaign.driver import open_ledger
from reexplore.campaign.ledger.borrowed import Borrowed, borrowed
from reexplore.campaign.loop import open_campaign, run_campaign
from reexplore.campaign.results.labelled_pool import campaign_pool
from reexplore.campaign.results.plan import plan_campaign, plan_record
from reexplore.campaign.results.report import footnotes, report_record
from reexplore.campaign.results.snapshot import campaign_record
from reexplore.campaign.results.status import campaign_status, status_lines
from reexplore.campaign.running.context import CampaignContext
from reexplore.campaign.running.progress import Narrator
from reexplore.campaign.steps.borrowing import borrow, to_borrow
from reexplore.chemistry.candidates import Group
from reexplore.dataset import shipped
from reexplore.dataset.files import write_pool
from reexplore.errors import ExecutionError, InputError
from reexplore.execution.executor import SerialExecutor
from reexplore.surrogate.samples import Sample
from tests.campaign.stopping import Stopping
from tests.campaign.test_loop import SMALL, decisions, small

TABULAR = {"surrogate": {"members": 2, "model": "tabular"}}


def begin(setup):
    open_campaign(setup).close()


def run(setup, *, after=10_000):
    executor = Stopping(after=after, store=setup.store, evidence=setup.folder / "evidence")
    with closing(open_campaign(setup)) as ledger:
        run_campaign(CampaignContext(setup, ledger, executor, Narrator()))


@pytest.fixture(scope="module")
def other(tmp_path_factory):
    """Return a finished campaign without any model's help, as others begin beside it."""
    setup = small(tmp_path_factory.mktemp("workspace"), **TABULAR, policy="random", name="other")
    with closing(open_campaign(setup)) as ledger:
        executor = SerialExecutor(store=setup.store, evidence=setup.folder / "evidence")
        run_campaign(CampaignContext(setup, ledger, executor, Narrator()))
    return setup


@pytest.fixture
def pools(tmp_path, monkeypatch):
    """Return the folder in which pools are taken to come with the package."""
    folder = tmp_path / "pools"
    folder.mkdir()
    monkeypatch.setattr(shipped, "FOLDER", folder)
    return folder


def beside(other, **changes):
    return small(other.workspace, **TABULAR, **changes)


def sample(key="0" * 16, target=-1.0):
    return Sample(key, None, Group("La", 1, 6, -1), "HOPO", ("H",), target, ("O[*:1]", "[H][*:1]"))


def test_a_label_of_its_own_is_not_learned_from_twice():
    first, second = sample(), sample("1" * 16)
    both = Borrowed("told", (first, second))
    assert [s.key for s in both.beside(())] == ["borrowed " + "0" * 16, "borrowed " + "1" * 16]
    assert [s.key for s in both.beside({first.key})] == ["borrowed " + second.key]


def test_what_is_frozen_is_checked_when_it_is_read():
    kept = Borrowed("told", (sample(),))
    assert Borrowed.from_text(kept.to_text()).samples[0].to_dict() == kept.samples[0].to_dict()
    with pytest.raises(ExecutionError, match="damaged"):
        Borrowed.from_text(kept.to_text().replace("-1.0", "-2.0"))


def test_a_file_without_the_key_is_what_it_was(tmp_path):
    setup = small(tmp_path)
    assert "learn_from" not in setup.resolved()
    assert to_borrow(setup) is None
    begin(setup)
    with closing(open_ledger(setup)) as ledger:
        assert borrowed(ledger) is None
        assert campaign_status(setup, ledger).learn_from == ""
    with pytest.raises(InputError, match="learn_from: 'absent' -> 'store'"):
        begin(small(tmp_path, learn_from="store"))


@pytest.mark.parametrize("source", ["shipped", "store"])
def test_where_there_is_none_a_sentence_says_so_and_it_goes_on(tmp_path, pools, source):
    setup = small(tmp_path, learn_from=source)
    found = borrow(setup)
    assert found.samples == ()
    assert f"learn_from: {source}: no label of level 'teacher'" in found.told
    begin(setup)


def test_a_word_that_is_none_of_them_is_one_sentence(tmp_path):
    with pytest.raises(InputError, match="learn_from"):
        small(tmp_path, learn_from="everything")


@pytest.mark.engine
def test_labels_of_another_campaign_are_taken_once_with_their_parts(other):
    found = borrow(beside(other, learn_from="store"))
    with closing(open_ledger(other)) as ledger:
        table = campaign_pool([(other, ledger)], positions="label").table.set_index("key")
    assert {s.key: s.target_kcal_mol for s in found.samples} == pytest.approx(
        table["binding_energy_kcal_mol"].to_dict()
    )
    for each in found.samples:
        row = table.loc[each.key]
        assert each.parts == (row["scaffold_smiles"], *row["substituent_smiles"])
        assert each.group.metal == row["metal"]
    assert "6 of the campaign other" in found.told


@pytest.mark.engine
@pytest.mark.parametrize(
    "change",
    [
        {"theory": SMALL["theory"] | {"geometry": "series"}},
        {"theory": SMALL["theory"] | {"surface": "gfn2"}},
        {"theory": SMALL["theory"] | {"reference": "acid"}},
        {"theory": {"level": "gfn2", "builders": ["placement"]}},
        {"space": SMALL["space"] | {"coordinations": [{"ligands": 2}]}},
    ],
)
def test_what_was_computed_otherwise_is_never_mixed_in(other, change):
    assert borrow(beside(other, learn_from="store", name="otherwise", **change)).samples == ()


@pytest.mark.engine
def test_a_shipped_pool_lends_the_same_labels_as_its_campaign(other, pools):
    with closing(open_ledger(other)) as ledger:
        pool = campaign_pool([(other, ledger)], positions="label")
    write_pool(pool, pools / "taught", energy_key="e", energy="binding_energy_kcal_mol")
    from_pool, from_store = (borrow(beside(other, learn_from=source)) for source in ("shipped", "store"))
    assert [s.to_dict() for s in from_pool.samples] == [s.to_dict() for s in from_store.samples]
    assert "6 of the shipped pool taught" in from_pool.told
    # Allegro sees screening geometries, and these are of labels.
    for_allegro = borrow(small(other.workspace, learn_from="shipped"))
    assert for_allegro.samples == ()
    assert "learns from screening geometries" in for_allegro.told
    # What does not say how it was computed is not taken.
    untold = replace(pool, provenance={})
    write_pool(untold, pools / "taught", energy_key="e", energy="binding_energy_kcal_mol")
    assert borrow(beside(other, learn_from="shipped")).samples == ()


@pytest.mark.engine
def test_a_killed_campaign_ends_as_an_undisturbed_one_though_the_store_has_grown(other, pools):
    with closing(open_ledger(other)) as ledger:
        pool = campaign_pool([(other, ledger)], positions="label")
        alone = ledger.rounds()[0].learned
    some = replace(pool, table=pool.table.iloc[2:6])
    write_pool(some, pools / "taught", energy_key="e", energy="binding_energy_kcal_mol")
    # Its first four labels are those of the other campaign, and in the store.
    changes = {"learn_from": "shipped", "budget": {"seed_labels": 4, "batch": 1, "labels": 5}}
    killed, undisturbed = (beside(other, **changes, name=name) for name in ("killed", "undisturbed"))
    planned = plan_campaign(killed)
    with pytest.raises(KeyboardInterrupt):
        # What the other campaign has built is in the store: the first task of its own is a member.
        run(killed, after=1)
    write_pool(pool, pools / "taught", energy_key="e", energy="binding_energy_kcal_mol")
    run(killed)
    write_pool(some, pools / "taught", energy_key="e", energy="binding_energy_kcal_mol")
    run(undisturbed)
    assert decisions(killed) == decisions(undisturbed)
    with closing(open_ledger(killed)) as ledger:
        told = borrowed(ledger).told
        assert told == planned.learn_from == plan_record(planned)["learn_from"]
        assert "learns from 4 labels beside its own" in told
        record = campaign_record(killed, ledger)
        assert told in footnotes(record)
        assert told in (killed.folder / "report" / "top_candidates.html").read_text()
        assert report_record(record)["learn_from"] == told
        assert told in status_lines(campaign_status(killed, ledger))
        # Not in the budget, and no candidates.
        assert len(ledger.labels()) == len(ledger.picks()) == 5
        first, last = ledger.rounds()
        assert first.learned.labels == 4
        assert last.learned.model.calibration.n == 5
        own, lent = set(ledger.labels()), {s.key for s in borrowed(ledger).samples}
        assert last.learned.metrics["borrowed_labels"] == len(lent - own)
        assert first.learned.model.members != alone.model.members
        assert "borrowed_labels" not in alone.metrics
