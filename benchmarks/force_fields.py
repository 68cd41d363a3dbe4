"""Which version of the force field leads a search further: the same starts settled with each.

    python benchmarks/force_fields.py --keep FOLDER [--cases 0:4] [--json]

Ten ligands x (1,6) and four x (4,0), thirty starts of placement each, the default search on gfn2-m once with GFN-FF of
xtb-python (1) and once with that of the package gfnff (2). Every finished search is a file in FOLDER. A search succeeds
when its lowest structure is within 0.5 kcal/mol of the lower of the two. Python 3.11, for xtb-python. 1 to 4
CPU minutes a search at (1,6), 5 to 15 at (4,0).
"""

from __future__ import annotations

import argparse
import json
import os
import time
from pathlib import Path
from typing import Any

# One thread: a case is one core's work, and its cost is counted in CPU seconds.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from rich import box
from rich.console import Console
from rich.table import Table
from search import LIGANDS, SEED, WITHIN_KCAL_MOL

from reexplore.chemistry.candidates import Candidate
from reexplore.chemistry.library import find_scaffold, find_substituent
from reexplore.chemistry.ligands import assemble
from reexplore.chemistry.metals import TEMPLATE_METAL
from reexplore.config import TheoryEntry
from reexplore.errors import CalculationFailed
from reexplore.structures.builders.placement import place_complexes
from reexplore.structures.search.templates import Start, lowest_template

VERSIONS = (1, 2)
#: Ten of the first stoichiometry, the first four of the second.
CASES = [(*ligand, 1, 6) for ligand in LIGANDS] + [(*ligand, 4, 0) for ligand in LIGANDS[:4]]
_KCAL_MOL_PER_HARTREE = 627.5094740631


def search(scaffold: str, substituent: str, ligands: int, waters: int, *, force_field: int) -> dict[str, Any]:
    """Return what the default search finds from placement's starts with a version of the force field."""
    ligand = assemble(find_scaffold(scaffold), (find_substituent(substituent),))
    candidate, theory = Candidate(ligand, TEMPLATE_METAL, ligands, waters), TheoryEntry()
    placed = place_complexes(candidate, count=theory.placement_starts, seed=SEED)
    began = time.process_time()
    try:
        found = lowest_template(
            candidate,
            starts=[Start(structure, "placement") for structure in placed],
            refine=theory.refine,
            force_field=force_field,
        )
    except CalculationFailed as failed:
        return {"name": candidate.name, "energy_hartree": None, "failure": str(failed), "cpu_s": _since(began)}
    lost = sum(r.count for r in found.rejected if r.stage == "force field")
    return {
        "name": candidate.name,
        "energy_hartree": found.energy_hartree,
        "lost": lost,
        "distinct": found.distinct,
        "minima": len(found.minima),
        "cpu_s": _since(began),
    }


def _since(began: float) -> float:
    return round(time.process_time() - began, 1)


def compared(pairs: list[tuple[dict[str, Any], dict[str, Any]]]) -> dict[str, Any]:
    """Return how often each version finds the lower of the two structures, and what it costs."""
    figures: dict[str, Any] = {"cases": len(pairs)}
    for number, version in enumerate(VERSIONS):
        above = [_above(pair, number) for pair in pairs]
        figures[f"successes_{version}"] = sum(a is not None and a <= WITHIN_KCAL_MOL for a in above)
        figures[f"cpu_s_{version}"] = round(sum(pair[number]["cpu_s"] for pair in pairs))
    return figures


def _above(pair: tuple[dict[str, Any], dict[str, Any]], number: int) -> float | None:
    energies = [found["energy_hartree"] for found in pair]
    if energies[number] is None:
        return None
    return float((energies[number] - min(e for e in energies if e is not None)) * _KCAL_MOL_PER_HARTREE)


def main() -> None:
    """Run the searches that are missing and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keep", type=Path, required=True, help="the folder of finished searches")
    parser.add_argument("--cases", default=":", help="a slice of the cases, such as 0:10")
    parser.add_argument("--json", action="store_true", help="print the figures as one JSON line, last")
    options = parser.parse_args()
    options.keep.mkdir(parents=True, exist_ok=True)
    first, last = (int(part) if part else None for part in options.cases.split(":"))
    pairs = []
    table = Table(box=box.SIMPLE_HEAD)
    for heading in ("complex", "1 above, kcal/mol", "2 above", "1 lost starts", "2", "1 CPU-s", "2"):
        table.add_column(heading, justify="right" if heading != "complex" else "left")
    for case in CASES[first:last]:
        found = []
        for version in VERSIONS:
            path = options.keep / f"{'-'.join(map(str, case))}_{version}.json"
            if not path.is_file():
                path.write_text(json.dumps(search(*case, force_field=version)))
            found.append(json.loads(path.read_text()))
        pair = (found[0], found[1])
        pairs.append(pair)
        above = [_above(pair, number) for number in range(2)]
        told = ["–" if a is None else f"{a:.2f}" for a in above]
        row = [found[0]["name"], *told, *(str(f.get("lost", "–")) for f in found), *(str(f["cpu_s"]) for f in found)]
        table.add_row(*row)
        print(*row, flush=True)
    Console().print(table)
    if options.json:
        print(json.dumps(compared(pairs)))


if __name__ == "__main__":
    main()
