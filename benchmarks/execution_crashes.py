"""Kill a small campaign at every write, rename, sync, transaction and submit point; resume it and compare.

    python benchmarks/execution_crashes.py [--every N]

Prints a table. How points are counted and end states compared: `tests/campaign/crashing.py`.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
MEMORY = Path("/dev/shm")


def figures(every: int = 1) -> dict[str, Any]:
    """Return `crash_points`, how many of them were tried and ended identical, and what was computed twice at most."""
    command = [sys.executable, "-m", "tests.campaign.crashing", "--every", str(every)]
    folder = ["--folder", str(MEMORY)] if MEMORY.is_dir() else []
    told = subprocess.run([*command, *folder], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    found: dict[str, Any] = json.loads(told.stdout.splitlines()[-1])
    # The sweep has told each when it came, on the error stream.
    del found["differences"]
    return found


def main() -> None:
    """Sweep and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--every", type=int, default=1, help="try every N-th point only")
    for name, value in figures(parser.parse_args().every).items():
        print(f"{name:30} {value}")


if __name__ == "__main__":
    main()
