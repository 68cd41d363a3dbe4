"""Whatever a calculation does, the worker gets an outcome and the evidence is kept."""

import errno
import json
import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from reexplore.energies.levels import QUICK, find_level
from reexplore.energies.own_levels import own_level
from reexplore.errors import ExecutionError, FailureCode
from reexplore.execution import child, guard, worker_functions
from reexplore.execution.guard import perform
from reexplore.execution.kinds import KINDS, Resources
from reexplore.execution.store import Store
from reexplore.execution.task import Task
from reexplore.execution.worker_functions import Context, energy
from reexplore.structures.structure import Structure
from tests.execution.processes import processes

WATER = Structure(("O", "H", "H"), [[0, 0, 0], [0.96, 0, 0], [-0.24, 0.93, 0]], 0)
TEACHER = Task("energy", {"extxyz": WATER.to_extxyz(), "level": find_level("teacher").declaration()}, "H2O")


def run(tmp_path, wanted=TEACHER):
    return perform(wanted, store=tmp_path / "store", evidence=tmp_path / "evidence")


def misbehave(monkeypatch, code, **limits):
    monkeypatch.setattr(guard, "_command", lambda *_: [sys.executable, "-c", code])
    monkeypatch.setitem(KINDS, "energy", replace(KINDS["energy"], resources=Resources(**limits)))


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


def test_a_tasks_own_limits_stand_above_those_of_its_kind_and_leave_its_key(tmp_path, monkeypatch):
    own = replace(TEACHER, time_s=1.0)
    assert own.key == TEACHER.key
    assert own.resources.memory_gb == TEACHER.resources.memory_gb
    misbehave(monkeypatch, "import time; time.sleep(60)")
    assert run(tmp_path, own).failure.message == "stopped after its time limit of 1 s"


def test_what_does_not_fit_in_memory_is_said_before_the_start_and_not_stored(tmp_path):
    quick = {"extxyz": WATER.to_extxyz(), "level": find_level("quick").declaration()}
    small = Task("energy", quick, memory_gb=0.25)
    failure = run(tmp_path, small).failure
    assert (failure.code, failure.stage) == (FailureCode.OUT_OF_MEMORY, "before the start")
    assert failure.evidence["needed_gb"] > 0.25
    assert Path(failure.evidence["path"]).is_dir()
    assert Store(tmp_path / "store").outcome(small.key) is None


def test_what_a_killed_calculation_kept_is_there_for_the_next_and_gone_after_it(tmp_path, monkeypatch):
    kept = Store(tmp_path / "store").checkpoint(TEACHER.key)
    leave = f"from pathlib import Path; p = Path({str(kept)!r}); p.mkdir(parents=True); (p / 'density').touch()"
    misbehave(monkeypatch, f"{leave}; import time; time.sleep(60)", time_s=2.0)
    assert run(tmp_path).failure.code is FailureCode.TIMEOUT
    assert (kept / "density").is_file()
    monkeypatch.undo()
    assert run(tmp_path).failure is None
    assert not kept.exists()


def test_a_killed_single_point_goes_on_from_its_last_density(tmp_path):
    inputs = {"extxyz": WATER.to_extxyz(), "level": find_level("quick").declaration()}
    store = Store(tmp_path / "store")
    key = Task("energy", inputs).key

    def context(name):
        (tmp_path / name).mkdir()
        return Context(tmp_path / name, tmp_path / name, store.checkpoint(key), store, 1, 4.0)

    first = energy(inputs, context("first"))
    # Nobody publishes here, so that the densities stay as after a kill.
    again = energy(inputs, context("second"))
    assert again["cycles"] < first["cycles"]
    assert abs(again["total_hartree"] - first["total_hartree"]) < QUICK.energy_tolerance_hartree


def test_a_level_of_the_users_own_reaches_the_worker(tmp_path):
    own = own_level("mine", based_on="quick", ligand_basis="sto-3g")
    value = run(tmp_path, Task("energy", {"extxyz": WATER.to_extxyz(), "level": own.declaration()})).value
    # 5 functions for oxygen and one for each hydrogen.
    assert (value["level"], value["basis_functions"]) == ("mine", 7)


def test_the_output_of_a_failed_calculation_is_shown(tmp_path, monkeypatch):
    misbehave(monkeypatch, "print('said before the end'); raise SystemExit(3)")
    assert "said before the end" in run(tmp_path).failure.evidence["output"]


def test_a_finished_calculation_is_three_files_and_no_lock(tmp_path):
    run(tmp_path)
    found = sorted(path.relative_to(tmp_path / "store") for path in (tmp_path / "store").rglob("*") if path.is_file())
    assert [path.name for path in found] == ["inputs.json", "output.log", "result.json"]


def test_results_belong_to_the_group_of_their_folder(tmp_path):
    # As a group shares a folder on a cluster: group bit on the folder, umask that lets the group write.
    (tmp_path / "store").mkdir()
    (tmp_path / "store").chmod(0o2770)
    before = os.umask(0o007)
    try:
        assert run(tmp_path).failure is None
    finally:
        os.umask(before)
    found = list((tmp_path / "store").rglob("*"))
    assert {oct(path.stat().st_mode & 0o7777) for path in found if path.is_file()} == {"0o660"}
    assert {oct(path.stat().st_mode & 0o7777) for path in found if path.is_dir()} == {"0o2770"}


@pytest.mark.parametrize("where", ["mkdir", "rename"])
def test_a_disk_that_refuses_is_no_calculations_failure(tmp_path, monkeypatch, where):
    def refuse(*_args, **_kwargs):
        raise OSError(errno.EDQUOT, os.strerror(errno.EDQUOT))

    monkeypatch.setattr(Path, where, refuse)
    with pytest.raises(ExecutionError, match=r"Disk quota exceeded.*mend that"):
        run(tmp_path)
    monkeypatch.undo()
    assert run(tmp_path).failure is None


def test_a_child_on_a_full_disk_blames_the_machine(tmp_path, monkeypatch):
    def fill(_inputs, context):
        Path("/dev/full").write_text("x")

    monkeypatch.setattr(worker_functions, "energy", fill)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    declared = {"kind": "energy", "inputs": {}, "memory_gb": 1.0, "scratch": str(tmp_path), "checkpoint": str(tmp_path)}
    (tmp_path / "inputs.json").write_text(json.dumps(declared))
    assert child.main(tmp_path, tmp_path / "store") == child.MACHINE_FAULT


def test_nothing_is_left_running_after_a_timeout(tmp_path, monkeypatch):
    misbehave(monkeypatch, "import subprocess; subprocess.run(['sleep', '61.5'])", time_s=1.0)
    run(tmp_path)
    time.sleep(0.2)
    assert not [p for p in processes() if p.info["cmdline"] == ["sleep", "61.5"]]


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
        found = [p for p in processes() if p.info["cmdline"] == command]
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


@pytest.mark.parametrize(
    ("kind", "device", "told"), [("member", "auto", "auto"), ("energy", "cuda", "cuda"), ("build", "cuda", "cpu")]
)
def test_only_what_can_compute_on_a_card_is_told_to(monkeypatch, tmp_path, kind, device, told):
    seen = {}

    def spy(_command, **options):
        seen.update(options)
        options["log"].write_text("")
        return 1

    monkeypatch.setattr(guard, "run_within", spy)
    task = Task(kind, {"any": 1}, device=device)
    perform(task, store=tmp_path / "store", evidence=tmp_path / "evidence")
    assert seen["environment"]["REEXPLORE_DEVICE"] == told
    assert seen["card"] == (told != "cpu")


def test_where_it_is_computed_does_not_enter_the_key():
    assert Task("member", {"any": 1}, device="cuda").key == Task("member", {"any": 1}).key


@pytest.mark.parametrize(
    ("device", "card", "share"),
    [("auto", None, None), ("auto", "H200", 0.25), ("cuda", None, 0.25), ("cpu", None, None)],
)
def test_the_share_of_a_card_that_was_held_is_told(monkeypatch, tmp_path, device, card, share):
    monkeypatch.setenv("REEXPLORE_WORKERS_PER_CARD", "4")

    def compute(command, **options):
        options["log"].write_text("")
        told = {"value": {"any": 1}, "failure": None, "provenance": {"card": card} if card else {}}
        (Path(command[-2]) / "result.json").write_text(json.dumps(told))
        return 0

    monkeypatch.setattr(guard, "run_within", compute)
    assert run(tmp_path, Task("energy", {"any": 1}, device=device)).provenance.get("gpus") == share


def test_one_that_insists_on_a_card_and_crashes_has_held_it(monkeypatch, tmp_path):
    monkeypatch.setattr(guard, "run_within", lambda _command, **options: options["log"].write_text("") or 1)
    assert run(tmp_path, Task("energy", {"any": 1}, device="cuda")).provenance["gpus"] == 1.0


def test_the_card_a_worker_is_pinned_to_is_told_as_its_programs_read_it(monkeypatch, tmp_path):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "card-3")
    monkeypatch.setenv("ROCR_VISIBLE_DEVICES", "GPU-of-a-name")
    seen = {}
    monkeypatch.setattr(guard, "run_within", lambda _c, **options: seen.update(options) or options["log"].touch() or 1)
    perform(Task("energy", {"any": 1}), store=tmp_path / "store", evidence=tmp_path / "evidence")
    assert seen["environment"]["CUDA_VISIBLE_DEVICES"] == "3"
    assert seen["environment"]["ROCR_VISIBLE_DEVICES"] == "GPU-of-a-name"
