"""A program within limits: every way to end has its name, and nothing of it stays."""

import os
import signal
import sys
import time

import pytest

from reexplore.errors import ExecutionError, FailureCode, WorkerInterruptedError
from reexplore.execution import limits
from reexplore.execution.limits import run_within
from tests.execution.processes import processes


def run(tmp_path, code, *, time_s=60.0, memory_gb=1.0):
    return run_within(
        [sys.executable, "-c", code],
        folder=tmp_path,
        log=tmp_path / "output.log",
        environment=dict(os.environ),
        time_s=time_s,
        memory_gb=memory_gb,
    )


def test_what_ends_by_itself_tells_its_exit_code(tmp_path):
    assert run(tmp_path, "pass") == 0
    assert run(tmp_path, "raise SystemExit(3)") == 3


@pytest.mark.parametrize(
    "code",
    [
        # Slowly enough to be seen, all at once, in small steps that are never touched, and by a child of its own.
        "x = bytearray(700_000_000)\nimport time; time.sleep(60)",
        "x = bytearray(20_000_000_000)",
        "import numpy; x = [numpy.empty(10**8) for _ in range(30)]",
        "import subprocess, sys\n"
        "subprocess.run([sys.executable, '-c', 'import time; x = bytearray(10**9); time.sleep(60)'])",
        "raise MemoryError",
        "import os; os.write(2, b\"terminate called after throwing an instance of 'std::bad_alloc'\"); os.abort()",
        'raise RuntimeError("[enforce fail] DefaultCPUAllocator: can\'t allocate memory")',
    ],
)
def test_lack_of_memory_is_recognised_however_it_shows(tmp_path, code):
    ended, message = run(tmp_path, code, memory_gb=0.5)
    assert ended is FailureCode.OUT_OF_MEMORY
    assert "memory limit of 0.5 GB" in message


def test_what_the_kernel_ends_for_want_of_memory_is_told_from_other_kills(tmp_path, monkeypatch):
    kill = "import os; os.kill(os.getpid(), 9)"
    assert run(tmp_path, kill) == (FailureCode.CRASHED, "ended by signal SIGKILL")
    counter = tmp_path / "vmstat"
    counter.write_text("pgfree 12\noom_kill 4\n")
    monkeypatch.setattr(limits, "_VMSTAT", counter)
    ended, message = run(tmp_path, f"open({str(counter)!r}, 'w').write('pgfree 13\\noom_kill 5\\n'); {kill}")
    assert (ended, "kernel" in message) == (FailureCode.OUT_OF_MEMORY, True)


def test_a_program_that_ignores_sigterm_is_ended_at_its_time(tmp_path):
    code = "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nwhile True: time.sleep(1)"
    assert run(tmp_path, code, time_s=1.0) == (FailureCode.TIMEOUT, "stopped after its time limit of 1 s")


def test_processes_that_left_the_group_are_ended_too(tmp_path):
    code = "import subprocess; subprocess.run(['sleep', '63.5'], start_new_session=True)"
    assert run(tmp_path, code, time_s=1.5)[0] is FailureCode.TIMEOUT
    deadline = time.monotonic() + 60
    while running := [p for p in processes() if p.info["cmdline"] == ["sleep", "63.5"]]:
        assert time.monotonic() < deadline, running
        time.sleep(0.1)


def test_a_crash_leaves_no_core_and_names_its_signal(tmp_path):
    assert run(tmp_path, "import ctypes; ctypes.string_at(0)") == (FailureCode.CRASHED, "ended by signal SIGSEGV")
    assert [path.name for path in tmp_path.iterdir()] == ["output.log"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGUSR1])
def test_an_end_from_outside_is_no_failure(tmp_path, number):
    with pytest.raises(WorkerInterruptedError, match=f"from outside by {number.name}"):
        run(tmp_path, f"import os, signal; signal.signal({number}, signal.SIG_DFL); os.kill(os.getpid(), {number})")


@pytest.mark.parametrize("said", ["[Errno 28] No space left on device", "[Errno 122] Disk quota exceeded"])
def test_a_full_disk_is_no_failure(tmp_path, said):
    with pytest.raises(ExecutionError, match="disk is full"):
        run(tmp_path, f"raise SystemExit({said!r})")


def test_endless_output_keeps_its_beginning_and_its_end(tmp_path):
    code = "print('the beginning')\nfor _ in range(300): print('x' * 100_000)\nprint('the end')"
    assert run(tmp_path, code) == 0
    log = tmp_path / "output.log"
    # The program prints 30 MB.
    assert log.stat().st_size <= limits._MOST_OUTPUT_BYTES
    text = log.read_text()
    assert text.startswith("the beginning\nxxx")
    assert text.endswith("xxx\nthe end\n")
    assert "bytes left out here" in text


def test_output_is_cut_while_the_program_prints(tmp_path):
    sizes = []

    def watch(log):
        sizes.append(log.stat().st_size)
        original(log)

    original = limits._cut_middle
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(limits, "_cut_middle", watch)
        assert run(tmp_path, "while True: print('x' * 1000)", time_s=3.0)[0] is FailureCode.TIMEOUT
    assert len(sizes) > 3
    # Never more than what is printed between two looks, on any disk far below what was printed in all.
    assert (tmp_path / "output.log").stat().st_size <= limits._MOST_OUTPUT_BYTES
