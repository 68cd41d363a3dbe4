"""The tabular surrogate: a million candidates by the clock, and its errors beside the baselines'.

    python benchmarks/tabular.py [--json] [--candidates 1000000] [--labels 200]
    python benchmarks/tabular.py --errors [--pool FILE] [--sizes 12,50,200] [--seeds 5] [--json]

Without `--errors` the members are fitted to invented labels and asked about HOPO-345N x 25^4 substituents x as many
metals as are needed, family chunk by family chunk as a campaign asks; assembling the ligands is not in it. Time, and
the largest memory of the process.

With `--errors` it learns from the GFN2-xTB pool (`gfn2_pool.py`) and is asked about what it has not seen: complexes
drawn by lot, ligands with substituents that no training ligand has (five of them), ligands on a scaffold that none has.
Beside it: the composition line, a one-hot ridge, boosting on the same choices, and the parts of the tabular model. MAE
in kcal/mol after the mean error of each test group (scaffold and metal) is taken off, mean over seeds; and the share of
labels inside their 90 % intervals, calibrated on out-of-fold residuals as a campaign does. GFN2-xTB orders metals and
substituents otherwise than DFT.
"""

from __future__ import annotations

import argparse
import json
import resource
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from reexplore.chemistry.candidates import Group
from reexplore.chemistry.library import SUBSTITUENTS, find_scaffold
from reexplore.chemistry.metals import SERIES
from reexplore.surrogate.base import HoldOut
from reexplore.surrogate.calibration import TRUSTED_FROM, calibrate_intervals
from reexplore.surrogate.choices import Choices, gathered
from reexplore.surrogate.kernels import Around
from reexplore.surrogate.lines import Line, What
from reexplore.surrogate.samples import Sample
from reexplore.surrogate.tabular import Tabular, TabularFit

SCAFFOLD = "HOPO-345N"
MEMBERS = 4
#: Ligands of one task of a campaign.
CHUNK = 4000
POOL = Path(__file__).parent / "data" / "gfn2_pool.parquet"
SITES = 4
_SITES = [f"site_{number}" for number in range(1, SITES + 1)]
HELD_SUBSTITUENTS = 5
TESTED = 600
_LINES: dict[str, What] = {"composition": "composition", "one-hot": "choices"}


def run_million(*, candidates: int, labels: int) -> dict[str, Any]:
    """Return how long members take to learn, and to predict so many candidates."""
    with tempfile.TemporaryDirectory() as name:
        paths = [Path(name) / f"{member}" for member in range(MEMBERS)]
        samples = _invented(labels)
        started = time.monotonic()
        for member, path in enumerate(paths):
            Tabular.train(samples, HoldOut(member, MEMBERS, 0, whole_ligands=True), {}, path)
        training_s = time.monotonic() - started
        every = np.array(list(product(range(len(SUBSTITUENTS)), repeat=SITES)), dtype=np.intp)
        metals = [m.symbol for m in SERIES if 8 in m.usual_numbers][: -(-candidates // len(every))]
        rows = -(-candidates // len(metals))
        groups = tuple(s.smiles for s in SUBSTITUENTS.values())
        around = tuple(Around(metal, 1, 6) for metal in metals)
        started, cpu = time.monotonic(), time.process_time()
        ensemble = Tabular.load(paths)
        found = []
        for start in range(0, rows, CHUNK):
            asked = Choices(find_scaffold(SCAFFOLD).smiles, groups, every[start : min(start + CHUNK, rows)], around)
            found.append(ensemble.predict_ligands(asked, None))
        table = np.concatenate(found).reshape(rows * len(metals), -1)
        wall_s, cpu_s = time.monotonic() - started, time.process_time() - cpu
    return {
        "candidates": len(table),
        "joint_samples": table.shape[1],
        "labels": labels,
        "training_s": round(training_s, 1),
        "tabular_million_s": round(wall_s * 1e6 / len(table), 1),
        "tabular_million_cpu_s": round(cpu_s * 1e6 / len(table), 1),
        "largest_memory_gb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6, 2),
    }


def _invented(count: int) -> list[Sample]:
    random = np.random.default_rng(0)
    names = list(SUBSTITUENTS)
    worth = dict(zip(names, random.normal(0, 2, len(names)), strict=True))
    found = []
    for number in range(count):
        groups, metal = [str(name) for name in random.choice(names, SITES)], ("La", "Gd", "Lu")[number % 3]
        energy = -170 + sum(worth[name] for name in groups) - 10 * (number % 3) + random.normal()
        found.append(_sample(str(number), SCAFFOLD, groups, metal, energy))
    return found


def _sample(key: str, scaffold: str, groups: Sequence[str], metal: str, energy: float) -> Sample:
    known = find_scaffold(scaffold)
    parts = (known.smiles, *(SUBSTITUENTS[name].smiles for name in groups))
    return Sample(key, None, Group(metal, 1, 6, known.charge), scaffold, tuple(groups), energy, parts)


def run_errors(pool: Path, *, sizes: Sequence[int], seeds: int) -> dict[str, Any]:
    """Return errors and coverage by split, number of labels and model."""
    import pyarrow.parquet as pq

    rows = [row for row in pq.read_table(pool).to_pylist() if row["interaction_kcal_mol"] is not None]
    samples = [
        _sample(str(number), row["scaffold"], [row[site] for site in _SITES], row["metal"], row["interaction_kcal_mol"])
        for number, row in enumerate(rows)
    ]
    told: dict[str, Any] = {"pool": len(samples), "seeds": seeds, "mae": {}, "coverage_90": {}}
    for split, size in product(("random", "unseen substituents", "unseen scaffold"), sizes):
        errors: dict[str, list[float]] = {}
        covered = []
        for seed in range(seeds):
            known, asked = _split(samples, split, size, np.random.default_rng(seed))
            for model, said in _models(known, asked, seed).items():
                errors.setdefault(model, []).append(_error(said, asked))
            covered.append(_coverage(known, asked, seed))
        told["mae"].setdefault(split, {})[str(size)] = {
            model: round(float(np.mean(values)), 2) for model, values in errors.items()
        }
        told["coverage_90"].setdefault(split, {})[str(size)] = round(float(np.mean(covered)), 3)
        print(f"{split}, {size}: {told['mae'][split][str(size)]}, {told['coverage_90'][split][str(size)]}", flush=True)
    return told


def _split(
    samples: Sequence[Sample], split: str, size: int, random: np.random.Generator
) -> tuple[list[Sample], list[Sample]]:
    if split == "random":
        # By ligand: what is known of one metal is no prediction of another.
        ligands = sorted({sample.ligand for sample in samples})
        held = {ligands[i] for i in random.permutation(len(ligands))[: len(ligands) // 4]}
        is_test = np.array([sample.ligand in held for sample in samples])
    elif split == "unseen substituents":
        names = sorted(set(SUBSTITUENTS) - {"H"})
        gone = {names[i] for i in random.permutation(len(names))[:HELD_SUBSTITUENTS]}
        is_test = np.array([not gone.isdisjoint(sample.substituents) for sample in samples])
    else:
        scaffolds = sorted({sample.scaffold for sample in samples})
        gone = {scaffolds[random.integers(len(scaffolds))]}
        is_test = np.array([sample.scaffold in gone for sample in samples])
    known = random.permutation(np.flatnonzero(~is_test))[:size]
    asked = random.permutation(np.flatnonzero(is_test))[:TESTED]
    return [samples[i] for i in known], [samples[i] for i in asked]


def _models(known: Sequence[Sample], asked: Sequence[Sample], seed: int) -> dict[str, np.ndarray]:
    target = np.array([sample.target_kcal_mol for sample in known])
    labelled = [(s.parts, Around.of(s.group)) for s in known]
    questions = [(s.parts, Around.of(s.group)) for s in asked]
    lines = {name: Line.fitted(what, labelled, target) for name, what in _LINES.items()}
    found = {name: line.expected(questions) for name, line in lines.items()}
    found["boosting"] = _boosting(known, asked, seed)
    fit = TabularFit.fit(known, seed=seed)
    found["process"] = replace(fit, share=1.0).expected(asked)[0]
    found["descriptor boosting"] = replace(fit, share=0.0).expected(asked)[0]
    found["tabular"] = fit.expected(asked)[0]
    return found


def _boosting(known: Sequence[Sample], asked: Sequence[Sample], seed: int) -> np.ndarray:
    """Return what gradient boosting on one-hot choices says."""
    from sklearn.ensemble import GradientBoostingRegressor

    def names(sample: Sample) -> list[str]:
        return [sample.scaffold, sample.group.metal, *sample.substituents]

    columns = sorted({name for sample in known for name in names(sample)})

    def table(samples: Sequence[Sample]) -> np.ndarray:
        return np.array([[names(sample).count(name) for name in columns] for sample in samples], dtype=np.float64)

    model = GradientBoostingRegressor(
        n_estimators=200, max_depth=3, learning_rate=0.07, subsample=0.7, random_state=seed
    )
    return np.asarray(model.fit(table(known), [s.target_kcal_mol for s in known]).predict(table(asked)))


def _error(said: np.ndarray, asked: Sequence[Sample]) -> float:
    error = said - np.array([sample.target_kcal_mol for sample in asked])
    groups = np.array([f"{sample.scaffold} {sample.group.metal}" for sample in asked])
    for group in np.unique(groups):
        error[groups == group] -= error[groups == group].mean()
    return float(np.abs(error).mean())


def _coverage(known: Sequence[Sample], asked: Sequence[Sample], seed: int) -> float:
    """Return the share of labels in their 90 % interval, the ensemble trained and calibrated as a campaign does."""
    ligands = len({sample.ligand for sample in known})
    members = ligands if len(known) < TRUSTED_FROM else min(MEMBERS, ligands)
    with tempfile.TemporaryDirectory() as name:
        paths = [Path(name) / f"{member}" for member in range(members)]
        reports = [
            Tabular.train(known, HoldOut(member, members, seed, whole_ligands=True), {}, path)
            for member, path in enumerate(paths)
        ]
        ensemble = Tabular.load(paths)
    held = {key: value for report in reports for key, value in report.out_of_fold_kcal_mol.items()}
    spread = {key: value for report in reports for key, value in (report.out_of_fold_spread_kcal_mol or {}).items()}
    fitted = calibrate_intervals(
        [held[sample.key] - (sample.target_kcal_mol or 0.0) for sample in known],
        [spread[sample.key] for sample in known],
        declared_floor_kcal_mol=5.0,
    )
    inside = 0
    for rows, some in gathered([(s.parts, Around.of(s.group)) for s in asked]):
        said = ensemble.predict_ligands(some, None)[:, 0]
        error = said.mean(axis=-1) - np.array([asked[row].target_kcal_mol for row in rows])
        inside += int((np.abs(error) <= 1.6449 * fitted.sigma(said.std(axis=-1, ddof=1))).sum())
    return inside / len(asked)


def main() -> None:
    """Run what was asked for and print its figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--errors", action="store_true")
    parser.add_argument("--pool", type=Path, default=POOL)
    parser.add_argument("--sizes", default="12,50,200")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--candidates", type=int, default=1_000_000)
    parser.add_argument("--labels", type=int, default=200)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if options.errors:
        figures = run_errors(options.pool, sizes=[int(n) for n in options.sizes.split(",")], seeds=options.seeds)
    else:
        figures = run_million(candidates=options.candidates, labels=options.labels)
        for name, value in figures.items():
            print(f"{name:24s} {value}")
    if options.json:
        print(json.dumps(figures))


if __name__ == "__main__":
    main()
