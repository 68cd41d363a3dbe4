"""The process in which a task runs: `python -m reexplore.execution.child FOLDER STORE`."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from reexplore.errors import CalculationFailed, MissingEngineError

INPUTS = "inputs.json"
LOG = "output.log"
#: Where a task may put gigabytes while it runs; nothing of it is kept.
SCRATCH = "scratch"
#: The exit code that says an engine is missing: a fault of the machine, not of the calculation.
MISSING_ENGINE = 75


def main(folder: Path, store: Path) -> int:
    """Run the task declared in `folder/inputs.json` and write `folder/result.json`."""
    from reexplore.execution.store import RESULT, Store
    from reexplore.execution.tasks import FUNCTIONS, Context

    declared = json.loads((folder / INPUTS).read_text())
    (folder / SCRATCH).mkdir()
    context = Context(
        folder=folder, scratch=folder / SCRATCH, store=Store(store), threads=int(os.environ["OMP_NUM_THREADS"])
    )
    try:
        value, failure = FUNCTIONS[declared["kind"]](declared["inputs"], context), None
    except CalculationFailed as failed:
        value, failure = None, failed.failure.to_dict()
    except MissingEngineError as missing:
        sys.stderr.write(f"{missing}\n")
        return MISSING_ENGINE
    # Written beside and renamed: a process killed here leaves no half result.
    partial = folder / f"{RESULT}.partial"
    partial.write_text(json.dumps({"value": value, "failure": failure, "provenance": {}}, allow_nan=False))
    partial.rename(folder / RESULT)
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
