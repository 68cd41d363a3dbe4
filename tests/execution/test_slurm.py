"""A campaign on a real Slurm: in one allocation, then on blocks that are killed in every way, and its end."""

import shutil
import subprocess
from pathlib import Path

import pytest

from reexplore.campaign.declaration.setup import prepare
from reexplore.campaign.loop import open_campaign, run_campaign
from reexplore.campaign.running.context import CampaignContext
from reexplore.campaign.running.progress import Narrator
from reexplore.execution.executor import SerialExecutor
from tests.execution.killing import PROGRAMS, end_state, kill_on_slurm
from tests.execution.slurm import LONG_S, cluster, missing

pytestmark = [pytest.mark.engine, pytest.mark.skipif(missing() is not None, reason=str(missing()))]


@pytest.fixture(scope="module")
def slurm(tmp_path_factory):
    with cluster(tmp_path_factory.mktemp("slurm")) as running:
        yield running


def test_a_campaign_in_one_allocation_and_on_blocks_that_are_killed_loses_nothing(slurm, tmp_path):
    campaign = kill_on_slurm(slurm, tmp_path)
    figures = campaign.figures()
    assert (figures["kills"], figures["lost"]) == (4, 0)
    assert figures["repeated_max_per_kill"] <= figures["running_max_per_kill"] == 1
    assert figures["repeated"] <= 4
    assert set(campaign.started()) == set(campaign.finished())
    assert not slurm.jobs("R", "PD")
    assert campaign.end_state() == _end_state_of_an_undisturbed_twin(tmp_path)


def _end_state_of_an_undisturbed_twin(folder):
    """Run the same campaign in one go on the same results: only what it decides may differ."""
    twin = folder / "twin"
    shutil.copytree(folder / "runs" / "_store", twin / "runs" / "_store")
    for name in ("mini.yaml", "site.py"):
        shutil.copy(folder / name, twin)
    setup = prepare(str(twin / "mini.yaml"), workspace=twin)
    nobody = SerialExecutor(store=Path("/nonexistent"), evidence=Path("/nonexistent"))
    run_campaign(CampaignContext(setup, open_campaign(setup), nobody, Narrator()))
    return end_state(twin)


def test_the_doctor_tells_what_slurm_refuses_in_its_own_words(slurm, tmp_path):
    command = [PROGRAMS / "reexplore", "doctor", "--parsl", "slurm", "--option", "partition=nowhere"]
    told = subprocess.run(
        command, cwd=tmp_path, env=slurm.environment, capture_output=True, text=True, check=False, timeout=LONG_S
    )
    assert told.returncode == 5
    assert "3 blocks of executor 'expensive' failed" in told.stderr
    assert "invalid partition specified: nowhere" in told.stderr
    assert "Traceback" not in told.stderr
    assert not slurm.jobs("R", "PD")
