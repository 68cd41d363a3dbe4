"""What can be made again is made again: a resume ends alike whatever was cut, flipped, emptied or deleted."""

import shutil
from contextlib import closing
from pathlib import Path
from unittest.mock import patch

import pytest

from reexplore.campaign.driver import open_ledger
from reexplore.campaign.ledger import corrections
from reexplore.campaign.loop import open_campaign, run_campaign
from reexplore.campaign.results.shortcomings import shortcomings
from reexplore.campaign.results.snapshot import campaign_record
from reexplore.campaign.running.context import CampaignContext
from reexplore.campaign.running.progress import Narrator
from reexplore.campaign.steps.learning import newest_model
from reexplore.errors import ExecutionError, FailureCode, InputError
from reexplore.execution import guard
from reexplore.execution.child import LOG
from reexplore.execution.executor import SerialExecutor
from reexplore.execution.kinds import FORECAST_FILE, MEMBER_FILE
from reexplore.execution.store import Store
from tests.campaign import crashing
from tests.campaign.test_loop import small


def emptied(path):
    path.write_bytes(b"")


def cut(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])


def flipped(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0x10
    path.write_bytes(content)


def gone(path):
    path.unlink()


def a_folder(path):
    path.unlink()
    path.mkdir()
    (path / "inside").write_text("x")


def run(setup):
    executor = SerialExecutor(store=setup.store, evidence=setup.folder / "evidence")
    ledger = open_campaign(setup)
    run_campaign(CampaignContext(setup, ledger, executor, Narrator()))
    return ledger


def told(setup, ledger):
    rows = campaign_record(setup, ledger).rows
    return [(row.key, row.rank, row.predicted_kcal_mol, row.sigma_kcal_mol, row.dft_kcal_mol) for row in rows]


@pytest.fixture(scope="module")
def ended(tmp_path_factory):
    workspace = tmp_path_factory.mktemp("ended")
    run(small(workspace))
    return workspace


@pytest.mark.engine
@pytest.mark.parametrize("damage", [gone, emptied, cut, flipped, a_folder], ids=lambda damage: damage.__name__)
def test_models_forecasts_and_texts_are_made_again(ended, tmp_path, damage):
    shutil.copytree(ended, tmp_path, dirs_exist_ok=True)
    setup = small(tmp_path)
    ledger = open_ledger(setup)
    before, rounds = told(setup, ledger), ledger.rounds()
    model, store = newest_model(rounds), Store(setup.store)
    texts = [path for path in (setup.store / "_texts").rglob("*") if path.is_file()]
    for path in (
        store.folder(model.forecast) / FORECAST_FILE,
        store.folder(model.members[1]) / MEMBER_FILE,
        *(path for path in setup.store.rglob(FORECAST_FILE) if len(list(path.parent.iterdir())) > 1),
        *texts,
    ):
        if path.is_file():
            damage(path)
    with pytest.raises(ExecutionError, match="gone or damaged: `reexplore campaign resume`"):
        campaign_record(setup, ledger)
    ledger.close()
    # Which of a batch was labelled first depended on the clock: nothing may depend on that.
    with closing(open_campaign(setup)) as ledger:
        for key, label in reversed(ledger.labels().items()):
            ledger.enter_label(key, label, None)

    ledger = run(setup)
    assert told(setup, ledger) == before
    assert ledger.rounds() == rounds
    assert (setup.folder / "report" / "top_candidates.html").is_file()


@pytest.mark.engine
def test_without_any_damage_nothing_is_made_again(ended, tmp_path):
    shutil.copytree(ended, tmp_path, dirs_exist_ok=True)
    setup = small(tmp_path)
    nobody = SerialExecutor(store=Path("/nonexistent"), evidence=Path("/nonexistent"))
    run_campaign(CampaignContext(setup, open_campaign(setup), nobody, Narrator()))
    assert not list(setup.store.glob("_quarantine/*"))


@pytest.mark.engine
def test_a_scaffold_lost_to_crashes_is_predicted_and_chosen_after_a_retry(tmp_path):
    """All labels that its neighbour has to offer are spent by then: without a new forecast none would be left."""
    setup = small(tmp_path, budget={"seed_labels": 4, "batch": 2, "labels": 8})

    def crashing_on_cam(task, folder, *places):
        if task.kind == "template" and "CAM" in task.title:
            (folder / LOG).write_text("computing\n")
            return FailureCode.CRASHED, "ended by signal SIGKILL"
        return crashing._in_process(task, folder, *places)

    def work():
        with closing(open_campaign(setup)) as ledger:
            run_campaign(CampaignContext(setup, ledger, crashing.InProcess(setup), Narrator()))
            return told(setup, ledger), ledger.rounds(), shortcomings(setup, ledger)

    with crashing.stand_ins(), patch.object(crashing, "CRASHING", ""):
        with patch.object(guard, "_run_child", crashing_on_cam):
            rows, rounds, missing = work()
        # All of HOPO is labelled but what chemistry refuses; the space has twelve, and eight were paid for.
        assert sum(row[4] is not None for row in rows) == 5
        assert any("CAM" in line for line in missing)
        with closing(open_campaign(setup)) as ledger:
            change = corrections.retry(ledger, FailureCode.CRASHED)
            corrections.apply(ledger, change, "--class crashed")
        rows, again, missing = work()
    assert sum(row[2] is not None for row in rows) == 12
    assert sum(row[4] is not None for row in rows) == 8
    assert missing == ()
    # What was learned of labels stands; only more is forecast.
    assert again[1].model.members == rounds[1].model.members
    assert again[1].model.forecast != rounds[1].model.forecast


@pytest.mark.engine
def test_an_emptied_ledger_is_no_new_campaign(ended, tmp_path):
    shutil.copytree(ended, tmp_path, dirs_exist_ok=True)
    setup = small(tmp_path)
    for suffix in ("-wal", "-shm"):
        Path(f"{setup.ledger_path}{suffix}").unlink(missing_ok=True)
    setup.ledger_path.write_bytes(b"")
    with pytest.raises(InputError, match="has no content, though the report beside it"):
        open_campaign(setup)
    assert setup.ledger_path.read_bytes() == b""
