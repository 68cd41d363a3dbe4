"""The voxel network beside the other models: cost, rotations, binding energies, and what survives quality control.

    python benchmarks/voxels.py [--json] [--quick] [--part cost|binding|quality ...] [--seeds 2] [--channels elements]
    python benchmarks/voxels.py --gather RUN

`cost` trains on 500 complexes. `binding` learns interaction energies of the GFN2-xTB pool (`gfn2_pool.py`) on screening
geometries from 200 labels, and is asked about ligands with substituents that no training ligand has; MAE in kcal/mol
after the mean error of each scaffold with each metal is taken off. `quality` learns from grafted geometries which of
them keep their donors when they are relaxed: labels in series of benchmarks/data/pool-sites.yaml, held out by ligand in
five folds, beside the majority, a rule by scaffold and a forest on scaffold and substituents. Balanced accuracy, area
under the ROC curve and Matthews' coefficient, with 90 % intervals by drawing ligands again. `--quick` has fewer labels
and epochs: ten minutes. `--gather` writes the geometries and outcomes of a finished run of that campaign to
benchmarks/data/graft_quality.extxyz.xz.
"""

from __future__ import annotations

import argparse
import io
import json
import lzma
import sqlite3
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from ase.io import read
from gfn2_pool import DATA as POOL
from gfn2_pool import LIGANDS, METALS, SCAFFOLDS, SITES, WATERS
from rich import box
from rich.console import Console
from rich.table import Table
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import balanced_accuracy_score, matthews_corrcoef, roc_auc_score

from reexplore.chemistry.candidates import Candidate, Group
from reexplore.chemistry.families import Family
from reexplore.chemistry.library import SUBSTITUENTS, find_scaffold
from reexplore.chemistry.members import Members
from reexplore.chemistry.metals import TEMPLATE_METAL, find_metal
from reexplore.execution.recipes import LabelGeometry
from reexplore.structures.metal_exchange import exchange_metal
from reexplore.structures.screening.families import refused, screening_geometries
from reexplore.structures.structure import Layout, Structure
from reexplore.surrogate.allegro_surrogate import Allegro
from reexplore.surrogate.base import HoldOut
from reexplore.surrogate.kernels import Around
from reexplore.surrogate.lines import Line
from reexplore.surrogate.predicting import Blocks
from reexplore.surrogate.samples import Sample
from reexplore.surrogate.settings import VoxelSettings
from reexplore.surrogate.tabular import TabularFit
from reexplore.surrogate.voxel_network import Seen, asked, train_network
from reexplore.surrogate.voxel_surrogate import Voxel

GRAFTS = POOL.with_name("graft_quality.extxyz.xz")
HELD_SUBSTITUENTS = 5
FOLDS = 5
_REDRAWN = 1000


def pool_samples(count: int, *, seed: int) -> list[Sample]:
    """Return complexes of the GFN2-xTB pool drawn by lot, about as many of each scaffold, on screening geometries."""
    import pyarrow.parquet as pq

    table = pq.read_table(POOL)
    templates = json.loads(table.schema.metadata[b"made"])["templates"]
    by_ligand: dict[tuple[str, ...], dict[str, float]] = {}
    for row in table.to_pylist():
        if row["interaction_kcal_mol"] is not None:
            ligand = (row["scaffold"], *(row[f"site_{number}"] for number in range(1, SITES + 1)))
            by_ligand.setdefault(ligand, {})[row["metal"]] = row["interaction_kcal_mol"]
    drawn = sorted(by_ligand)
    order = np.random.default_rng(seed).permutation(len(drawn))[: -(-count // len(METALS))]
    found: list[Sample] = []
    for name in templates:
        of_scaffold = [drawn[i][1:] for i in order if drawn[i][0] == name]
        if of_scaffold:
            found += _grafted(name, Structure.from_extxyz(templates[name]), of_scaffold, by_ligand)
    return found


def _grafted(
    name: str,
    template: Structure,
    ligands: Sequence[tuple[str, ...]],
    energies: dict[tuple[str, ...], dict[str, float]],
) -> list[Sample]:
    scaffold, groups = find_scaffold(name), tuple(SUBSTITUENTS.values())
    names = [group.name for group in groups]
    choices = tuple(tuple(names.index(one) for one in ligand) for ligand in ligands)
    family = Family(Members.made(scaffold, groups, choices), tuple(map(find_metal, METALS)), LIGANDS, WATERS)
    gone = refused(family, template)
    rows = [row for row in range(len(family.members)) if row not in gone]
    candidates = [candidate for row in rows for candidate in family.candidates_of(row)]
    shown = screening_geometries(family, template, candidates)
    parts = [(scaffold.smiles, *(groups[i].smiles for i in choices[row])) for row in rows for _ in METALS]
    return [
        Sample(
            key=candidate.key,
            structure=structure,
            group=Group(candidate.metal.symbol, LIGANDS, WATERS, scaffold.charge),
            scaffold=name,
            substituents=candidate.ligand.substituents,
            target_kcal_mol=energies[name, *candidate.ligand.substituents][candidate.metal.symbol],
            parts=part,
        )
        for candidate, structure, part in zip(candidates, shown, parts, strict=True)
    ]


def cost(*, labels: int, settings: VoxelSettings) -> dict[str, Any]:
    """Return what training takes, how far answers in different rotations differ, and how fast it predicts."""
    samples = pool_samples(2 * labels, seed=0)[: labels + 60]
    seen = [Seen.of(sample.geometry, settings) for sample in samples]
    target = _within_groups(samples)
    scale = target[:labels].std()
    started = time.process_time()
    network = train_network(seen[:labels], target[:labels] / scale, settings=settings, seed=0)
    training_s = time.process_time() - started
    started = time.process_time()
    said = asked(network, seen[labels:], settings) * scale
    error = float(np.abs(said.mean(axis=1) - target[labels:]).mean())
    return {
        "labels": labels,
        "training_cpu_minutes": round(training_s / 60, 1),
        "prediction_cpu_s": round((time.process_time() - started) / len(said), 3),
        "rotation_spread_ratio": round(float(said.std(axis=1, ddof=1).mean()) / error, 3),
    }


def _within_groups(samples: Sequence[Sample]) -> np.ndarray:
    """Return labels less the mean of their scaffold and metal, in kcal/mol."""
    target = np.array([sample.target_kcal_mol for sample in samples], dtype=np.float64)
    return target - _means(target, [(sample.scaffold, sample.group.metal) for sample in samples])


def _means(values: np.ndarray, groups: Sequence[Any]) -> np.ndarray:
    of = {group: values[[one == group for one in groups]].mean() for group in set(groups)}
    return np.array([of[group] for group in groups])


def binding(*, labels: int, seeds: int, settings: VoxelSettings) -> dict[str, float]:
    """Return the error of each model on ligands with substituents that it has not seen."""
    errors: dict[str, list[float]] = {}
    for seed in range(seeds):
        random = np.random.default_rng(seed)
        samples = pool_samples(8 * labels, seed=seed)
        held = set(random.choice(list(SUBSTITUENTS), HELD_SUBSTITUENTS, replace=False).tolist())
        is_test = np.array([bool(held & set(sample.substituents)) for sample in samples])
        known = [samples[i] for i in random.permutation(np.flatnonzero(~is_test))[:labels]]
        tested = [samples[i] for i in random.permutation(np.flatnonzero(is_test))[:labels]]
        groups = [(sample.scaffold, sample.group.metal) for sample in tested]
        for name, said in _models(known, tested, settings=settings, seed=seed):
            off = said - [sample.target_kcal_mol for sample in tested]
            errors.setdefault(name, []).append(float(np.abs(off - _means(off, groups)).mean()))
            print(f"seed {seed}, {name}: {errors[name][-1]:.2f} kcal/mol", flush=True)
    return {name: round(float(np.mean(values)), 2) for name, values in errors.items()}


def _models(
    known: Sequence[Sample], tested: Sequence[Sample], *, settings: VoxelSettings, seed: int
) -> Iterator[tuple[str, np.ndarray]]:
    target = np.array([sample.target_kcal_mol for sample in known], dtype=np.float64)
    labelled = [(sample.parts, Around.of(sample.group)) for sample in known]
    questions = [(sample.parts, Around.of(sample.group)) for sample in tested]
    yield "composition", Line.fitted("composition", labelled, target).expected(questions)
    yield "one-hot", Line.fitted("choices", labelled, target).expected(questions)
    yield "tabular", TabularFit.fit(known, seed=seed).expected(tested)[0]
    nothing_held_out = HoldOut(2, 2, seed)
    shown = Blocks([replace(sample, parts=()) for sample in tested])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "member"
        Allegro.train(known, nothing_held_out, Allegro.settings({"readout": "metal"}), path)
        yield "Allegro", shown.predicted(Allegro.load([path])).mean(axis=1)
        Voxel.train(known, nothing_held_out, settings.declaration(), path)
        yield "voxel", shown.predicted(Voxel.load([path])).mean(axis=1)


def quality(*, settings: VoxelSettings, seed: int) -> dict[str, Any]:
    """Return how well each model tells which grafted geometries keep their donors."""
    with lzma.open(GRAFTS, "rt", encoding="utf-8") as file:
        frames = read(io.StringIO(file.read()), ":", format="extxyz")
    ligands = np.array([frame.info["ligand"] for frame in frames])
    lost = np.array([frame.info["outcome"] != "kept" for frame in frames])
    structures = [Structure(tuple(f.symbols), f.positions, int(f.info["charge"])) for f in frames]
    seen = [Seen.of(structure, settings) for structure in structures]
    words = [_words(ligand) | {structure.symbols[0]} for ligand, structure in zip(ligands, structures, strict=True)]
    columns = sorted(set.union(*words))
    table = np.array([[column in each for column in columns] for each in words], dtype=np.float64)
    scaffold = np.array([next(name for name in SCAFFOLDS if ligand.startswith(name)) for ligand in ligands])
    names = np.unique(ligands)
    fold_of = dict(zip(np.random.default_rng(seed).permutation(names), np.arange(len(names)) % FOLDS, strict=True))
    fold = np.array([fold_of[ligand] for ligand in ligands])
    chance = {name: np.zeros(len(lost)) for name in ("majority", "scaffold", "forest", "voxel")}
    for number in range(FOLDS):
        inside, outside = np.flatnonzero(fold != number), np.flatnonzero(fold == number)
        common = lost[inside].mean()
        chance["majority"][outside] = common
        share = {name: lost[inside][scaffold[inside] == name].mean() for name in SCAFFOLDS}
        chance["scaffold"][outside] = [share[name] for name in scaffold[outside]]
        forest = RandomForestClassifier(500, class_weight="balanced", random_state=seed).fit(
            table[inside], lost[inside]
        )
        chance["forest"][outside] = forest.predict_proba(table[outside])[:, 1]
        network = train_network(
            [seen[i] for i in inside], lost[inside].astype(float), settings=settings, seed=seed, learns="class"
        )
        chance["voxel"][outside] = _chance(asked(network, [seen[i] for i in outside], settings).mean(axis=1))
        print(f"fold {number + 1} of {FOLDS}", flush=True)
    threshold = {"forest": 0.5} | dict.fromkeys(("majority", "scaffold", "voxel"), float(lost.mean()))
    told: dict[str, Any] = {"complexes": len(lost), "lost": int(lost.sum())}
    for name, values in chance.items():
        told[name] = _judged(lost, values, threshold[name], ligands)
    return told


def _words(ligand: str) -> set[str]:
    scaffold = next(name for name in sorted(SCAFFOLDS, key=len, reverse=True) if ligand.startswith(name))
    left, found = ligand.removeprefix(scaffold), {scaffold}
    for name in sorted(SUBSTITUENTS, key=len, reverse=True):
        if f"-{name}" in left:
            found.add(name)
            left = left.replace(f"-{name}", "")
    return found


def _chance(logit: np.ndarray) -> np.ndarray:
    return np.asarray(1 / (1 + np.exp(-logit)))


def _judged(lost: np.ndarray, chance: np.ndarray, threshold: float, ligands: np.ndarray) -> dict[str, Any]:
    """Return balanced accuracy, AUC and Matthews' coefficient, each with its 90 % interval over ligands."""
    measures = {
        "balanced_accuracy": lambda rows: balanced_accuracy_score(lost[rows], chance[rows] > threshold),
        "auc": lambda rows: roc_auc_score(lost[rows], chance[rows]),
        "mcc": lambda rows: matthews_corrcoef(lost[rows], chance[rows] > threshold),
    }
    of = [np.flatnonzero(ligands == name) for name in np.unique(ligands)]
    random = np.random.default_rng(0)
    drawn = [np.concatenate([of[i] for i in random.integers(len(of), size=len(of))]) for _ in range(_REDRAWN)]
    usable = [rows for rows in drawn if 0 < lost[rows].sum() < len(rows)]
    return {
        name: [
            round(float(value), 2)
            for value in (of_rows(np.arange(len(lost))), *np.percentile([of_rows(rows) for rows in usable], [5, 95]))
        ]
        for name, of_rows in measures.items()
    }


def gather(run: Path) -> None:
    """Write the grafted geometries of a campaign in series, and what became of each, as compressed extended XYZ."""
    frames = []
    with sqlite3.connect(f"file:{run / 'ledger.sqlite'}?mode=ro", uri=True) as ledger:
        done = ledger.execute(
            "SELECT key, title, outcome FROM calculation WHERE kind = 'complex' AND state IN ('done', 'failed')"
        )
        for key, title, outcome in sorted(done.fetchall(), key=lambda row: row[1]):
            recipe = run.parent / "_store" / key[:2] / key / "inputs.json"
            found = LabelGeometry.from_json(json.loads(recipe.read_text(encoding="utf-8"))["inputs"])
            failure = json.loads(outcome).get("failure") or {}
            if not found.candidate.ligands:
                continue
            graft = _with_its_metal(found.candidate, Structure.from_extxyz(found.templates[0]), found.contraction)
            ligand = title.split("(", 1)[1].rsplit(")(", 1)[0]
            frames.append(
                graft.to_extxyz().replace(
                    "charge=", f'ligand="{ligand}" outcome="{failure.get("code", "kept")}" charge=', 1
                )
            )
    with lzma.open(GRAFTS, "wt", encoding="utf-8") as file:
        file.writelines(frames)


def _with_its_metal(candidate: Candidate, graft: Structure, contraction: int) -> Structure:
    layout = Layout.of(candidate)
    return exchange_metal(graft, layout=layout, old=TEMPLATE_METAL, new=candidate.metal, contraction=contraction)


def main() -> None:
    """Run what was asked for and print its figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--part", nargs="+", choices=["cost", "binding", "quality"], default=["cost", "binding", "quality"]
    )
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--channels", choices=["elements", "rgb"], default="elements")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--gather", type=Path, metavar="RUN")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(1)
    if options.gather is not None:
        gather(options.gather)
        return
    settings = VoxelSettings(channels=options.channels)
    if options.quick:
        settings = replace(settings, epochs=8)
    told: dict[str, Any] = {}
    if "cost" in options.part:
        found = cost(labels=100 if options.quick else 500, settings=settings)
        told |= found
        print(found, flush=True)
    if "binding" in options.part:
        told["binding_mae"] = binding(labels=200, seeds=1 if options.quick else options.seeds, settings=settings)
    if "quality" in options.part:
        found = quality(settings=settings, seed=0)
        told["complexes_judged"] = {name: found.pop(name) for name in ("complexes", "lost")}
        table = Table("keeps its donors", "balanced accuracy", "AUC", "MCC", box=box.SIMPLE_HEAD)
        for name, each in found.items():
            table.add_row(name, *(f"{value:.2f} ({low:.2f} to {high:.2f})" for value, low, high in each.values()))
        Console().print(told["complexes_judged"], table)
        told["balanced_accuracy"] = {"quality": {name: each["balanced_accuracy"] for name, each in found.items()}}
        told["quality"] = found
    if options.json:
        print(json.dumps(told))


if __name__ == "__main__":
    main()
