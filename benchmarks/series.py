"""Label geometries in series beside searched ones: what they cost, how their labels scatter, and whether ranks agree.

    python benchmarks/series.py [--ligands 24] [--seconds 600] [--level standard] [--json] [--quick]

Ligands are drawn on HOPO-345N and CAM-456N, six substituents on four sites each, as M(L)(H2O)6 with Gd and Lu. Three
ways: `series` (grafted on the template of the bare scaffold, relaxed), `search` (both builders and the search for a
template of each ligand, as campaigns do by default) and, for the first five ligands of each scaffold, `fivefold`: a
search with five times the starts and minima. A label is E(complex) - E(free ligand): all else is the same within a
metal and scaffold.

Scatter is the root mean square of a label from a ridge on one-hot substituents by position, each left out in its turn:
what no additive model explains. Chemistry that is not additive is in it for either way, so compare the two.

What was computed lies in benchmarks/series.json.xz, geometries included, and is never computed again. A run goes on
from there and stops before it begins more after `--seconds`. `--quick` computes one ligand anew by series and by
search: about five CPU minutes. `--free` tells instead how far three seeds of a free ligand's search differ.
A search takes one to five CPU minutes, a fivefold one up to half an hour, a label in series seconds.
"""

from __future__ import annotations

import argparse
import json
import lzma
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
from rich import box
from rich.console import Console
from rich.table import Table
from scipy.stats import spearmanr
from sklearn.linear_model import Ridge
from sklearn.model_selection import LeaveOneOut, cross_val_predict

from reexplore.campaign.steps.tasks import build_tasks, complex_task, ligand_task, single_point_task, template_task
from reexplore.chemistry.acids import acid_of
from reexplore.chemistry.candidates import Candidate
from reexplore.chemistry.families import Family
from reexplore.chemistry.library import Scaffold, find_scaffold, find_substituent
from reexplore.chemistry.ligands import Ligand, assemble
from reexplore.chemistry.members import Members
from reexplore.chemistry.metals import METALS, TEMPLATE_METAL
from reexplore.config import TheoryEntry
from reexplore.energies.levels import find_level
from reexplore.energies.reactions import HARTREE_TO_KCAL_MOL
from reexplore.errors import CalculationFailed
from reexplore.execution.guard import perform
from reexplore.execution.store import Outcome
from reexplore.execution.task import Task
from reexplore.structures.conformers.free_ligand import lowest_conformer
from reexplore.structures.screening.families import series_template
from reexplore.structures.screening.scaffolding import bare_candidate
from reexplore.structures.structure import Structure

KEPT = Path(__file__).with_name("series.json.xz")
SCAFFOLDS = ("HOPO-345N", "CAM-456N")
#: Small and neutral, from donors to acceptors of electrons.
SUBSTITUENTS = tuple(map(find_substituent, ("H", "methyl", "fluoro", "cyano", "methoxy", "nitro")))
SYMBOLS = ("Gd", "Lu")
WATERS = 6
THEORY = TheoryEntry(level="gfn2")
_TIMES = 5
FIVEFOLD = THEORY.model_copy(
    update={name: _TIMES * getattr(THEORY, name) for name in ("architector_starts", "placement_starts", "refine")}
)
_FIVEFOLD_LIGANDS = 5
_SEED = 2026
#: Of the ridge, in units of one substituent seen once.
_ALPHA = 0.1

#: Free ligands and their acids that are searched for from three seeds.
FREE = (
    ("HOPO", ("chloro",)),
    ("HOPO", ("carboxylic-acid",)),
    ("CAM", ("2-hydroxypyridine",)),
    ("CAM", ("amide",)),
    ("HOPO-345N", ("methyl", "hydroxyl", "dimethylamino", "amino")),
    ("HOPO-345N", ("2-methylbenzoic-acid", "hydroxymethyl", "methyl", "trifluoromethyl")),
)
_SEEDS = (2026, 1, 2)

#: What is printed, by the names of figures.
_SHOWN = {
    "ligands, labelled in both ways": "ligands",
    "CPU-s a label, series": "series_cpu_s",
    "CPU-s a label, search": "search_cpu_s",
    "CPU-s, bare template": "bare_template_cpu_s",
    "scatter, series, kcal/mol": "series_scatter_kcal_mol",
    "scatter, search, kcal/mol": "search_scatter_kcal_mol",
    "series above search, kcal/mol": "series_above_search_kcal_mol",
    "and how that varies, kcal/mol": "spread_kcal_mol",
    "ligands, fivefold": "checked",
    "rank correlation, series": "series_spearman_fivefold",
    "rank correlation, search": "search_spearman_fivefold",
}

Record = dict[str, Any]


class OutOfTimeError(Exception):
    """No more is begun."""


@dataclass
class Results:
    """What is known by name, such as `series/Gd/CAM-456N-H-H-methyl-H`: CPU seconds, geometry or failure, energies."""

    path: Path
    until: float
    store: Path
    known: dict[str, Record] = field(default_factory=dict)

    def of(self, name: str, compute: Callable[[], Record]) -> Record:
        """Return a result, computed and kept where it is not known."""
        if name not in self.known:
            self.require_time()
            self.known[name] = compute()
            self.keep()
            print(f"{name}: {self.known[name].get('failure') or self.known[name]['cpu_s']}", flush=True)
        return self.known[name]

    def energy_kcal_mol(self, name: str, level: str) -> float | None:
        """Return the energy of a geometry at a level, None for one that failed or has to wait."""
        record = self.known.get(name)
        if record is None or "failure" in record:
            return None
        if level not in record:
            self.require_time()
            structure = Structure.from_extxyz(record["extxyz"])
            outcome = self.perform(single_point_task(structure, find_level(level), title=name))
            record[level] = outcome.value["total_hartree"] if outcome.value else None
            self.keep()
        return None if record[level] is None else record[level] * HARTREE_TO_KCAL_MOL

    def perform(self, task: Task) -> Outcome:
        """Compute a task as a worker does."""
        return perform(task, store=self.store, evidence=self.store / "evidence")

    def require_time(self) -> None:
        """Raise `OutOfTimeError` when the time is spent."""
        if time.monotonic() > self.until:
            raise OutOfTimeError

    def keep(self) -> None:
        """Write everything, whole or not at all."""
        partial = self.path.with_suffix(".partial")
        with lzma.open(partial, "wt") as file:
            json.dump(self.known, file, indent=0, sort_keys=True)
        partial.replace(self.path)


def drawn(scaffold: Scaffold, count: int) -> list[tuple[int, ...]]:
    """Return the substituents, by their numbers, of so many ligands; more begin with the same."""
    rng = np.random.default_rng([_SEED, SCAFFOLDS.index(scaffold.name)])
    found: dict[tuple[int, ...], None] = {}
    while len(found) < count:
        found[tuple(int(i) for i in rng.integers(len(SUBSTITUENTS), size=scaffold.sites))] = None
    return list(found)


def ligand_of(scaffold: Scaffold, choice: tuple[int, ...]) -> Ligand:
    """Return a ligand by the numbers of its substituents."""
    return assemble(scaffold, tuple(SUBSTITUENTS[i] for i in choice))


def searched(results: Results, candidate: Candidate, theory: TheoryEntry) -> Record:
    """Build and search for the template of a complex."""
    cpu_s, usable = 0.0, []
    for task in build_tasks(candidate, theory, _SEED):
        built = results.perform(task)
        cpu_s += _cpu_s(built)
        usable += [] if built.run_only else [task]
    found = results.perform(template_task(candidate, usable, theory, _SEED))
    cost = {"cpu_s": round(cpu_s + _cpu_s(found), 1)}
    if found.value is None:
        return cost | {"failure": str(found.failure)}
    return cost | {"extxyz": found.value["extxyz"], "runners_up": list(found.value["runners_up"])}


def _cpu_s(outcome: Outcome) -> float:
    """Return what a calculation cost; of one that was killed only the wall time is known."""
    return float(outcome.provenance.get("cpu_s", outcome.provenance["wall_s"]))


def record_of(outcome: Outcome) -> Record:
    """Return what is kept of a geometry."""
    cost = {"cpu_s": round(_cpu_s(outcome), 1)}
    return cost | ({"failure": str(outcome.failure)} if outcome.value is None else {"extxyz": outcome.extxyz})


def compute(results: Results, scaffold: Scaffold, choice: tuple[int, ...], ways: tuple[str, ...]) -> None:
    """Compute the geometries of one ligand in some ways."""
    ligand = ligand_of(scaffold, choice)
    lanthanum = Candidate(ligand, TEMPLATE_METAL, 1, WATERS)
    results.of(f"free/{ligand.name}", lambda: record_of(results.perform(ligand_task(ligand, THEORY, _SEED))))
    for way in ways:
        theory = FIVEFOLD if way == "fivefold" else THEORY
        if way == "series":
            template = grafted(results, scaffold, choice)
        else:
            template = results.of(f"{way}/{ligand.name}", lambda t=theory: searched(results, lanthanum, t))
        for symbol in SYMBOLS:
            candidate = Candidate(ligand, METALS[symbol], 1, WATERS)
            results.of(f"{way}/{symbol}/{ligand.name}", lambda c=candidate, t=template: relaxed(results, c, t))


def grafted(results: Results, scaffold: Scaffold, choice: tuple[int, ...]) -> Record:
    """Return a ligand on the template of its bare scaffold, which is searched for once."""
    bare = bare_candidate(scaffold, ligands=1, waters=WATERS)
    template = results.of(f"bare/{scaffold.name}", lambda: searched(results, bare, THEORY))
    ligand, metals = ligand_of(scaffold, choice), tuple(METALS[symbol] for symbol in SYMBOLS)
    family = Family(Members.of(scaffold, SUBSTITUENTS, [ligand], [choice]), metals, 1, WATERS)
    try:
        graft = series_template(family, Structure.from_extxyz(template["extxyz"]), ligand)
    except CalculationFailed as failed:
        return {"failure": str(failed.failure), "cpu_s": 0.0}
    return {"extxyz": graft.to_extxyz(), "runners_up": []}


def relaxed(results: Results, candidate: Candidate, template: Record) -> Record:
    """Exchange the metal of a template and relax; a template that failed is a failure."""
    if "failure" in template:
        return {"failure": template["failure"], "cpu_s": 0.0}
    return record_of(results.perform(complex_task(candidate, template, THEORY)))


def labels(results: Results, way: str, symbol: str, ligands: list[Ligand], level: str) -> dict[str, float]:
    """Return the labels in kcal/mol of the ligands that have one, less those of the bare ion and water."""
    found = {}
    for ligand in ligands:
        complex_ = results.energy_kcal_mol(f"{way}/{symbol}/{ligand.name}", level)
        free = results.energy_kcal_mol(f"free/{ligand.name}", level)
        if complex_ is not None and free is not None:
            found[ligand.name] = complex_ - free
    return found


def scatter_kcal_mol(choices: list[tuple[int, ...]], values: list[float]) -> float | None:
    """Return how far labels lie from an additive model that was fitted without them, None for too few."""
    columns = np.array([[choice[site] == s for site in range(len(choice)) for s in range(1, len(SUBSTITUENTS))]
                        for choice in choices], dtype=float)  # fmt: skip
    if len(values) < 8:
        return None
    predicted = cross_val_predict(Ridge(alpha=_ALPHA), columns, np.array(values), cv=LeaveOneOut())
    return float(np.sqrt(np.mean((np.array(values) - predicted) ** 2)))


def cost_s(results: Results, way: str, ligand: Ligand) -> float | None:
    """Return the CPU seconds of geometry of a label, what its metals share in equal parts."""
    names = [f"{way}/{symbol}/{ligand.name}" for symbol in SYMBOLS] + [f"free/{ligand.name}"]
    names += [] if way == "series" else [f"{way}/{ligand.name}"]
    if any(name not in results.known for name in names):
        return None
    return sum(results.known[name]["cpu_s"] for name in names) / len(SYMBOLS)


def rows(results: Results, count: int, level: str) -> Iterator[Record]:
    """Yield the figures of each scaffold and metal on the ligands that were computed in both ways."""
    for name in SCAFFOLDS:
        scaffold = find_scaffold(name)
        choices = {ligand_of(scaffold, choice).name: choice for choice in drawn(scaffold, count)}
        ligands = [ligand_of(scaffold, choice) for choice in choices.values()]
        costs = {w: [c for x in ligands if (c := cost_s(results, w, x)) is not None] for w in ("series", "search")}
        for symbol in SYMBOLS:
            found = {w: labels(results, w, symbol, ligands, level) for w in ("series", "search", "fivefold")}
            both = [x for x in found["series"] if x in found["search"]]
            checked = [x for x in both if x in found["fivefold"]]
            lower = [found["series"][x] - found["search"][x] for x in both]
            yield {
                "scaffold": name,
                "metal": symbol,
                "ligands": len(both),
                "bare_template_cpu_s": results.known.get(f"bare/{name}", {}).get("cpu_s"),
                **{f"{way}_cpu_s": float(np.mean(each)) if each else None for way, each in costs.items()},
                **{
                    f"{way}_scatter_kcal_mol": scatter_kcal_mol(
                        [choices[x] for x in both], [found[way][x] for x in both]
                    )
                    for way in ("series", "search")
                },
                "series_above_search_kcal_mol": float(np.mean(lower)) if lower else None,
                "spread_kcal_mol": float(np.std(lower)) if lower else None,
                "checked": len(checked),
                **{f"{way}_spearman_fivefold": _spearman(found, way, checked) for way in ("series", "search")},
            }


def _spearman(found: dict[str, dict[str, float]], way: str, names: list[str]) -> float | None:
    if len(names) < 4:
        return None
    return float(spearmanr([found[way][x] for x in names], [found["fivefold"][x] for x in names]).statistic)


def failures(results: Results) -> dict[str, int]:
    """Return how many geometries failed in each way."""
    failed = [name.split("/")[0] for name, record in results.known.items() if "failure" in record]
    return {way: failed.count(way) for way in sorted(set(failed))}


def show(found: list[Record], level: str) -> Table:
    """Return the figures as a table, one line each."""
    table = Table(title=f"series beside search, labels at {level}", title_justify="left", box=box.SIMPLE_HEAD)
    table.add_column("", no_wrap=True)
    for row in found:
        table.add_column(f"{row['scaffold']}, {row['metal']}", justify="right")
    for name, key in _SHOWN.items():
        values = [row[key] for row in found]
        shown = ("–" if value is None else str(value) if isinstance(value, int) else f"{value:.2f}" for value in values)
        table.add_row(name, *shown)
    return table


def show_free(conformers: int) -> list[Record]:
    """Print for each free ligand and its acid how far the search from each seed ends above the lowest, kcal/mol."""
    found = []
    for name, substituents in FREE:
        ligand = assemble(find_scaffold(name), tuple(map(find_substituent, substituents)))
        for what, free in (("anion", ligand), ("acid", acid_of(ligand))):
            began = time.process_time()
            energies = [lowest_conformer(free, count=conformers, seed=s).relaxed.energy_hartree for s in _SEEDS]
            above = [round((energy - min(energies)) * HARTREE_TO_KCAL_MOL, 2) for energy in energies]
            cpu_s = round((time.process_time() - began) / len(_SEEDS), 1)
            found.append({"ligand": ligand.name, "as": what, "above_kcal_mol": above, "cpu_s": cpu_s})
            print(f"{ligand.name}, {what}: {above} kcal/mol, {cpu_s} CPU-s each", flush=True)
    return found


def main() -> None:
    """Compute what is missing within the time, and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ligands", type=int, default=24, help="of each scaffold")
    parser.add_argument("--seconds", type=float, default=600.0, help="nothing more is begun after so long")
    parser.add_argument("--level", default="gfn2", help="of the labels")
    parser.add_argument("--ways", default="series,search,fivefold", help="which geometries are computed")
    parser.add_argument("--keep", type=Path, default=KEPT, help="the file of results")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--quick", action="store_true", help="one ligand anew by series and by search")
    parser.add_argument("--free", action="store_true", help="free ligands from three seeds")
    parser.add_argument("--conformers", type=int, default=THEORY.ligand_conformers, help="of --free")
    options = parser.parse_args()
    if options.free:
        free = show_free(options.conformers)
        if options.json:
            print(json.dumps({"free": free}))
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "quick.json.xz" if options.quick else options.keep
        known = json.loads(lzma.decompress(path.read_bytes())) if path.is_file() else {}
        results = Results(path, time.monotonic() + options.seconds, Path(folder) / "store", known)
        count = 1 if options.quick else options.ligands
        ways = tuple(options.ways.split(","))
        try:
            # Breadth first: every scaffold has some of everything after a short time.
            for number in range(count):
                for name in SCAFFOLDS[: 1 if options.quick else None]:
                    mine = [w for w in ways if w != "fivefold" or (number < _FIVEFOLD_LIGANDS and not options.quick)]
                    compute(results, find_scaffold(name), drawn(find_scaffold(name), count)[number], tuple(mine))
            found = list(rows(results, count, options.level))
        except OutOfTimeError:
            print("out of time: run it again to go on", flush=True)
            results.until = np.inf if options.level == "gfn2" else results.until
            found = list(rows(results, count, options.level))
        Console().print(show(found, options.level))
        print(f"geometries that failed: {failures(results)}")
        if options.json:
            print(json.dumps({"level": options.level, "rows": found, "failed": failures(results)}))


if __name__ == "__main__":
    main()
