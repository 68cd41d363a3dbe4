"""What a worker's machine offers: cores, memory, GPUs, and which engines can be imported there."""

from __future__ import annotations

import importlib
import json
import os
import platform
import shutil
import signal
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil

#: Module → the distribution that brings it, in the order in which they are imported.
STACK = {
    "reexplore": "reexplore",
    "parsl": "parsl",
    "rdkit.Chem": "rdkit",
    "tblite.interface": "tblite",
    "pyscf": "pyscf",
    "sklearn": "scikit-learn",
    "torch": "torch",
    "nequip.model": "nequip",
    "allegro.model": "nequip-allegro",
    "botorch": "botorch",
}
#: From a cold parallel file system the imports alone may take minutes.
_IMPORTS_S = 900.0


def machine(shared: str) -> dict[str, Any]:
    """Return what this worker sees; `shared` is a folder of the driver that it has to see too."""
    return {
        "host": platform.node(),
        "python": platform.python_version(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gb": round(psutil.virtual_memory().total / 2**30, 1),
        "gpus": _gpus(),
        "sees_workspace": Path(shared).is_dir(),
    } | _imported()


def _gpus() -> list[str]:
    """Return the GPUs a program started here would use, as the vendors' own tools name them."""
    for command in (["nvidia-smi", "-L"], ["rocm-smi", "--showproductname"], ["xpu-smi", "discovery"]):
        if shutil.which(command[0]):
            told = subprocess.run(command, capture_output=True, text=True, check=False).stdout
            return [line.strip() for line in told.splitlines() if "GPU" in line or "Device Name" in line]
    return []


def _imported() -> dict[str, Any]:
    """Import the stack in a child, which a broken engine may take down."""
    command = [sys.executable, "-P", "-m", "reexplore.execution.machine"]
    try:
        child = subprocess.run(command, capture_output=True, text=True, timeout=_IMPORTS_S, check=False)
    except subprocess.TimeoutExpired:
        return {"versions": {}, "fault": f"the imports took longer than {_IMPORTS_S:.0f} s"}
    versions = dict(json.loads(line) for line in child.stdout.splitlines())
    missing = [name for name in STACK.values() if name not in versions]
    if not missing:
        return {"versions": versions, "fault": None}
    ended = signal.Signals(-child.returncode).name if child.returncode < 0 else "an error"
    last = (child.stderr.strip().splitlines() or ["it said nothing"])[-1]
    return {"versions": versions, "fault": f"importing {missing[0]} ended with {ended}: {last}"}


def _main() -> None:
    # Some engines print to file descriptor 1 while they are imported; the answer has it for itself.
    with os.fdopen(os.dup(1), "w") as answer:
        os.dup2(2, 1)
        for module, distribution in STACK.items():
            importlib.import_module(module)
            answer.write(json.dumps([distribution, version(distribution)]) + "\n")
            answer.flush()


if __name__ == "__main__":
    _main()
