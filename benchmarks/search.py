"""How often the default search for a template finds what ten times its budget finds, and each builder alone.

`python benchmarks/templates.py --json --keep FOLDER` computes ten ligands x (1,6) and (4,0); every finished
case is a file in FOLDER and is not computed again. `--cases 0:4` takes a part of them.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

# One thread: a case is one core's work, and its cost is counted in CPU seconds.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from rich import box
from rich.console import Console
from rich.table import Table

from reexplore.chemistry.candidates import Candidate
from reexplore.chemistry.library import find_scaffold, find_substituent
from reexplore.chemistry.ligands import assemble
from reexplore.chemistry.metals import TEMPLATE_METAL
from reexplore.config import TheoryEntry
from reexplore.errors import CalculationFailed
from reexplore.structures.builders.base import find_builder
from reexplore.structures.search import templates
from reexplore.structures.search.templates import Start, lowest_template

LIGANDS = (
    ("HOPO", "H"),
    ("CAM", "H"),
    ("HDEV", "H"),
    ("thio-HOPO", "H"),
    ("thio-CAM", "H"),
    ("HOPO", "amino"),
    ("CAM", "methyl"),
    ("HDEV", "methoxy"),
    ("HOPO", "nitro"),
    ("CAM", "hydroxymethyl"),
)
STOICHIOMETRIES = ((1, 6), (4, 0))
FACTOR = 10
#: Architector knows ten symmetries of a metal centre; more starts of it would be the same again.
ARCHITECTOR_MOST = 10
SEED = 2026
WITHIN_KCAL_MOL = 0.5
_KCAL_MOL_PER_HARTREE = 627.5094740631


def main() -> None:
    """Compute the cases that are missing and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print the figures as one JSON line, last")
    parser.add_argument("--keep", type=Path, required=True, help="the folder of finished cases")
    parser.add_argument("--cases", default=":", help="a slice of the cases, such as 0:10")
    options = parser.parse_args()
    options.keep.mkdir(parents=True, exist_ok=True)
    cases = [(s, x, n, m) for n, m in STOICHIOMETRIES for s, x in LIGANDS]
    first, last = (int(part) if part else None for part in options.cases.split(":"))
    results = []
    for scaffold, substituent, ligands, waters in cases[first:last]:
        path = options.keep / f"{scaffold}-{substituent}_{ligands}_{waters}.json"
        if not path.is_file():
            found = _case(scaffold, substituent, ligands, waters)
            path.write_text(json.dumps(found, indent=1))
        results.append(json.loads(path.read_text()))
        _show(results[-1])
    Console().print(_table(results))
    if options.json:
        print(json.dumps(_figures(results)))


def _case(scaffold: str, substituent: str, ligands: int, waters: int) -> dict[str, Any]:
    ligand = assemble(find_scaffold(scaffold), (find_substituent(substituent),))
    candidate = Candidate(ligand, TEMPLATE_METAL, ligands, waters)
    theory = TheoryEntry()
    default = {"architector": theory.architector_starts, "placement": theory.placement_starts}
    wide = {"architector": ARCHITECTOR_MOST, "placement": FACTOR * theory.placement_starts}
    _remember()
    starts = _starts(candidate, default)
    by_builder = {name: [s for s in starts if s.builder == name] for name in default}
    runs = {"default": _search(candidate, starts, theory.refine)}
    runs |= {f"{name} alone": _search(candidate, part, theory.refine) for name, part in by_builder.items()}
    runs["ten times"] = _search(candidate, starts + _starts(candidate, wide, SEED + 1), FACTOR * theory.refine)
    return {"candidate": candidate.name, "stoichiometry": [ligands, waters], "runs": runs}


def _starts(candidate: Candidate, counts: dict[str, int], seed: int = SEED) -> list[Start]:
    return [
        Start(structure, name)
        for name, count in counts.items()
        for structure in find_builder(name).build(candidate, count=count, seed=seed)
    ]


def _search(candidate: Candidate, starts: list[Start], refine: int) -> dict[str, Any]:
    began = time.process_time()
    try:
        found = lowest_template(candidate, starts=starts, refine=refine)
    except CalculationFailed as failed:
        return {"energy_hartree": None, "failure": str(failed)}
    return {
        "energy_hartree": found.energy_hartree,
        "builder": found.builder,
        "starts": found.starts,
        "distinct": found.distinct,
        "minima": len(found.minima),
        "rejected": sum(r.count for r in found.rejected),
        "cpu_s": time.process_time() - began,
    }


def _remember() -> None:
    """Let the searches of one case share every calculation on the same geometry."""
    for name in ("settle", "relax"):
        setattr(templates, name, _memory(getattr(templates, name)))


def _memory(function: Callable[..., Any]) -> Callable[..., Any]:
    original = getattr(function, "original", function)
    known: dict[Any, Any] = {}

    def remembered(structure: Any, **options: Any) -> Any:
        key = (structure.key, *sorted(options.items()))
        if key not in known:
            known[key] = original(structure, **options)
        return known[key]

    remembered.original = original  # type: ignore[attr-defined]
    return remembered


def _above(case: dict[str, Any], run: str) -> float | None:
    energy = case["runs"][run]["energy_hartree"]
    lowest = min(r["energy_hartree"] for r in case["runs"].values() if r["energy_hartree"] is not None)
    return None if energy is None else (energy - lowest) * _KCAL_MOL_PER_HARTREE


def _figures(results: list[dict[str, Any]]) -> dict[str, Any]:
    runs = list(results[0]["runs"])
    above = {run: [_above(case, run) for case in results] for run in runs}
    return {
        "cases": len(results),
        "within_0.5_kcal_mol": {
            run: sum(a is not None and a <= WITHIN_KCAL_MOL for a in values) / len(values)
            for run, values in above.items()
        },
        "largest_kcal_mol": {
            run: max((a for a in values if a is not None), default=None) for run, values in above.items()
        },
    }


def _show(case: dict[str, Any]) -> None:
    parts = [f"{run} {a:.2f}" if (a := _above(case, run)) is not None else f"{run} failed" for run in case["runs"]]
    print(f"{case['candidate']}: kcal/mol above the lowest: {', '.join(parts)}", flush=True)


def _table(results: list[dict[str, Any]]) -> Table:
    table = Table(title=f"kcal/mol above the lowest structure found, on {TheoryEntry().surface}", box=box.SIMPLE_HEAD)
    table.add_column("complex")
    for run in results[0]["runs"]:
        table.add_column(run, justify="right")
    for case in results:
        cells = [f"{a:.2f}" if (a := _above(case, run)) is not None else "failed" for run in case["runs"]]
        table.add_row(case["candidate"], *cells)
    return table


if __name__ == "__main__":
    main()
