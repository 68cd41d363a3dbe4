"""Whatever a calculation does, the worker gets an outcome and the evidence is kept."""

import os
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from reexplore.energies.levels import find_level
from reexplore.errors import ExecutionError, FailureCode
from reexplore.execution import guard, task
from reexplore.execution.guard import perform
from reexplore.execution.store import Store
from reexplore.execution.task import Resources, Task
from reexplore.structures.geometry import Structure

WATER = Structure(("O", "H", "H"), [[0, 0, 0], [0.96, 0, 0], [-0.24, 0.93, 0]], 0)
TEACHER = Task("energy", {"extxyz": WATER.to_extxyz(), "level": find_level("teacher").declaration()}, "H2O")


def run(tmp_path, wanted=TEACHER):
    return perform(wanted, store=tmp_path / "store", evidence=tmp_path / "evidence")


def misbehave(monkeypatch, code, **limits):
    monkeypatch.setattr(guard, "_command", lambda *_: [sys.executable, "-c", code])
    monkeypatch.setitem(task.RESOURCES, "energy", Resources(**limits))


def test_relative_folders_are_understood(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run(Path()).value["total_hartree"] < 0


def test_a_result_is_computed_once(tmp_path):
    first = run(tmp_path)
    assert first.value["total_hartree"] < 0
    assert first.provenance["wall_s"] > 0
    assert run(tmp_path) == first


def test_an_error_inside_a_task_is_a_crash_of_that_task_only(tmp_path):
    # An unknown element fails inside the task, not in the worker.
    broken = Task("energy", {**TEACHER.inputs, "extxyz": WATER.to_extxyz().replace("O ", "Zz ")})
    assert run(tmp_path, broken).failure.code is FailureCode.CRASHED


@pytest.mark.parametrize(
    ("code", "limits", "expected"),
    [
        ("import time; time.sleep(60)", {"time_s": 1.0}, FailureCode.TIMEOUT),
        ("x = bytearray(700_000_000)\nimport time; time.sleep(60)", {"memory_gb": 0.3}, FailureCode.OUT_OF_MEMORY),
        ("import ctypes; ctypes.string_at(0)", {}, FailureCode.CRASHED),
        ("print('said before the end'); raise SystemExit(3)", {}, FailureCode.CRASHED),
        ("pass", {}, FailureCode.CRASHED),
    ],
)
def test_misbehaviour_becomes_a_failure_with_evidence(tmp_path, monkeypatch, code, limits, expected):
    misbehave(monkeypatch, code, **limits)
    outcome = run(tmp_path)
    assert outcome.failure.code is expected
    assert Path(outcome.failure.evidence["path"]).is_dir()
    # The next campaign gets its own try: the store knows nothing of it.
    assert Store(tmp_path / "store").outcome(TEACHER.key) is None


def test_the_output_of_a_failed_calculation_is_shown(tmp_path, monkeypatch):
    misbehave(monkeypatch, "print('said before the end'); raise SystemExit(3)")
    assert "said before the end" in run(tmp_path).failure.evidence["output"]


def test_nothing_is_left_running_after_a_timeout(tmp_path, monkeypatch):
    misbehave(monkeypatch, "import subprocess; subprocess.run(['sleep', '61.5'])", time_s=1.0)
    run(tmp_path)
    time.sleep(0.2)
    assert not [p for p in psutil.process_iter(["cmdline"]) if p.info["cmdline"] == ["sleep", "61.5"]]


def test_a_fault_of_the_machine_is_no_calculations_failure(tmp_path, monkeypatch):
    misbehave(monkeypatch, "print('no such engine'); raise SystemExit(75)")
    with pytest.raises(ExecutionError, match=r"\(no such engine\); try `reexplore doctor`"):
        run(tmp_path)


def test_another_declaration_of_the_level_is_a_fault_of_the_machine(tmp_path):
    other = TEACHER.inputs | {"level": TEACHER.inputs["level"] | {"version": 99}}
    with pytest.raises(ExecutionError, match="declares level 'teacher' otherwise"):
        run(tmp_path, Task("energy", other))


def test_a_calculation_dies_with_its_worker(tmp_path):
    script = f"""
import sys
from pathlib import Path
sys.path.insert(0, {str(Path(__file__).parents[2])!r})
from reexplore.execution import guard
from tests.execution.test_guard import TEACHER
guard._command = lambda *_: ["sleep", "62.5"]
guard.perform(TEACHER, store=Path({str(tmp_path)!r}) / "s", evidence=Path({str(tmp_path)!r}) / "e")
"""
    worker = subprocess.Popen([sys.executable, "-c", script], env={**os.environ})
    sleeping = _wait_for(["sleep", "62.5"])
    worker.kill()
    worker.wait()
    sleeping.wait(timeout=5)


def _wait_for(command):
    for _ in range(100):
        found = [p for p in psutil.process_iter(["cmdline"]) if p.info["cmdline"] == command]
        if found:
            return found[0]
        time.sleep(0.1)
    raise AssertionError(f"{command} was never started")


def test_two_workers_compute_one_key_once(tmp_path):
    script = f"""
from pathlib import Path
import sys
sys.path.insert(0, {str(Path(__file__).parents[2])!r})
from tests.execution.test_guard import TEACHER, run
print(run(Path({str(tmp_path)!r})).provenance["started_at"])
"""
    workers = [subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) for _ in range(2)]
    times = {worker.communicate()[0] for worker in workers}
    assert len(times) == 1
