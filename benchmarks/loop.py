"""The quickstart from nothing: a fresh environment, a fresh workspace, the whole loop.

    python benchmarks/loop.py [--json] [--campaign quickstart] [--no-install] [--keep FOLDER]

Prints a table; with --json the last line is one JSON object with `wall_s`, `install_s`, `labels`,
`failures_by_code`, `rounds` and `seconds_by_stage`.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from contextlib import nullcontext
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def install(folder: Path) -> tuple[Path, float]:
    """Make a new virtual environment with the locked versions; return its programs and the time it took."""
    started = time.monotonic()
    environment = {**os.environ, "VENV": str(folder / "venv")}
    subprocess.run(["make", "-C", str(ROOT), "install"], env=environment, check=True, stdout=sys.stderr)
    return folder / "venv" / "bin", time.monotonic() - started


def main() -> None:
    """Run the campaign and print its figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--campaign", default="quickstart")
    parser.add_argument("--no-install", action="store_true", help="use the environment this script runs in")
    parser.add_argument("--keep", type=Path, help="run in this folder and leave it, instead of a temporary one")
    options = parser.parse_args()
    temporary = nullcontext(options.keep) if options.keep else tempfile.TemporaryDirectory(prefix="reexplore-loop-")
    with temporary as name:
        folder = Path(name).resolve()
        programs, install_s = (Path(sys.executable).parent, 0.0) if options.no_install else install(folder)
        reexplore = str(programs / "reexplore")
        started = time.monotonic()
        subprocess.run(
            [reexplore, "campaign", "run", options.campaign, "-w", str(folder)], check=True, stdout=sys.stderr
        )
        wall_s = time.monotonic() - started
        told = subprocess.run(
            [reexplore, "campaign", "status", options.campaign, "-w", str(folder), "--json"],
            check=True,
            capture_output=True,
            text=True,
        )
    status = json.loads(told.stdout)
    figures = {
        "wall_s": round(wall_s, 1),
        "install_s": round(install_s, 1),
        "labels": status["labels"],
        "failures_by_code": status["failures_by_code"],
        "rounds": status["rounds_closed"],
        "seconds_by_stage": status["core_seconds_by_kind"],
    }
    for key, value in figures.items():
        print(f"{key:20s} {value}")
    if options.json:
        print(json.dumps(figures))


if __name__ == "__main__":
    main()
