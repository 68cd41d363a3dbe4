"""What structures cost: screening geometries an hour, label geometries a core-hour, what a template saves.

    python benchmarks/structures.py --json [--seconds 600] [--keep FOLDER]

Screening: benchmarks/screening.py for `--seconds` on two processes, its ensemble of four included.
Label geometries: the default search of both builders, run as a campaign runs it, every task in a process
of its own and counted in CPU seconds with its imports; with `--keep` finished tasks are not computed
again. Screening geometries are compared with the label geometries of the same complexes, and with the
minimum they relax to themselves. Architector's own relaxation runs beside it on the second core.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from rich import box
from rich.console import Console
from rich.table import Table
from screening import run_throughput

from reexplore.campaign.steps.tasks import build_tasks, complex_task, template_task
from reexplore.chemistry.candidates import Candidate
from reexplore.chemistry.families import Family
from reexplore.chemistry.library import SUBSTITUENTS, find_scaffold
from reexplore.chemistry.ligands import assemble
from reexplore.chemistry.members import Members
from reexplore.chemistry.metals import TEMPLATE_METAL, find_metal
from reexplore.config import TheoryEntry
from reexplore.execution.executor import SerialExecutor
from reexplore.execution.store import Outcome
from reexplore.execution.task import Task
from reexplore.structures.conformers.duplicates import Comparison
from reexplore.structures.screening.families import screening_geometries
from reexplore.structures.structure import Structure
from reexplore.structures.xtb.relax import relax

SCAFFOLD = "HOPO"
SUBSTITUENT_NAMES = ("methyl", "fluoro")
METALS = ("Eu", "Lu")
STOICHIOMETRIES = ((1, 6), (4, 0))
SEED = 2026
#: Architector's own relaxation is stopped after this; what it did not finish has no rate.
ARCHITECTOR_LIMIT_S = 600

_ARCHITECTOR = """
import pathlib, resource, sys
from architector import build_complex
built = build_complex({
    "core": {"metal": "La", "coreCN": 8},
    "ligands": [{"smiles": %r, "coordList": %r, "ligType": "bi_cis"}] * %d,
    "parameters": {"metal_ox": 3, "relax": True, "full_method": "GFN2-xTB", "assemble_method": "GFN2-xTB",
                   "xtb_solvent": "water", "n_conformers": 1, "n_symmetries": 1, "fill_ligand": "water"},
})
assert built
pathlib.Path(sys.argv[1]).write_text(str(resource.getrusage(resource.RUSAGE_SELF).ru_utime))
"""


def main() -> None:
    """Measure, print a table and, last, the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print the figures as one JSON line, last")
    parser.add_argument("--seconds", type=float, default=600.0, help="length of the screening run")
    parser.add_argument("--keep", type=Path, help="a folder for finished calculations")
    options = parser.parse_args()
    figures: dict[str, Any] = {"label_geometries_per_core_hour": {}}
    gains: dict[str, dict[str, float]] = {}
    apart: list[float] = []
    own: list[float] = []
    with tempfile.TemporaryDirectory(prefix="reexplore-structures-") as name, ThreadPoolExecutor(1) as beside:
        rates = {f"({n},{m})": beside.submit(_architector_rate, n, Path(name)) for n, m in STOICHIOMETRIES}
        bench = _Bench(options.keep or Path(name))
        for ligands, waters in STOICHIOMETRIES:
            which = f"({ligands},{waters})"
            cost, gains[which], far, near = bench.measure(ligands, waters)
            figures["label_geometries_per_core_hour"][which] = round(3600 / cost, 1)
            apart, own = apart + far, own + near
        figures["architector_gfn2_per_core_hour"] = {which: rate.result() for which, rate in rates.items()}
    figures["template_reuse_gain"] = gains
    throughput = run_throughput(options.seconds)
    figures |= {name: throughput[name] for name in ("screening_complexes_per_hour", "clash_free_fraction")}
    figures |= {
        "screening_rmsd_angstrom": round(float(np.median(apart)), 3),
        "screening_rmsd_to_own_minimum_angstrom": round(float(np.median(own)), 3),
        "screening": throughput,
    }
    Console().print(_table(figures))
    if options.json:
        print(json.dumps(figures))


class _Bench:
    """Runs the tasks of label geometries and adds up what they cost."""

    def __init__(self, folder: Path) -> None:
        self._executor = SerialExecutor(store=folder / "_store", evidence=folder / "_evidence")
        self._theory = TheoryEntry()

    def measure(self, ligands: int, waters: int) -> tuple[float, dict[str, float], list[float], list[float]]:
        """Return CPU s of a label geometry, the gain per metal, and how far screening geometries lie off, Å."""
        scaffold = find_scaffold(SCAFFOLD)
        substituents = tuple(SUBSTITUENTS[name] for name in SUBSTITUENT_NAMES)
        bare = Candidate(assemble(scaffold, (SUBSTITUENTS["H"],)), TEMPLATE_METAL, ligands, waters)
        metals = tuple(map(find_metal, METALS))
        family = Family(Members.made(scaffold, substituents, ((0,), (1,))), metals, ligands, waters)
        template, _ = self._template(bare)
        costs, apart, own = [], [], []
        exchanges: dict[str, list[float]] = {symbol: [] for symbol in METALS}
        for ligand in family.members:
            found, searching = self._template(Candidate(ligand, TEMPLATE_METAL, ligands, waters))
            costs.append(searching)
            for symbol in METALS:
                candidate = Candidate(ligand, find_metal(symbol), ligands, waters)
                label = self._run(complex_task(candidate, found, self._theory))
                exchanges[symbol].append(label.provenance["cpu_s"])
                (grafted,) = screening_geometries(family, Structure.from_extxyz(template["extxyz"]), [candidate])
                comparison = Comparison(candidate)
                apart.append(comparison.rmsd_angstrom(grafted, Structure.from_extxyz(label.extxyz)))
                own.append(comparison.rmsd_angstrom(grafted, relax(grafted).structure))
        gain = {symbol: round(float(np.mean(costs) / np.mean(spent)), 1) for symbol, spent in exchanges.items()}
        return float(np.mean(costs)), gain, apart, own

    def _template(self, candidate: Candidate) -> tuple[dict[str, Any], float]:
        builds = build_tasks(candidate, self._theory, SEED)
        outcomes = [self._run(task) for task in builds]
        outcomes.append(self._run(template_task(candidate, builds, self._theory, SEED)))
        value = outcomes[-1].value
        if value is None:
            raise SystemExit(f"no template of {candidate.name}: {outcomes[-1].failure}")
        return value, sum(outcome.provenance["cpu_s"] for outcome in outcomes)

    def _run(self, task: Task) -> Outcome:
        outcome = self._executor.submit(task).result()
        print(f"{task.kind} {task.title}: {outcome.provenance['cpu_s']:.1f} CPU-s", flush=True)
        return outcome


def _architector_rate(ligands: int, folder: Path) -> float | None:
    """Return label geometries per core-hour of Architector's own GFN2-xTB path, None when it was stopped."""
    ligand = assemble(find_scaffold(SCAFFOLD), (SUBSTITUENTS[SUBSTITUENT_NAMES[0]],))
    program = _ARCHITECTOR % (ligand.smiles, list(ligand.donors), ligands)
    told = folder / f"architector-{ligands}.txt"
    try:
        subprocess.run(
            [sys.executable, "-c", program, str(told)],
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=ARCHITECTOR_LIMIT_S,
            cwd=folder,
            env={**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        )
    except subprocess.TimeoutExpired:
        return None
    return round(3600 / float(told.read_text()), 1)


def _table(figures: dict[str, Any]) -> Table:
    table = Table(title="What structures cost", box=box.SIMPLE_HEAD)
    table.add_column("figure")
    table.add_column("value", justify="right")
    for name, value in figures.items():
        if isinstance(value, dict) and name != "screening":
            for which, inner in value.items():
                table.add_row(f"{name} {which}", str(inner))
        elif name != "screening":
            table.add_row(name, f"{value:,}")
    return table


if __name__ == "__main__":
    main()
