"""Attack the program: bad inputs, odd folders, kills, damage, and random valid campaigns.

    python benchmarks/robustness.py [--seed 1] [--quick] [--json] [--inputs 5000] [--folders 70] [--kills 100]
                                    [--damages 400] [--campaigns 200]

Prints what was tried and what went wrong, and every culprit on stderr. Everything takes some three hours of two
cores; --quick is a sample in two minutes. The pieces stand in tests/attacks/ and tests/execution/killing.py.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

# One thread: the processes are many.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from rich import box
from rich.console import Console
from rich.table import Table
from tests.attacks import campaigns, damage, folders, inputs
from tests.execution.killing import kill_on_this_machine

Figures = dict[str, int]
_KILLS_OF_ONE_CAMPAIGN = 10
_TOLD = Console(stderr=True, highlight=False, markup=False)


def bad_inputs(folder: Path, *, seed: int, count: int) -> Figures:
    """Give bad inputs by every way in; every answer is one sentence and an exit code.

    Where one field of a file is spoiled, the sentence names its key, its value and a remedy.
    """
    tally = inputs.try_all(folder, seed=seed, count=count)
    for problem, case, answer in tally.culprits:
        _TOLD.print(f"{problem}: {case} ended with {answer.code} after {answer.wall_s:.0f} s: {answer.told[-800:]}")
    wrong = {name: tally.wrong[name] for name in ("tracebacks", "hangs", "outside", "words")}
    unsaid = {name: tally.wrong[name] for name in ("without_key", "without_value", "without_remedy")}
    return {"inputs": tally.asked.total(), **wrong, "refusals_judged": tally.judged, **unsaid}


def odd_folders(folder: Path, *, seed: int, count: int) -> Figures:
    """Run, label, resume, look and report in folders by every name."""
    chosen = folders.names(count, seed=seed)
    failed = list(folders.fail(folder, chosen))
    for name, problem in failed:
        _TOLD.print(f"folder {name!r}: {problem}")
    return {"folders": len(chosen), "folders_failed": len(failed)}


def kills(folder: Path, *, seed: int, count: int) -> Figures:
    """Kill drivers, interchanges, pools, workers and calculations; every second campaign is asynchronous."""
    done = {"kills": 0, "kills_identical": 0, "processes_left": 0}
    for number in range(-(-count // _KILLS_OF_ONE_CAMPAIGN)):
        place = folder / str(number)
        place.mkdir(parents=True)
        few = min(_KILLS_OF_ONE_CAMPAIGN, count - done["kills"])
        steering = ("rounds", "asynchronous")[number % 2]
        done["kills"] += few
        try:
            found = kill_on_this_machine(place, kills=few, seed=seed + number, steering=steering)
        except Exception:  # that a campaign did not end is a figure, and the others are tried all the same
            _TOLD.print(f"{steering}, seed {seed + number}: {traceback.format_exc()}")
            continue
        done["kills_identical"] += few if found["identical"] and not found["lost"] else 0
        done["processes_left"] += found["processes_left"]
        _TOLD.print(f"{steering}, seed {seed + number}: {found}")
    return done


def damages(folder: Path, *, seed: int, count: int) -> Figures:
    """Cut, flip, empty and delete files of every kind, and put folders in their places."""
    wrong = list(damage.wrong(folder, count=count, seed=seed))
    for kind, how, problem in wrong:
        _TOLD.print(f"{kind} {how}: {problem}")
    return {"damages": count, "damages_wrong": len(wrong)}


def random_campaigns(folder: Path, *, seed: int, count: int) -> Figures:
    """Run random valid campaigns to their end."""
    well = 0
    for setup in campaigns.valid_campaigns(folder, seed=seed, count=count):
        problems = campaigns.end_badly(setup)
        well += not problems
        for problem in problems:
            _TOLD.print(f"{setup.source}: {problem}")
    return {"campaigns_run": count, "campaigns_ended_well": well}


#: What is tried, how often, and how often with --quick.
PARTS: dict[str, tuple[Callable[..., Figures], int, int]] = {
    "inputs": (bad_inputs, 5000, 140),
    "folders": (odd_folders, len(folders.NAMES), 1),
    "kills": (kills, 100, 1),
    "damages": (damages, 400, 2),
    "campaigns": (random_campaigns, 200, 3),
}


def attack(folder: Path, *, seed: int, counts: dict[str, int]) -> dict[str, Any]:
    """Try each part so often, in a folder that may be thrown away; return the figures."""
    found: dict[str, Any] = {"seed": seed}
    for name, (part, _, _) in PARTS.items():
        if counts[name]:
            found |= part(folder / name, seed=seed, count=counts[name])
    return found


def main() -> None:
    """Attack as asked and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--quick", action="store_true", help="a sample of each in two minutes")
    parser.add_argument("--json", action="store_true", help="print the figures as one JSON line, last")
    for name, (_, whole, quick) in PARTS.items():
        parser.add_argument(f"--{name}", type=int, help=f"how many; {whole}, with --quick {quick}; 0 leaves them out")
    asked = parser.parse_args()
    counts = {
        name: (quick if asked.quick else whole) if (given := getattr(asked, name)) is None else given
        for name, (_, whole, quick) in PARTS.items()
    }
    with tempfile.TemporaryDirectory(prefix="attacked-") as name:
        found = attack(Path(name).resolve(), seed=asked.seed, counts=counts)
    table = Table("what", "figure", box=box.SIMPLE_HEAD)
    for key, value in found.items():
        table.add_row(key, str(value))
    Console().print(table)
    if asked.json:
        print(json.dumps(found))


if __name__ == "__main__":
    main()
