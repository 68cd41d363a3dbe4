"""Is every engine here, and does it give the right number?

Each check runs in a process of its own, because a broken engine may crash or hang, and compares a
small calculation with a value that was published or follows from theory.
"""

from __future__ import annotations

import difflib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from typing import Any

from reexplore.doctor.checks import CHECKS
from reexplore.errors import InputError

#: Programs that are used when they are there → what they would be used for.
PROGRAMS = {
    "sbatch": "optional: needed to submit to Slurm from here",
    "setpriv": "optional: ties Parsl's interchange to the driver's life",
    "xtb": "optional: needed to relax with the xtb program's own optimiser",
}

#: Packages that are used where they are → what they would be used for.
_NOT_EVERYWHERE = {
    "xtb-python": "optional: ends with Python 3.11; needed by campaigns that began with it and by gfn2-xtb-python",
    "gpu4pyscf": "optional: DFT on an NVIDIA card; pip install 'reexplore[gpu]'",
}

_TIMEOUT_S = 120.0
_AT_A_TIME = 2


@dataclass(frozen=True)
class EngineReport:
    """What was found about one engine; `remedy` is empty when there is nothing to mend.

    An `optional` program that is not installed is `ok` and has no version.
    """

    engine: str
    version: str | None
    ok: bool
    seconds: float
    message: str
    remedy: str = ""
    optional: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Return the report as JSON-ready values."""
        return asdict(self)


def examine(
    names: Sequence[str] | None = None, *, on_result: Callable[[EngineReport], None] | None = None
) -> list[EngineReport]:
    """Check these engines, or all of them, two at a time; `on_result` hears of each in order."""
    chosen = list(CHECKS | PROGRAMS) if names is None else list(names)
    for name in chosen:
        if name not in CHECKS and name not in PROGRAMS:
            near = difflib.get_close_matches(name, CHECKS | PROGRAMS, n=1)
            hint = f"did you mean '{near[0]}'?" if near else f"known: {', '.join(CHECKS | PROGRAMS)}"
            raise InputError(f"unknown engine '{name}': {hint}")
    reports = []
    with ThreadPoolExecutor(_AT_A_TIME) as threads:
        for report in threads.map(_examine, chosen):
            reports.append(report)
            if on_result:
                on_result(report)
    return reports


def report_line(report: EngineReport) -> str:
    """Return a report as one line of text, with its remedy on a second one."""
    mark = "ok  " if report.ok and report.version else "–   " if report.ok else "FAIL"
    line = f"{mark} {report.engine:<20} {report.version or '–':<12} {report.message}"
    return f"{line} ({report.seconds:.1f} s)" if report.ok else f"{line}\n     {report.remedy}"


def _examine(name: str) -> EngineReport:
    return _examine_program(name) if name in PROGRAMS else _examine_engine(name)


def _examine_engine(name: str) -> EngineReport:
    distribution, _ = CHECKS[name]
    if distribution.endswith("cuda12x") and find_spec("gpu4pyscf") and not _version_of(distribution):
        # The same for another version of the driver.
        distribution = distribution.replace("cuda12x", "cuda13x")
    found = _version_of(distribution)
    if found is None:
        if name in _NOT_EVERYWHERE:
            return EngineReport(name, None, True, 0.0, f"not installed; {_NOT_EVERYWHERE[name]}", optional=True)
        return EngineReport(name, None, False, 0.0, "not installed", f"pip install '{distribution}'")
    started = time.monotonic()
    ok, message = _run_check(name)
    remedy = "" if ok else f"pip install --force-reinstall '{distribution}', then: reexplore doctor"
    return EngineReport(name, found, ok, time.monotonic() - started, message, remedy)


def _version_of(name: str) -> str | None:
    """Return the version of an installed distribution, None when it is not installed."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _run_check(name: str) -> tuple[bool, str]:
    child = subprocess.Popen(
        [sys.executable, "-P", "-m", "reexplore.doctor.engines", name],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        start_new_session=True,
    )
    try:
        output, errors = child.communicate(timeout=_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)
        child.communicate()
        return False, f"no answer within {_TIMEOUT_S:.0f} s"
    if child.returncode < 0:
        return False, f"crashed with {signal.Signals(-child.returncode).name}"
    try:
        answer = json.loads(output.strip().splitlines()[-1])
        return bool(answer["ok"]), str(answer["message"])
    except (IndexError, KeyError, ValueError):
        last = (errors.strip().splitlines() or ["it printed nothing"])[-1]
        return False, f"ended with exit code {child.returncode}: {last}"


def _examine_program(name: str) -> EngineReport:
    path = shutil.which(name)
    if path is None:
        return EngineReport(name, None, True, 0.0, f"not found; {PROGRAMS[name]}", optional=True)
    started = time.monotonic()
    try:
        said = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        remedy = f"{path} does not run: repair it or take it off PATH"
        return EngineReport(name, None, False, time.monotonic() - started, str(error), remedy, optional=True)
    number = re.search(r"\d+\.\d+(\.\d+)?", said.stdout + said.stderr)
    found = number[0] if number else "?"
    return EngineReport(name, found, True, time.monotonic() - started, f"found at {path}", optional=True)


def _main(name: str) -> None:
    # Engines print to file descriptor 1, past Python; the answer gets it for itself.
    answer = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    try:
        ok, message = True, CHECKS[name][1]()
    except Exception as error:  # whatever an engine raises is the finding
        ok, message = False, f"{type(error).__name__}: {error}"
    with answer:
        answer.write(json.dumps({"ok": ok, "message": message}) + "\n")


if __name__ == "__main__":
    _main(sys.argv[1])
