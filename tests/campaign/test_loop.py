"""The whole loop, with invented energies and real everything else."""

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest
import yaml

from reexplore.campaign.declaration.assembled import pool_of
from reexplore.campaign.declaration.setup import prepare
from reexplore.campaign.driver import drive, open_ledger
from reexplore.campaign.loop import open_campaign, run_campaign
from reexplore.campaign.results.labelled_pool import campaign_pool
from reexplore.campaign.results.snapshot import campaign_record
from reexplore.campaign.results.status import campaign_status
from reexplore.campaign.running.context import CampaignContext
from reexplore.campaign.running.progress import Narrator
from reexplore.campaign.steps.screening import recall_screening
from reexplore.errors import InputError
from reexplore.execution.executor import SerialExecutor
from reexplore.execution.kinds import KINDS
from tests.calculations import given
from tests.commands import reexplore

pytestmark = pytest.mark.mlflow
REEXPLORE = Path(sys.executable).parent / "reexplore"

SMALL = {
    "name": "small",
    "space": {
        "scaffolds": ["HOPO", "CAM"],
        "substituents": ["H", "methyl", "fluoro"],
        "metals": ["La", "Lu"],
        "coordinations": [{"ligands": 1}],
    },
    "theory": {"level": "teacher", "builders": ["sketch"]},
    "surrogate": {"members": 2},
    "budget": {"seed_labels": 4, "batch": 2, "labels": 6},
}


def small(workspace, **changes):
    file = workspace / "small.yaml"
    file.write_text(yaml.safe_dump(SMALL | changes))
    return prepare(str(file), workspace=workspace)


def decisions(setup):
    """Return everything a campaign decided and found, without times and hosts."""
    ledger = open_ledger(setup)
    rounds = [(r.number, r.kind, r.learned) for r in ledger.rounds()]
    return ledger.picks(), ledger.labels(), rounds


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """Return a small campaign that ran to its end through Parsl and MLflow."""
    setup = small(tmp_path_factory.mktemp("undisturbed"))
    drive(setup, narrator=Narrator())
    return setup


@pytest.mark.engine
def test_the_loop_ends_with_its_labels_and_everything_people_look_at(undisturbed):
    ledger = open_ledger(undisturbed)
    assert len(ledger.labels()) == 6
    assert [r.kind for r in ledger.rounds()] == ["seed", "acquisition"]
    assert ledger.unsent_rounds() == []
    report = undisturbed.folder / "report"
    page = (report / "top_candidates.html").read_text()
    assert "INVENTED" in page
    assert (report / "candidates.csv").read_text().count("\n") == 1 + 12
    assert (report / "labels.extxyz").read_text().count("binding_energy_kcal_mol=") == 6


@pytest.mark.engine
def test_ranks_hold_within_a_group_only(undisturbed):
    record = campaign_record(undisturbed, open_ledger(undisturbed))
    for group in {row.group for row in record.rows}:
        rows = [row for row in record.rows if row.group == group]
        assert [row.rank for row in rows] == list(range(1, len(rows) + 1))
        best = [row.dft_kcal_mol if row.dft_kcal_mol is not None else row.predicted_kcal_mol for row in rows]
        assert best == sorted(best)
        assert len({(row.metal, row.ligands, row.waters, row.charge) for row in rows}) == 1


@pytest.mark.engine
def test_baselines_stand_beside_the_ensemble(undisturbed):
    learned = open_ledger(undisturbed).rounds()[-1].learned
    models = {name.split("/")[1] for name in learned.metrics if name.startswith("mae_kcal_mol/")}
    assert {"ensemble", "composition", "one-hot", "mean"} <= models
    assert learned.model.calibration.n == 6
    assert learned.model.calibration.floor_kcal_mol >= 5.0


@pytest.mark.engine
def test_running_again_computes_nothing(undisturbed):
    before = campaign_status(undisturbed, open_ledger(undisturbed))
    ledger = open_campaign(undisturbed)
    nobody = SerialExecutor(store=Path("/nonexistent"), evidence=Path("/nonexistent"))
    run_campaign(CampaignContext(undisturbed, ledger, nobody, Narrator()))
    assert campaign_status(undisturbed, ledger) == before


@pytest.mark.engine
def test_a_second_campaign_reuses_the_store_though_its_tracker_is_down(undisturbed, tmp_path):
    shutil.copytree(undisturbed.workspace / "runs" / "_store", tmp_path / "runs" / "_store")
    # Nothing listens there: a tracker that is down must not stop the campaign.
    twin = small(tmp_path, name="twin", tracking={"store": "http://127.0.0.1:9"})
    ledger = open_campaign(twin)
    nobody = SerialExecutor(store=Path("/nonexistent"), evidence=Path("/nonexistent"))
    run_campaign(CampaignContext(twin, ledger, nobody, Narrator()))
    status = campaign_status(twin, ledger)
    assert status.reused == sum(sum(states.values()) for states in status.calculations.values())
    assert decisions(twin) == decisions(undisturbed)
    assert ledger.unsent_rounds() == [0, 1]


@pytest.mark.engine
def test_a_campaign_killed_twice_ends_like_an_undisturbed_one(undisturbed, tmp_path):
    setup = small(tmp_path)
    given(undisturbed.store, setup.store, lambda kind: not kind.is_chemistry)
    command = [REEXPLORE, "campaign", "run", "small.yaml"]
    for wanted in (("template", 2), ("energy", 3)):
        driver = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        _wait_for_done(setup, *wanted)
        driver.send_signal(signal.SIGKILL)
        driver.wait()
    done = _done(setup)
    subprocess.run([REEXPLORE, "campaign", "resume", "small.yaml"], cwd=tmp_path, check=True, capture_output=True)
    assert decisions(setup) == decisions(undisturbed)
    # What was finished before the last kill was not computed again.
    assert _done(setup).items() >= done.items()


@pytest.mark.engine
def test_ctrl_c_stops_everything_and_says_how_to_go_on(tmp_path):
    setup = small(tmp_path)
    # What runs in the background of a shell ignores Ctrl-C, and so would what it starts.
    command = ["env", "--default-signal=INT", REEXPLORE, "campaign", "run", "small.yaml"]
    # Its own process group, which a terminal would send the signal to.
    driver = subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    _wait_for_done(setup, "template", 1)
    os.killpg(driver.pid, signal.SIGINT)
    told = driver.communicate(timeout=60)[1]
    assert driver.returncode == 130
    assert "nothing finished is lost" in told
    assert "Traceback" not in told


def _wait_for_done(setup, kind, count):
    # Generous: the machine may have other things to do.
    for _ in range(3000):
        if setup.ledger_path.is_file():
            try:
                states = campaign_status(setup, open_ledger(setup)).calculations
            except (sqlite3.OperationalError, InputError):  # it is being made
                states = {}
            if states.get(kind, {}).get("done", 0) >= count:
                return
        time.sleep(0.1)
    raise AssertionError(f"{count} {kind} calculations never came")


def _done(setup):
    ledger = open_ledger(setup)
    keys = [c.key for c in ledger.calculations() if c.state == "done"]
    return {key: ledger.outcome(key).provenance["started_at"] for key in keys}


def test_a_folder_of_another_campaign_is_refused(tmp_path):
    setup = small(tmp_path)
    open_campaign(setup).close()
    before = setup.ledger_path.read_bytes()
    with pytest.raises(InputError, match=r"was declared otherwise \(seed: 2026 -> 7\)"):
        open_campaign(small(tmp_path, seed=7))
    assert setup.ledger_path.read_bytes() == before


@pytest.mark.engine
def test_status_as_json(undisturbed):
    told = reexplore("campaign", "status", "small.yaml", "--json", cwd=undisturbed.workspace)
    status = json.loads(told.stdout)
    assert (status["labels"], status["rounds_closed"], status["failures_by_code"]) == (6, 2, {})


def test_its_labels_are_a_pool_with_the_geometries_that_models_see(undisturbed):
    with closing(open_ledger(undisturbed)) as ledger:
        seen = campaign_pool([(undisturbed, ledger)], positions="screening")
        screening = recall_screening(undisturbed, ledger)
        pool = pool_of(undisturbed, ())
        expected = screening.structures([pool[key] for key in ledger.labels()])
        spent = sum(each.core_s for each in ledger.calculations() if KINDS[each.kind].is_chemistry)
    assert len(seen) == 6
    assert {key: structure.key for key, structure in seen.geometries.items()} == {
        key: structure.key for key, structure in expected.items()
    }
    assert seen.table["core_hours"].sum() == pytest.approx(spent / 3600)
