"""Real Parsl workers on this machine, and the site files as tested functions."""

import os
import signal
import time

import pytest

from reexplore.errors import ExecutionError, InputError
from reexplore.execution.parsl import ParslExecutor, load_site, worker_count
from reexplore.execution.task import Task
from reexplore.shipped import resolve
from tests.execution.test_guard import TEACHER

LOCAL = resolve("parsl_configs", "local")


@pytest.mark.engine
def test_tasks_run_on_workers_and_a_dead_interchange_is_noticed(tmp_path):
    config = load_site(LOCAL, run_dir=tmp_path / "parsl", options={"workers": 2})
    with ParslExecutor(config, store=tmp_path / "store", evidence=tmp_path / "evidence") as executor:
        charged = TEACHER.inputs["extxyz"].replace("charge=0", "charge=1")
        tasks = [TEACHER, Task("energy", TEACHER.inputs | {"extxyz": charged}, "H2O+")]
        energies = [future.result(timeout=120).value["total_hartree"] for future in map(executor.submit, tasks)]
        assert len(set(energies)) == 2
        executor.check()
        os.kill(config.executors[0].interchange_proc.pid, signal.SIGKILL)
        time.sleep(1)
        with pytest.raises(ExecutionError, match="interchange of executor 'local' has died"):
            executor.check()


def test_the_local_site(tmp_path):
    assert worker_count(load_site(LOCAL, run_dir=tmp_path, options={"workers": 3})) == 3


def test_the_slurm_site_drains_before_the_walltime(tmp_path):
    options = {"partition": "p", "walltime": "02:00:00", "drain_minutes": 20, "max_blocks": 3, "workers_per_node": 8}
    config = load_site(resolve("parsl_configs", "slurm"), run_dir=tmp_path, options=options)
    assert worker_count(config) == 24
    assert config.executors[0].drain_period == 100 * 60
    assert config.executors[0].provider.partition == "p"


def test_a_lost_interchange_dies_with_the_driver(tmp_path):
    command = load_site(LOCAL, run_dir=tmp_path, options={}).executors[0].interchange_launch_cmd
    assert command[0].endswith("setsid")
    assert command[2:4] == ["--pdeathsig", "TERM"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x = 1", "defines `make_config"),
        ("import nowhere_at_all", "cannot be imported"),
        ("def make_config(", "cannot be imported"),
        ("undefined_name", "cannot be imported: NameError"),
        ("def make_config(run_dir): return run_dir.walltime", "cannot make a configuration.*AttributeError"),
    ],
)
def test_a_faulty_site_file_is_refused(tmp_path, text, message):
    (tmp_path / "site.py").write_text(text)
    with pytest.raises(InputError, match=message):
        load_site(tmp_path / "site.py", run_dir=tmp_path, options={})


@pytest.mark.parametrize("workers", [0, -1])
def test_a_configuration_without_workers_is_refused(tmp_path, workers):
    with pytest.raises(InputError, match=r"without workers|cannot make a configuration"):
        load_site(LOCAL, run_dir=tmp_path, options={"workers": workers})
