"""A campaign on a real Slurm: in one allocation, then on blocks that are killed in every way, and its end."""

import json
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


#: The shipped site's shape for GPU nodes, on nodes whose scheduler knows of no GPU.
_SHARED = """
from parsl.launchers import SrunLauncher
from parsl.providers import SlurmProvider
from reexplore.execution.sites import ON_DEMAND, WHOLE_NODES, card_pool, core_pool_beside, site_config


def make_config(run_dir):
    nodes = SlurmProvider(
        partition="debug", walltime="00:05:00", max_blocks=1, launcher=SrunLauncher(overrides=WHOLE_NODES), **ON_DEMAND
    )
    gpu = card_pool(nodes, 1, cpu_affinity="none")
    return site_config(run_dir, gpu, core_pool_beside(gpu, workers_per_node=1, memory_gb_per_worker=1))
"""


def test_workers_on_cores_and_on_cards_come_in_one_job(slurm, tmp_path):
    (tmp_path / "site.py").write_text(_SHARED)
    before = slurm.jobs()
    command = [PROGRAMS / "reexplore", "doctor", "--parsl", "site.py", "--json"]
    told = subprocess.run(
        command, cwd=tmp_path, env=slurm.environment, capture_output=True, text=True, check=False, timeout=3 * LONG_S
    )
    gpu, cheap = json.loads(told.stdout)
    assert (gpu["executor"], cheap["executor"], gpu["host"]) == ("gpu", "cheap", cheap["host"])
    # Where there is no card, that is told of the workers that are to have one.
    assert ("nvidia-smi lists none" in (gpu["fault"] or "")) == (not gpu["gpus"])
    assert cheap["fault"] is None
    assert len(set(slurm.jobs()) - set(before)) == 1
    assert not slurm.jobs("R", "PD")
