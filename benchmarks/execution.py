"""What kills cost and what the driver costs, all figures in one table: `python benchmarks/execution.py --json`.

The parts are files of their own: `execution_crashes.py` (a kill at every point where a campaign writes),
`execution_kills.py` (kills at random, on this machine and on a Slurm), `execution_overhead.py` (the driver's time and
memory, the workers' idleness) and `execution_storage.py` (files per result). All of them take about an hour on two
quiet cores; with --keep a part that is finished is not run again. With --json the last line is one JSON object.
"""

from __future__ import annotations

import argparse
import importlib
import json
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

PARTS = ("crashes", "kills", "overhead", "storage")


def main() -> None:
    """Run the parts and print their figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print the figures as one JSON line, last")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS, metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--keep", type=Path, help="a folder of finished parts")
    options = parser.parse_args()
    found: dict[str, Any] = {}
    for part in options.only:
        found |= _figures(part, options.keep)
    table = Table("figure", "value", box=box.SIMPLE_HEAD)
    for name, value in found.items():
        table.add_row(name, str(value))
    Console().print(table)
    if options.json:
        print(json.dumps(found))


def _figures(part: str, keep: Path | None) -> dict[str, Any]:
    kept = keep / f"{part}.json" if keep else None
    if kept is not None and kept.is_file():
        known: dict[str, Any] = json.loads(kept.read_text())
        return known
    found: dict[str, Any] = importlib.import_module(f"execution_{part}").figures()
    if kept is not None:
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_text(json.dumps(found, indent=1))
    return found


if __name__ == "__main__":
    main()
