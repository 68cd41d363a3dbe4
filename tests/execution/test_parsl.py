"""Real Parsl workers on this machine, and what becomes of tasks when they are lost."""

import os
import signal
import sys
import time

import pytest
from parsl.executors.high_throughput.zmq_pipes import CommandClient
from parsl.jobs.states import JobState

from reexplore.errors import ExecutionError, FailureCode
from reexplore.execution.escalation import poisonous
from reexplore.execution.parsl import ParslExecutor
from reexplore.execution.sites import load_site
from reexplore.execution.task import Task
from reexplore.shipped import resolve
from tests.execution.processes import processes
from tests.execution.test_guard import TEACHER

LOCAL = resolve("parsl_configs", "local")
#: Long enough for a slow machine; nothing waits for its end.
LONG_S = 120


def workers(config, folder):
    return ParslExecutor(config, store=folder / "store", evidence=folder / "evidence")


@pytest.mark.engine
def test_tasks_run_on_workers_and_a_dead_interchange_is_noticed(tmp_path):
    config = load_site(LOCAL, run_dir=tmp_path / "parsl", options={"workers": 2})
    with workers(config, tmp_path) as executor:
        charged = TEACHER.inputs["extxyz"].replace("charge=0", "charge=1")
        tasks = [TEACHER, Task("energy", TEACHER.inputs | {"extxyz": charged}, "H2O+")]
        energies = [future.result(timeout=LONG_S).value["total_hartree"] for future in map(executor.submit, tasks)]
        assert len(set(energies)) == 2
        executor.check()
        os.kill(config.executors[0].interchange_proc.pid, signal.SIGKILL)
        config.executors[0].interchange_proc.wait(timeout=LONG_S)
        with pytest.raises(ExecutionError, match="interchange of executor 'local' has died"):
            executor.check()


@pytest.mark.engine
def test_a_task_that_a_dead_interchange_does_not_accept_keeps_nobody_waiting(tmp_path, monkeypatch):
    """Parsl offers it in a thread that Python waits for at its end: the driver would never end."""
    monkeypatch.setattr("reexplore.execution.parsl._ACCEPTED_S", 1)
    config = load_site(LOCAL, run_dir=tmp_path / "parsl", options={"workers": 1})
    with workers(config, tmp_path) as executor:
        executor.submit(TEACHER).result(timeout=LONG_S)
        (htex,) = config.executors
        htex.interchange_proc.kill()
        htex.interchange_proc.wait(timeout=LONG_S)
        with pytest.raises(ExecutionError, match="interchange of executor 'local' has died"):
            executor.submit(TEACHER).result(timeout=LONG_S)


@pytest.mark.engine
def test_an_interchange_that_dies_at_its_start_is_no_fault_of_the_program(tmp_path, monkeypatch):
    config = load_site(LOCAL, run_dir=tmp_path / "parsl", options={"workers": 1})
    config.executors[0].interchange_launch_cmd = [sys.executable, "-c", "import sys; sys.stdin.buffer.read()"]
    ask = CommandClient.run
    # Parsl waits for two minutes.
    monkeypatch.setattr(CommandClient, "run", lambda client, message, **_options: ask(client, message, timeout_s=3))
    with pytest.raises(ExecutionError, match="interchange died at its start"), workers(config, tmp_path):
        pass


@pytest.mark.engine
def test_an_answer_that_somebody_else_waits_for_in_vain_is_not_waited_for(tmp_path, monkeypatch):
    """A thread of Parsl's holds the line to the interchange for ever when that dies before it has answered."""
    monkeypatch.setattr("reexplore.execution.blocks._ANSWER_S", 1.0)
    config = load_site(LOCAL, run_dir=tmp_path / "parsl", options={"workers": 1})
    with workers(config, tmp_path) as executor:
        executor.submit(TEACHER).result(timeout=LONG_S)
        (htex,), (watch,) = config.executors, executor._watches.values()
        assert watch._managers()
        # A block that Parsl still holds for queued is alive without being asked; it looks every few seconds.
        until = time.monotonic() + LONG_S
        while {block.state for block in htex.status_facade.values()} != {JobState.RUNNING}:
            assert time.monotonic() < until, htex.status_facade
            time.sleep(0.2)
        with htex.command_client._lock:
            began = time.monotonic()
            assert not watch._alive()
            assert time.monotonic() - began < LONG_S
            htex.interchange_proc.wait(timeout=LONG_S)
            with pytest.raises(ExecutionError, match="interchange of executor 'local' has died"):
                executor.check()


@pytest.mark.engine
def test_an_interchange_that_dies_while_parsl_cleans_up_is_not_waited_for(tmp_path, monkeypatch):
    monkeypatch.setattr("reexplore.execution.parsl._AFTER_INTERCHANGE_S", 5)
    config = load_site(LOCAL, run_dir=tmp_path / "parsl", options={"workers": 1})
    with workers(config, tmp_path) as executor:
        executor.submit(TEACHER).result(timeout=LONG_S)
        (htex,) = config.executors
        cleanup = executor._kernel.cleanup

        def struck():
            htex.interchange_proc.kill()
            htex.interchange_proc.wait()
            cleanup()

        monkeypatch.setattr(executor._kernel, "cleanup", struck)
        began = time.monotonic()
    assert time.monotonic() - began < LONG_S
    until = time.monotonic() + LONG_S
    while left := [p.pid for p in processes() if str(tmp_path) in " ".join(p.info["cmdline"] or ())]:
        assert time.monotonic() < until, left
        time.sleep(1)


@pytest.mark.engine
def test_a_calculation_that_loses_its_worker_twice_is_crashed_and_the_others_go_on(tmp_path):
    config = load_site(LOCAL, run_dir=tmp_path / "parsl", options={"workers": 1})
    with workers(config, tmp_path) as executor:
        future = executor.submit(TEACHER)
        for _ in range(2):
            _kill_the_worker_of(TEACHER)
        failure = future.result(timeout=LONG_S).failure
        assert (failure.code, failure.message) == (FailureCode.CRASHED, "it took its worker down twice")
        assert poisonous([failure])
        assert executor.submit(TEACHER).result(timeout=LONG_S).value["total_hartree"] < 0


def _kill_the_worker_of(task):
    deadline = time.monotonic() + LONG_S
    while time.monotonic() < deadline:
        for process in processes():
            if any(task.key in argument for argument in process.info["cmdline"] or ()):
                worker = process.parent()
                worker.kill()
                worker.wait(timeout=LONG_S)
                return
        time.sleep(0.02)
    raise AssertionError("the task never started")


@pytest.mark.engine
def test_a_bad_worker_init_ends_it_with_the_jobs_own_words(tmp_path):
    site = tmp_path / "site.py"
    site.write_text(
        "from parsl.providers import LocalProvider\n"
        "from reexplore.execution.sites import pool, site_config\n"
        "def make_config(run_dir):\n"
        "    broken = LocalProvider(worker_init='echo no module named anaconda >&2; exit 1')\n"
        "    return site_config(run_dir, pool('local', broken, workers_per_node=1, address='127.0.0.1'))\n"
    )
    with workers(load_site(site, run_dir=tmp_path / "parsl", options={}), tmp_path) as executor:
        future = executor.submit(TEACHER)
        told = r"3 blocks .* failed and .*: no module named anaconda \(see /.*give the same command again"
        with pytest.raises(ExecutionError, match=told):
            _keep_checking(executor)
        assert not future.done(), "no calculation is to blame"


def _keep_checking(executor):
    deadline = time.monotonic() + LONG_S
    while time.monotonic() < deadline:
        executor.check()
        time.sleep(1)
