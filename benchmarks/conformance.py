"""How many complexes of the published kind pass quality control, and why the others do not.

Five scaffolds x four coordinations x six metals; the substituent of each pair of scaffold and coordination is
the next of the library's list. `python benchmarks/conformance.py --json --keep FOLDER`; every finished series is a
file in FOLDER and is not computed again.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections import Counter
from itertools import product
from pathlib import Path
from typing import Any

# One thread: a series is one core's work, and its cost is counted in CPU seconds.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from rich import box
from rich.console import Console
from rich.table import Table

from reexplore.chemistry.candidates import Candidate
from reexplore.chemistry.library import SUBSTITUENTS, find_scaffold
from reexplore.chemistry.ligands import assemble
from reexplore.chemistry.metals import TEMPLATE_METAL, find_metal
from reexplore.errors import CalculationFailed
from reexplore.structures.builders.base import BUILDERS
from reexplore.structures.search.label_geometry import exchange_and_relax
from reexplore.structures.search.templates import Start, lowest_template

SCAFFOLDS = ("HOPO", "thio-HOPO", "CAM", "thio-CAM", "HDEV")
COORDINATIONS = ((1, 6), (2, 4), (3, 2), (4, 0))
METALS = ("Y", "La", "Nd", "Eu", "Dy", "Lu")
#: A tenth to a quarter of the default search: whether structures survive is asked, not which is lowest.
STARTS = {"architector": 2, "placement": 12}
REFINE = 2
SEED = 2026


def main() -> None:
    """Compute the series that are missing and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print the figures as one JSON line, last")
    parser.add_argument("--keep", type=Path, required=True, help="the folder of finished series")
    options = parser.parse_args()
    options.keep.mkdir(parents=True, exist_ok=True)
    substituents = [s for s in SUBSTITUENTS.values() if not s.is_hydrogen]
    found = []
    for number, ((ligands, waters), name) in enumerate(product(COORDINATIONS, SCAFFOLDS)):
        ligand = assemble(find_scaffold(name), (substituents[number % len(substituents)],))
        path = options.keep / f"{ligand.name}_{ligands}_{waters}.json"
        if not path.is_file():
            path.write_text(json.dumps(_series(Candidate(ligand, TEMPLATE_METAL, ligands, waters)), indent=1))
        found.append(json.loads(path.read_text()))
        print(f"{found[-1]['name']}: {dict(Counter(found[-1]['outcomes'].values()))}", flush=True)
    Console().print(_table(found))
    if options.json:
        print(json.dumps(_figures(found)))


def _series(parent: Candidate) -> dict[str, Any]:
    began = time.process_time()
    outcomes: dict[str, str] = {}
    geometries: dict[str, Any] = {}
    attempts: dict[str, int] = {}
    starts, refused = [], {}
    for name, count in STARTS.items():
        try:
            built = BUILDERS[name].build(parent, count=count, seed=SEED)
        except CalculationFailed as failed:
            refused[name] = str(failed)
        else:
            starts += [Start(structure, name) for structure in built]
    try:
        template = lowest_template(parent, starts=starts, refine=REFINE)
    except CalculationFailed as failed:
        outcomes = dict.fromkeys(METALS, f"template {failed.failure.code.value}")
    else:
        for symbol in METALS:
            candidate = Candidate(parent.ligand, find_metal(symbol), parent.ligands, parent.waters)
            try:
                label = exchange_and_relax([template.structure, *template.runners_up], candidate=candidate)
            except CalculationFailed as failed:
                outcomes[symbol] = failed.failure.code.value
            else:
                outcomes[symbol] = "passed"
                attempts[symbol] = len(label.rejected)
                geometries[symbol] = {"extxyz": label.relaxed.structure.to_extxyz()} | label.quality.sphere()
    return {
        "name": parent.name,
        "scaffold": parent.ligand.scaffold,
        "stoichiometry": [parent.ligands, parent.waters],
        "builders_refused": refused,
        "outcomes": outcomes,
        "rejected_attempts": attempts,
        "geometries": geometries,
        "cpu_s": time.process_time() - began,
    }


def _figures(found: list[dict[str, Any]]) -> dict[str, Any]:
    outcomes = Counter(outcome for series in found for outcome in series["outcomes"].values())
    return {
        "complexes": outcomes.total(),
        "passing_fraction": outcomes["passed"] / outcomes.total(),
        "reasons": {reason: count for reason, count in outcomes.items() if reason != "passed"},
        "second_attempts_that_helped": sum(n > 0 for series in found for n in series["rejected_attempts"].values()),
        "cpu_s": sum(series["cpu_s"] for series in found),
    }


def _table(found: list[dict[str, Any]]) -> Table:
    table = Table(title="Complexes that pass quality control, of six metals", box=box.SIMPLE_HEAD)
    table.add_column("complex")
    table.add_column("passed", justify="right")
    table.add_column("CPU s", justify="right")
    table.add_column("others")
    for series in found:
        others = ", ".join(f"{metal} {why}" for metal, why in series["outcomes"].items() if why != "passed")
        passed = sum(why == "passed" for why in series["outcomes"].values())
        table.add_row(series["name"], str(passed), f"{series['cpu_s']:.0f}", others)
    return table


if __name__ == "__main__":
    main()
