"""Kill drivers, workers and interchanges at random, and jobs and nodes of a real Slurm; resume and compare.

    python benchmarks/execution_kills.py [--kills 20]

Prints a table; it takes a quarter of an hour. What is killed, how, and what counts as lost or repeated:
`tests/execution/killing.py`. Where Slurm cannot be started its figures are missing, and the reason is printed.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]


def figures(kills: int = 20) -> dict[str, Any]:
    """Return how many kills there were, what was lost, and how much one kill made be computed again at most."""
    found = _killing("local", "--kills", str(kills))
    reason = subprocess.run(
        [sys.executable, "-c", "from tests.execution.slurm import missing; print(missing() or '')"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout.strip()
    if reason:
        print(f"no kills on Slurm: {reason}", file=sys.stderr)
        return found
    return found | {f"slurm_{name}": value for name, value in _killing("slurm").items()}


def _killing(*arguments: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.execution.killing", *arguments]
    told = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    found: dict[str, Any] = json.loads(told.stdout.splitlines()[-1])
    return found


def main() -> None:
    """Kill and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=20)
    for name, value in figures(parser.parse_args().kills).items():
        print(f"{name:30} {value}")


if __name__ == "__main__":
    main()
