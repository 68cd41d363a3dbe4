"""The process in which a task runs: `python -m reexplore.execution.child FOLDER STORE`."""

from __future__ import annotations

import errno
import json
import os
import sys
from pathlib import Path
from typing import Any

import psutil

from reexplore.errors import CalculationFailed, ExecutionError, MissingEngineError

INPUTS = "inputs.json"
LOG = "output.log"
#: The exit code of a fault of the machine (a missing engine, a full disk), not of the calculation.
MACHINE_FAULT = 75


def main(folder: Path, store: Path) -> int:
    """Run the task declared in `folder/inputs.json` and write `folder/result.json`."""
    from reexplore.execution.kinds import KINDS
    from reexplore.execution.store import RESULT, Store
    from reexplore.execution.worker_functions import Context

    declared = json.loads((folder / INPUTS).read_text())
    context = Context(
        folder=folder,
        scratch=Path(declared["scratch"]),
        checkpoint=Path(declared["checkpoint"]),
        store=Store(store),
        threads=int(os.environ["OMP_NUM_THREADS"]),
        memory_gb=min(declared["memory_gb"], psutil.virtual_memory().total / 2**30),
    )
    try:
        value, failure = KINDS[declared["kind"]].load()(declared["inputs"], context), None
    except CalculationFailed as failed:
        value, failure = None, failed.failure.to_dict()
    except (MissingEngineError, ExecutionError) as error:
        sys.stderr.write(f"{error}\n")
        return MACHINE_FAULT
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EROFS):
            raise
        sys.stderr.write(f"{error}\n")
        return MACHINE_FAULT
    # Written beside and renamed: a process killed here leaves no half result.
    partial = folder / f"{RESULT}.partial"
    provenance = {"card": card} if (card := _used_card(value)) else {}
    partial.write_text(json.dumps({"value": value, "failure": failure, "provenance": provenance}, allow_nan=False))
    partial.rename(folder / RESULT)
    return 0


def _used_card(value: dict[str, Any] | None) -> str | None:
    """Return the card that a value was computed on, if any."""
    attempts = (value or {}).get("attempts", ())
    # The last one made the value: where a card has failed, those after it are the processor's.
    if attempts and attempts[-1].get("card"):
        return str(attempts[-1]["card"])
    if "torch" not in sys.modules:
        return None
    from reexplore.surrogate.device import used_card

    return used_card()


if __name__ == "__main__":
    ended = main(Path(sys.argv[1]), Path(sys.argv[2]))
    sys.stdout.flush()
    sys.stderr.flush()
    # Native libraries may crash while they are unloaded; the result is written, so nothing is unloaded.
    os._exit(ended)
