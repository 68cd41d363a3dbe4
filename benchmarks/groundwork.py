"""Whether GFN2-xTB energies on screening geometries, computed first, spare labels: the tabular model with and without.

    python benchmarks/groundwork.py [--pool FILE] [--property NAME] [--sizes 12,25,50,100,200] [--seeds 3] [--json]
    python benchmarks/groundwork.py --pool benchmarks/data/hopo-dft.parquet --property quick_kcal_mol --sizes 4,8,12

`FILE` is a pool file (docs/backtest.md). The groundwork is made of the column `screening_gfn2_kcal_mol` where the pool
has it: E(complex) - E(ligand as it lies there), GFN2-xTB/ALPB, on screening geometries. Otherwise it is made of
`--cheap` complexes of `data/gfn2_pool.parquet`, which has to hold the pool's scaffolds. MAE in kcal/mol after the mean
error of each test group (scaffold and metal) is taken off; `gain` is by how much it falls, with its standard error over
seeds. Held out are a quarter of the ligands, three substituents, or one scaffold; splits that a pool cannot fill are
left out. `mean` says nothing but the group's mean.

Two pools are there. `hopo-dft.parquet` has the 16 substituents of `correlation.py` at three levels of DFT.
`pool-sites-gfn2.parquet` has ligands of `data/pool-sites.yaml`, labelled by GFN2-xTB on relaxed geometries (E(complex)
- E(free ligand)): a stand-in while labels by DFT are few. One GFN2-xTB energy says more of another than of DFT.

`make --run FOLDER --out FILE` makes the latter from a run of that campaign, and `make --kept FOLDER --out FILE` the
former from what `correlation.py` kept; both compute energies on screening geometries (a quarter of a second each).
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from tabular import _SITES, _error, _sample
from tabular import POOL as GFN2_POOL

from reexplore.chemistry.candidates import Candidate
from reexplore.chemistry.families import Family
from reexplore.chemistry.library import find_scaffold
from reexplore.chemistry.members import Members
from reexplore.chemistry.metals import find_metal
from reexplore.dataset.files import provenance, read_pool, write_pool
from reexplore.dataset.pool import LabelledPool, checked
from reexplore.dataset.samples import labelled_samples
from reexplore.energies.gfn2 import gfn2_energy, gfn2_interaction_kcal_mol
from reexplore.energies.reactions import HARTREE_TO_KCAL_MOL
from reexplore.errors import CalculationFailed
from reexplore.structures.structure import Layout, Structure
from reexplore.surrogate.groundwork import FEWEST, Groundwork
from reexplore.surrogate.kernels import Around
from reexplore.surrogate.samples import Sample
from reexplore.surrogate.tabular import TabularFit

DATA = Path(__file__).parent / "data"
CHEAP = "screening_gfn2_kcal_mol"
SPLITS = ("random", "unseen substituents", "unseen scaffold")
HELD_SUBSTITUENTS = 3
_FEWEST_TESTED = 4


def run_groundwork(
    pool: Path, *, column: str, sizes: Sequence[int], seeds: int, cheap: int, splits: Sequence[str]
) -> dict[str, Any]:
    """Return errors by split and number of labels, without and with a groundwork."""
    known = read_pool(pool)
    samples = labelled_samples(known, column)
    groundwork = _groundwork(known, cheap)
    told: dict[str, Any] = {"pool": len(samples), "cheap": len(groundwork.known), "seeds": seeds, "mae": {}}
    for split in splits:
        for size in sizes:
            errors: dict[str, list[float]] = {}
            for seed in range(seeds):
                learned, asked = _split(samples, split, size, np.random.default_rng(seed))
                if len(learned) < size or len(asked) < _FEWEST_TESTED:
                    continue
                for name, ground in (("tabular", None), ("with groundwork", groundwork)):
                    said = TabularFit.fit(learned, seed=seed, groundwork=ground).expected(asked)[0]
                    errors.setdefault(name, []).append(_error(said, asked))
                errors.setdefault("mean", []).append(_error(np.zeros(len(asked)), asked))
            if errors:
                found = _summary(errors)
                told["mae"].setdefault(split, {})[str(size)] = found
                print(f"{split}, {size}: {found}", flush=True)
    return told


def _summary(errors: dict[str, list[float]]) -> dict[str, float | None]:
    gain = np.array(errors["tabular"]) - np.array(errors["with groundwork"])
    error = float(gain.std(ddof=1) / np.sqrt(len(gain))) if len(gain) > 1 else None
    means: dict[str, float | None] = {name: round(float(np.mean(values)), 2) for name, values in errors.items()}
    return means | {"gain": round(float(gain.mean()), 2), "gain_error": None if error is None else round(error, 2)}


def _groundwork(pool: LabelledPool, cheap: int) -> Groundwork:
    if CHEAP in pool.properties:
        mine: Sequence[Sample] = labelled_samples(pool, CHEAP)
    else:
        import pyarrow.parquet as pq

        scaffolds = set(pool.table["scaffold"])
        rows = [r for r in pq.read_table(GFN2_POOL).to_pylist() if r["interaction_kcal_mol"] is not None]
        if lacking := scaffolds - {row["scaffold"] for row in rows}:
            raise SystemExit(f"{GFN2_POOL} has no {', '.join(sorted(lacking))}: add a column {CHEAP} to the pool")
        drawn = np.random.default_rng(0).permutation(len(rows))[:cheap]
        mine = [
            _sample(str(i), rows[i]["scaffold"], [rows[i][s] for s in _SITES], rows[i]["metal"], rows[i][_ENERGY])
            for i in drawn
        ]
    known = [(sample.parts, Around.of(sample.group)) for sample in mine]
    if len(known) < FEWEST:
        print(f"a campaign would not lean on {len(known)} energies: it takes {FEWEST}", file=sys.stderr)
    return Groundwork.fit(known, [sample.target_kcal_mol or 0.0 for sample in mine])


_ENERGY = "interaction_kcal_mol"


def _split(
    samples: Sequence[Sample], split: str, size: int, random: np.random.Generator
) -> tuple[list[Sample], list[Sample]]:
    """Return what is learned from and what is asked; of a small pool all that is not learned from may be asked."""
    if split == "random":
        ligands = sorted({sample.ligand for sample in samples})
        held = {ligands[i] for i in random.permutation(len(ligands))[: max(len(ligands) // 4, _FEWEST_TESTED)]}
        is_test = np.array([sample.ligand in held for sample in samples])
    elif split == "unseen substituents":
        names = sorted({name for sample in samples for name in sample.substituents} - {"H"})
        gone = {names[i] for i in random.permutation(len(names))[:HELD_SUBSTITUENTS]}
        is_test = np.array([not gone.isdisjoint(sample.substituents) for sample in samples])
    else:
        scaffolds = sorted({sample.scaffold for sample in samples})
        gone = {scaffolds[random.integers(len(scaffolds))]}
        is_test = np.array([sample.scaffold in gone for sample in samples])
    known = random.permutation(np.flatnonzero(~is_test))[:size]
    return [samples[i] for i in known], [samples[i] for i in np.flatnonzero(is_test)]


def make_relaxed(run: Path, out: Path) -> None:
    """Write the relaxed complexes of a run with their GFN2-xTB energies; the ledger is only read."""
    from reexplore.campaign.steps.screening import Screening
    from reexplore.execution.store import Store

    ledger = sqlite3.connect(f"file:{run}/pool-sites/ledger.sqlite?mode=ro", uri=True)
    told = dict(ledger.execute("SELECT * FROM meta").fetchall())
    store = Store(run / "_store")
    screening = Screening.from_text(store.get_text(told["screening"]), store)

    def relaxed(kind: str) -> dict[str, Structure]:
        rows = ledger.execute("SELECT title, outcome FROM calculation WHERE kind = ? AND state = 'done'", (kind,))
        return {title: Structure.from_extxyz(json.loads(text)["value"]["extxyz"]) for title, text in rows}

    complexes, ligands = relaxed("complex"), relaxed("ligand")
    pool = [screening.pool[key] for key in screening.available()]
    there = [c for c in pool if c.name in complexes and c.ligand.name in ligands]
    geometries = screening.structures(there)

    def rows() -> Iterator[dict[str, Any]]:
        for candidate in there:
            if candidate.key not in geometries:
                continue
            try:
                cheap = gfn2_interaction_kcal_mol(geometries[candidate.key], Layout.of(candidate), candidate.bound)
                parts = [complexes[candidate.name], ligands[candidate.ligand.name]]
                bound, free = (gfn2_energy(part).total_hartree for part in parts)
            except CalculationFailed as failed:
                print(f"{candidate.name}: {failed}", file=sys.stderr)
                continue
            energies = {"relaxed_gfn2_kcal_mol": (bound - free) * HARTREE_TO_KCAL_MOL, CHEAP: cheap}
            yield _row(candidate, screening.parts_of(candidate.key)) | energies

    _write(list(rows()), out, made="benchmarks/groundwork.py make --run")


def make_one_site(kept: Path, out: Path) -> None:
    """Write the substituents of `correlation.py` with what it kept of each level."""
    from label_geometries import SUBSTITUENTS, stored, substituent

    from reexplore.structures.screening.families import screening_geometries
    from reexplore.structures.xtb.surfaces import SURFACES

    scaffold, groups = find_scaffold("HOPO"), tuple(map(substituent, SUBSTITUENTS))
    members = Members.made(scaffold, groups, [(i,) for i in range(len(groups))])
    family = Family(members, (find_metal("La"),), 1, 6)
    candidates = list(family.candidates())
    template = stored("La_HOPO-H_1_6", SURFACES["gfn2-m"])
    rows = []
    for name, group, candidate, geometry in zip(
        SUBSTITUENTS, groups, candidates, screening_geometries(family, template, candidates), strict=True
    ):
        row = _row(candidate, (scaffold.smiles, group.smiles))
        for level in ("workstation", "quick", "paper"):
            totals = [kept / level / f"{each}.json" for each in (f"La_HOPO-{name}_1_6", f"HOPO-{name}")]
            if all(path.is_file() for path in totals):
                bound, free = (json.loads(path.read_text())["terms"]["total_hartree"] for path in totals)
                row[f"{level}_kcal_mol"] = (bound - free) * HARTREE_TO_KCAL_MOL
        rows.append(row | {CHEAP: gfn2_interaction_kcal_mol(geometry, Layout.of(candidate), candidate.bound)})
    _write(rows, out, made="benchmarks/groundwork.py make --kept")


def _row(candidate: Candidate, parts: Sequence[str]) -> dict[str, Any]:
    return {
        "key": candidate.key,
        "name": candidate.name,
        "scaffold": candidate.ligand.scaffold,
        "substituents": list(candidate.ligand.substituents),
        "scaffold_smiles": parts[0],
        "substituent_smiles": list(parts[1:]),
        "metal": candidate.metal.symbol,
        "ligands": candidate.ligands,
        "waters": candidate.waters,
        "ligand_charge": candidate.ligand.charge,
        "charge": candidate.charge,
    }


def _write(rows: list[dict[str, Any]], out: Path, *, made: str) -> None:
    table = checked(pd.DataFrame(rows), source=str(out))
    found = LabelledPool(table, provenance(table, made=made))
    stem = out.with_suffix("")
    print(*write_pool(found, stem, energy_key="", energy=""), len(table))


def main() -> None:
    """Make a pool, or run what was asked for and print its figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("step", nargs="?", choices=("make",))
    parser.add_argument("--run", type=Path)
    parser.add_argument("--kept", type=Path)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--pool", type=Path, default=DATA / "pool-sites-gfn2.parquet")
    parser.add_argument("--property", default="relaxed_gfn2_kcal_mol")
    parser.add_argument("--sizes", default="12,25,50,100,200")
    parser.add_argument("--splits", default=",".join(SPLITS))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--cheap", type=int, default=1000)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if options.step == "make":
        if options.run is not None:
            make_relaxed(options.run, options.out)
        else:
            make_one_site(options.kept, options.out)
        return
    figures = run_groundwork(
        options.pool,
        column=options.property,
        sizes=[int(n) for n in options.sizes.split(",")],
        seeds=options.seeds,
        cheap=options.cheap,
        splits=options.splits.split(","),
    )
    if options.json:
        print(json.dumps(figures))


if __name__ == "__main__":
    main()
