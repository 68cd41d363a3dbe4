"""The stack beside its parts and the baselines on complexes with screening geometries, and what each costs to train.

    python benchmarks/stack.py [--labels 200] [--seeds 1] [--splits random] [--tested 300] [--parts] [--json]

Complexes of the GFN2-xTB pool (`gfn2_pool.py`) are grafted on its templates again. One member of the stack learns all
labels and says what each of its parts says: the tabular model, the composition line, the one-hot ridge and Allegro with
the metal's readout. Splits, boosting on choices and errors are those of `tabular.py --errors`: MAE in kcal/mol after
the mean error of each test group is taken off. `weights` are the stack's; with `--parts` there is no stack, which costs
most, but the plain mean of the tabular model and Allegro. `training_cpu_s` is what one member costs, of the tabular
model, of Allegro, and of the stack with them. GFN2-xTB orders metals and substituents otherwise than DFT.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import numpy as np
import pyarrow.parquet as pq
import torch
from gfn2_pool import LIGANDS, METALS, WATERS
from tabular import _SITES, POOL, _boosting, _error, _sample, _split

from reexplore.chemistry.families import Family
from reexplore.chemistry.library import SUBSTITUENTS, find_scaffold
from reexplore.chemistry.members import Members
from reexplore.chemistry.metals import find_metal
from reexplore.structures.screening.families import screening_geometries
from reexplore.structures.structure import Structure
from reexplore.surrogate.allegro_surrogate import Allegro
from reexplore.surrogate.base import HoldOut
from reexplore.surrogate.lines import Line
from reexplore.surrogate.samples import Sample
from reexplore.surrogate.stack import MODELS, Stack, _Fitted
from reexplore.surrogate.tabular import TabularFit

SPLITS = ("random", "unseen substituents", "unseen scaffold")
_NOTHING_OUT = HoldOut(2, 2, 0)
_DECLARED = {"readout": "metal"}


def with_geometries(samples: Sequence[Sample], templates: dict[str, str]) -> list[Sample]:
    """Return samples of the pool with their screening geometries, in the same order."""
    substituents = tuple(SUBSTITUENTS.values())
    numbers = {each.name: i for i, each in enumerate(substituents)}
    found: dict[str, Structure] = {}
    for scaffold in sorted({sample.scaffold for sample in samples}):
        mine = [sample for sample in samples if sample.scaffold == scaffold]
        choices = tuple(sorted({tuple(numbers[name] for name in sample.substituents) for sample in mine}))
        known = find_scaffold(scaffold)
        metals = tuple(map(find_metal, METALS))
        family = Family(Members.made(known, substituents, choices), metals, LIGANDS, WATERS)
        candidates = list(family.candidates())
        named = {(c.ligand.substituents, c.metal.symbol): c for c in candidates}
        asked = [named[sample.substituents, sample.group.metal] for sample in mine]
        made = screening_geometries(family, Structure.from_extxyz(templates[scaffold]), asked)
        found |= {sample.key: structure for sample, structure in zip(mine, made, strict=True)}
    return [replace(sample, structure=found[sample.key]) for sample in samples]


def run_stack(*, labels: int, seeds: int, splits: Sequence[str], tested: int, parts: bool) -> dict[str, Any]:
    """Return errors, weights and costs; see the module."""
    torch.set_num_threads(1)
    file = pq.read_table(POOL)
    templates = json.loads(file.schema.metadata[b"made"])["templates"]
    rows = [row for row in file.to_pylist() if row["interaction_kcal_mol"] is not None]
    samples = [
        _sample(str(number), row["scaffold"], [row[site] for site in _SITES], row["metal"], row["interaction_kcal_mol"])
        for number, row in enumerate(rows)
    ]
    told: dict[str, Any] = {"labels": labels, "seeds": seeds, "mae": {}, "weights": {}, "training_cpu_s": {}}
    for split in splits:
        errors: dict[str, list[float]] = {}
        weights, costs = [], []
        for seed in range(seeds):
            known, asked = _split(samples, split, labels, np.random.default_rng(seed))
            known, asked = (with_geometries(part, templates) for part in (known, asked[:tested]))
            said, weighed, cost = _parts(known, asked) if parts else _stack(known, asked)
            said["boosting"] = _boosting(known, asked, seed)
            for model, values in said.items():
                errors.setdefault(model, []).append(_error(values, asked))
            weights.append(weighed)
            costs.append(cost)
        told["mae"][split] = {model: round(float(np.mean(values)), 2) for model, values in errors.items()}
        told["weights"][split] = dict(zip(MODELS, np.mean(weights, axis=0).round(2).tolist(), strict=True))
        told["training_cpu_s"][split] = {name: round(float(np.mean([c[name] for c in costs])), 1) for name in costs[0]}
        print(f"{split}: {told['mae'][split]}, {told['weights'][split]}, {told['training_cpu_s'][split]}", flush=True)
    return told


def _parts(
    known: Sequence[Sample], asked: Sequence[Sample]
) -> tuple[dict[str, np.ndarray], list[float], dict[str, float]]:
    """Return what the models of a stack say of samples, the weights of a plain mean, and what they cost."""
    with tempfile.TemporaryDirectory() as name:
        clock = time.process_time()
        fitted = _Fitted.to(known, Stack.settings(_DECLARED), seed=0, network=Path(name) / "allegro.pt")
        cost = {"all parts": time.process_time() - clock}
        each = fitted.expected(asked)[0]
    said = {model: each[:, column] for column, model in enumerate(MODELS)}
    weights = [0.5 * (model in ("tabular", "allegro")) for model in MODELS]
    return said | {"plain mean": each @ np.array(weights)}, weights, cost


def _stack(
    known: Sequence[Sample], asked: Sequence[Sample]
) -> tuple[dict[str, np.ndarray], list[float], dict[str, float]]:
    """Return what a member and its parts say of samples, its weights, and what it cost."""
    settings, clock, cost = Stack.settings(_DECLARED), time.process_time(), {}
    TabularFit.fit(known, seed=0)
    cost["tabular"], clock = time.process_time() - clock, time.process_time()
    with tempfile.TemporaryDirectory() as name:
        path, network = Path(name) / "stack", Path(name) / "allegro"
        Stack.train(known, _NOTHING_OUT, settings, path)
        cost["stack"], clock = time.process_time() - clock, time.process_time()
        Allegro.train(known, _NOTHING_OUT, settings["allegro"], network)
        cost["allegro"] = time.process_time() - clock
        with ZipFile(path) as file:
            content = json.loads(file.read("models.json"))
            file.extract("allegro.pt", name)
        lines = (Line.from_dict(content["lines"][0]), Line.from_dict(content["lines"][1]))
        fitted = _Fitted(TabularFit.from_dict(content["tabular"]), lines, Path(name) / "allegro.pt")
        each = fitted.expected(asked)[0]
    weights = content["weights"][1]
    said = {model: each[:, column] for column, model in enumerate(MODELS)}
    return said | {"stack": each @ np.array(weights)}, weights, cost


def main() -> None:
    """Run what was asked for and print its figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--labels", type=int, default=200)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--splits", default=",".join(SPLITS))
    parser.add_argument("--tested", type=int, default=300)
    parser.add_argument("--parts", action="store_true")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    figures = run_stack(
        labels=options.labels,
        seeds=options.seeds,
        splits=options.splits.split(","),
        tested=options.tested,
        parts=options.parts,
    )
    if options.json:
        print(json.dumps(figures))


if __name__ == "__main__":
    main()
