"""One round over a large space: time and memory of a whole campaign with invented labels.

    python benchmarks/funnel.py [--candidates 1000000] [--graft 2000] [--model stack] [--labels 40] [--json]

A campaign of its own in a temporary folder, run by `reexplore campaign run` as a user runs it: scaffolds with four
sites, as many substituents as the space needs, energies of the teacher, geometries that are sketches. It buys
`--labels` by design, learns from them, and chooses one more: one round over the whole space. `tabular` looks at
everything without a geometry; with `stack` `--graft` candidates are grafted on top of that, 0 grafts all.

It tells seconds by kind of calculation, the wall time, and the largest memory of any process.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import yaml

from reexplore.chemistry.library import SUBSTITUENTS

SCAFFOLDS = ("HOPO-345N", "CAM-456N", "HDEV-456N", "thio-HOPO-345N", "thio-CAM-456N")
METALS = ("La", "Gd", "Lu", "Eu", "Dy")
SITES = 4
#: What one scaffold with three metals can make, of the substituents there are.
_ONE = 3 * len(SUBSTITUENTS) ** SITES


def campaign(candidates: int, *, model: str, graft: int, labels: int) -> dict[str, Any]:
    """Return the campaign file of a space of about so many candidates."""
    scaffolds, metals = (1, 3) if candidates <= _ONE else (len(SCAFFOLDS), len(METALS))
    groups = min(len(SUBSTITUENTS), max(2, round((candidates / scaffolds / metals) ** (1 / SITES))))
    surrogate: dict[str, Any] = {"model": model, "members": 2} | ({"graft": graft} if graft else {})
    return {
        "name": "funnel",
        "space": {
            "scaffolds": list(SCAFFOLDS[:scaffolds]),
            "substituents": list(SUBSTITUENTS)[:groups],
            "metals": list(METALS[:metals]),
            "coordinations": [{"ligands": 1}],
            "limit": 10_000_000,
        },
        "theory": {"level": "teacher", "builders": ["sketch"]},
        "surrogate": surrogate,
        "budget": {"seed_labels": labels, "batch": 1, "labels": labels + 1},
    }


def run(candidates: int, *, model: str, graft: int, labels: int) -> dict[str, Any]:
    """Run the campaign and return what it took."""
    reexplore = Path(sys.executable).parent / "reexplore"
    with tempfile.TemporaryDirectory() as folder:
        file = campaign(candidates, model=model, graft=graft, labels=labels)
        (Path(folder) / "funnel.yaml").write_text(yaml.safe_dump(file))
        began = time.perf_counter()
        ended = subprocess.run(
            [reexplore, "campaign", "run", "funnel.yaml"], cwd=folder, capture_output=True, text=True, check=False
        )
        wall_s, used = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
        if ended.returncode:
            raise SystemExit(ended.stdout[-2000:] + ended.stderr[-2000:])
        asked = [reexplore, "campaign", "status", "funnel.yaml", "--json"]
        told = subprocess.run(asked, cwd=folder, capture_output=True, text=True, check=True)
    status = json.loads(told.stdout)
    by_kind = status["core_seconds_by_kind"]
    cpu_s = used.ru_utime + used.ru_stime
    return {
        "candidates": status["candidates"],
        "model": model,
        "graft": graft,
        "labels": status["labels"],
        "wall_s": round(wall_s, 1),
        "cpu_s": round(cpu_s, 1),
        "wall_s_by_kind": by_kind,
        "largest_process_gb": round(used.ru_maxrss / 1e6, 2),
    }


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--candidates", type=int, default=1_000_000)
    parser.add_argument("--graft", type=int, default=2000)
    parser.add_argument("--model", default="stack", choices=("stack", "tabular"))
    parser.add_argument("--labels", type=int, default=40)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    graft = asked.graft if asked.model == "stack" else 0
    found = run(asked.candidates, model=asked.model, graft=graft, labels=asked.labels)
    if asked.json:
        print(json.dumps(found))
        return
    for name, value in found.items():
        print(f"{name}: {value}")


if __name__ == "__main__":
    main()
