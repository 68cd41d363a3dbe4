"""How good is the generator of ligands, and does generating pay? Strings, proxies, training and choice, for real.

    python benchmarks/generator.py [--json] [--quick] [--workspace FOLDER] [--seeds 3] [--strings 12000 …]

What is computed is kept in the workspace (default `runs/generator`): a killed run goes on. Figures: docs/generator.md.
With --quick a small sample in ten minutes, whose figures tell little. The last line is JSON.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem
from rich.console import Console

from reexplore.chemistry.ligands import Ligand
from reexplore.energies.proxies import PROXIES, ligand_proxies
from reexplore.errors import CalculationFailed
from reexplore.execution.kinds import GENERATOR_FILE
from reexplore.execution.recipes import GeneratorTraining
from reexplore.execution.store import Store
from reexplore.execution.task import Task
from reexplore.proposals.bred import Bred
from reexplore.proposals.decoded import Decoded, TrustRegion
from reexplore.proposals.donor_classes import DONOR_CLASSES
from reexplore.proposals.enumerated import ByChance, Screened
from reexplore.proposals.family import EnumeratedFamily
from reexplore.proposals.filters import OneDonor, judge
from reexplore.proposals.generator import Generator
from reexplore.proposals.molecule_process import MoleculeProcess
from reexplore.proposals.proposer import Known, Proposer, outside
from reexplore.proposals.r_groups import r_groups
from reexplore.proposals.settings import GeneratorSettings
from reexplore.proposals.strings import smiles_of, string_of, tokens_of
from reexplore.proposals.training_set import TrainingSet
from reexplore.workbench.runner import Runner

Array = NDArray[np.float64]
#: A ligand and its proxies.
Labelled = tuple[OneDonor, dict[str, float]]

#: Classes that the generator does not see; their tokens are those of others.
HELD_CLASSES = ("phosphinate", "ketimide")
#: Of so many R groups one is not seen.
HELD_GROUPS = 10
#: The share of random ligands of the family that are hits.
HIT_SHARE = 0.02
SEED = 1
#: What is learned without a class is learned from so many labels.
_WITHOUT_A_CLASS = 200
_FEWEST_OF_A_CLASS = 3


@dataclass(frozen=True)
class Size:
    """How much is done.

    `strings` train the generator, and beside them the first `with_proxies` of the `labelled` ones; the first `fit` of
    these train the process on molecules. `held` are rebuilt of each kind that was held out, `samples` decoded from the
    prior. Each arm of the choice begins with `seed_labels` and takes `rounds` batches; `pool` are screened, `decodes`
    decoded or bred a round.
    """

    strings: int
    held: int
    samples: int
    with_proxies: int
    labelled: int
    fit: int
    epochs: int
    seed_labels: int
    rounds: int
    batch: int
    pool: int
    decodes: int


FULL = Size(40_000, 500, 2000, 1600, 2400, 1600, 15, 40, 3, 40, 6000, 2000)
QUICK = Size(1500, 60, 300, 200, 300, 200, 3, 40, 2, 10, 300, 150)


def main() -> None:
    """Run it and print its figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--workspace", type=Path, default=Path("runs/generator"))
    parser.add_argument("--seeds", type=int, default=3)
    for field in fields(Size):
        parser.add_argument(f"--{field.name.replace('_', '-')}", type=int, help=f"full: {getattr(FULL, field.name):,}")
    given = parser.parse_args()
    other = {field.name: getattr(given, field.name) for field in fields(Size)}
    size = replace(QUICK if given.quick else FULL, **{name: n for name, n in other.items() if n is not None})
    bench = Bench(given.workspace, size)
    figures: dict[str, Any] = {"size": asdict(size)}
    for step in (bench.quality, bench.proxies_r2, lambda: bench.hits(given.seeds)):
        figures |= step()
        # So that a run that is killed has told what it knew.
        print(json.dumps(figures), file=sys.stderr, flush=True)
    print(json.dumps(figures) if given.json else json.dumps(figures, indent=2))


class Bench:
    """The data of one workspace, each made once."""

    def __init__(self, workspace: Path, size: Size) -> None:
        workspace.mkdir(parents=True, exist_ok=True)
        self.folder, self.size = workspace, size
        self.runner = Runner(workspace, console=Console(stderr=True))
        self.store = Store(workspace / "runs" / "_store")
        self.training: dict[str, Any] = {}
        kept = tuple(group for n, group in enumerate(r_groups()) if n % HELD_GROUPS != HELD_GROUPS - 1)
        seen = tuple(each for each in DONOR_CLASSES.values() if each.name not in HELD_CLASSES)
        self.seen = EnumeratedFamily(seen, kept)
        self.family = EnumeratedFamily()

    def drawn(self, name: str, family: EnumeratedFamily, count: int, seed: int) -> list[OneDonor]:
        """Return ligands of a family by chance; they are drawn once and kept as a file."""
        path = self.folder / f"{name}-{count}.json"
        if not path.is_file():
            refused: Counter[str] = Counter()
            found = [each for _, each in family.draw(count, seed=seed, refused=refused)]
            rows = [[each.ligand.identity, each.ligand.charge, each.donor_class.name] for each in found]
            partial = path.with_suffix(".partial")
            partial.write_text(json.dumps({"rows": rows, "refused": refused}), encoding="utf-8")
            partial.replace(path)
        rows = json.loads(path.read_text(encoding="utf-8"))["rows"]
        return [OneDonor(Ligand(text, charge, name, ()), DONOR_CLASSES[name]) for text, charge, name in rows]

    def proxies(self, ligands: Sequence[OneDonor]) -> dict[str, dict[str, float]]:
        """Return the proxies of ligands by identity, each computed once and kept; failures are left out."""
        path = self.folder / "proxies.jsonl"
        lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
        known = dict(json.loads(line) for line in lines if line.endswith("]"))
        with path.open("a", encoding="utf-8") as file:
            for each in ligands:
                if each.ligand.identity not in known:
                    try:
                        known[each.ligand.identity] = ligand_proxies(each.ligand, seed=SEED).to_dict()
                    except CalculationFailed as failed:
                        known[each.ligand.identity] = {"failure": failed.failure.code}
                    # On a line of its own, whatever a kill left.
                    file.write("\n" + json.dumps([each.ligand.identity, known[each.ligand.identity]]))
                    file.flush()
            file.write("\n")
        asked = {each.ligand.identity for each in ligands}
        return {name: row for name, row in known.items() if name in asked and "failure" not in row}

    @cached_property
    def labelled(self) -> list[Labelled]:
        """Return ligands of the seen classes by chance, with their proxies."""
        return self._first(self.size.labelled)

    def _first(self, count: int) -> list[Labelled]:
        """Return the first of those ligands that have proxies; no others are computed."""
        drawn = self.drawn("labelled", EnumeratedFamily(self.seen.classes), self.size.labelled, SEED + 1)[:count]
        found = self.proxies(drawn)
        return [(each, found[each.ligand.identity]) for each in drawn if each.ligand.identity in found]

    @cached_property
    def training_set(self) -> TrainingSet:
        """Return the strings without what is held out, and the proxies of those that are for fitting."""
        labelled = self._first(self.size.with_proxies)
        known = {each.ligand.identity: row for each, row in labelled}
        some = [each for each, _ in labelled if self.seen.number_of(each.ligand) is not None]
        strings = self.drawn("strings", self.seen, self.size.strings, SEED)
        every = {each.ligand.identity: each for each in (*strings, *some)}
        return TrainingSet.of(list(every.values()), known, PROXIES)

    @cached_property
    def generator(self) -> Generator:
        """Return the generator, trained by the task that campaigns train one with."""
        given = self.training_set
        settings = GeneratorSettings(epochs=self.size.epochs)
        recipe = GeneratorTraining(self.store.put_text(given.to_text()), settings.declaration(), SEED)
        task = Task.of(recipe, title="generator")
        value, provenance = self.runner.value_and_provenance("training", task)
        self.training = {
            "cpu_s": round(provenance["cpu_s"]),
            "wall_s": round(provenance["wall_s"]),
            "strings_with_proxies": int((~np.isnan(given.values)).any(axis=1).sum()),
            **{name: value[name] for name in ("strings", "tokens", "epochs")},
            "losses": value["history"][-1],
        }
        return Generator.load(self.store.folder(task.key) / GENERATOR_FILE)

    def quality(self) -> dict[str, Any]:
        """Return what samples of the prior are worth, and how much is rebuilt of what was held out."""
        generator, n = self.generator, self.size.samples
        z = np.random.default_rng(SEED).normal(size=(n, generator.settings.latent))
        smiles = generator.decode(z, temperature=1.0, seed=SEED)
        valid = [Chem.CanonSmiles(each) for each in smiles if each and Chem.MolFromSmiles(each) is not None]
        unique = set(valid)
        strings = {Chem.CanonSmiles(smiles_of(tokens_of(each))) for each in self.training_set.strings}
        verdicts = [judge(each) for each in smiles]
        usable = {each.smiles: each for each in verdicts if isinstance(each, OneDonor)}
        beyond = [each for each in usable.values() if self.family.number_of(each.ligand) is None]
        return {
            "training": self.training,
            "valid": _share(len(valid), n),
            "unique": _share(len(unique), len(valid)),
            "novel": _share(len(unique - strings), len(unique)),
            "usable": _share(sum(isinstance(each, OneDonor) for each in verdicts), n),
            "outside_enumeration": _share(len(beyond), len(usable)),
            "refused": Counter(each.code for each in verdicts if not isinstance(each, OneDonor)),
            "reconstruction": {name: self._rebuilt(some) for name, some in self._held_out().items()},
        }

    def _held_out(self) -> dict[str, list[OneDonor]]:
        """Return ligands with an R group that was not seen, with a class that was not, and new ones of what was."""
        n = self.size.held
        drawn = self.drawn("r-group", EnumeratedFamily(self.seen.classes), 8 * n, SEED + 2)
        classes = tuple(DONOR_CLASSES[name] for name in HELD_CLASSES)
        strings = set(self.training_set.strings)
        new = self.drawn("seen", self.seen, 2 * n, SEED + 3)
        return {
            "r_group": [each for each in drawn if self.seen.number_of(each.ligand) is None][:n],
            "anchor": self.drawn("anchor", EnumeratedFamily(classes, self.seen.groups), n, SEED + 4),
            "seen_parts": [each for each in new if string_of(each.ligand) not in strings][:n],
        }

    def _rebuilt(self, ligands: Sequence[OneDonor]) -> dict[str, float]:
        """Return the share of ligands that come back from their latent vector, token by token the likeliest."""
        known = [each for each in ligands if self.generator.knows(each.ligand)]
        z = self.generator.encode([each.ligand for each in known])
        back = self.generator.decode(z, temperature=0.0, seed=0)
        # A string of many tokens may be no molecule.
        made = [Chem.MolFromSmiles(text) for text in back]
        same = [mol is not None and Chem.MolToSmiles(mol) == each.smiles for mol, each in zip(made, known, strict=True)]
        return _share(sum(same), len(ligands))

    def proxies_r2(self) -> dict[str, Any]:
        """Return R2 of the process on molecules within donor classes, beside that of the classes' means alone."""
        fit, test = self.labelled[: self.size.fit], self.labelled[self.size.fit :]
        (seen, asked) = ([each for each, _ in some] for some in (fit, test))
        within, whole, left_out = {}, {}, {}
        for name in PROXIES:
            y, wanted = (np.array([row[name] for _, row in some]) for some in (fit, test))
            base = _of_class(seen, y, asked)
            said, _ = MoleculeProcess.fit(seen, y).expected(asked)
            within[name] = _r2(said, wanted, base)
            mean = np.full(len(wanted), wanted.mean())
            whole[name] = {"process": _r2(said, wanted, mean), "class_means": _r2(base, wanted, mean)}
            left_out[name] = self._left_out(name)
        return {
            "proxy_labels": {"fit": len(fit), "tested": len(test)},
            "proxy_r2_within_class": within,
            "proxy_r2_total": whole,
            "proxy_r2_class_left_out": left_out,
        }

    def _left_out(self, name: str) -> float:
        """Return the median R2 of classes of which the process has seen nothing."""
        some = self.labelled[:_WITHOUT_A_CLASS]
        y, classes = np.array([row[name] for _, row in some]), np.array([each.donor_class.name for each, _ in some])
        scores = []
        for held in sorted(set(classes)):
            out = classes == held
            if out.sum() < _FEWEST_OF_A_CLASS:
                continue
            process = MoleculeProcess.fit([some[k][0] for k in np.flatnonzero(~out)], y[~out])
            said, _ = process.expected([some[k][0] for k in np.flatnonzero(out)])
            scores.append(1 - ((said - y[out]) ** 2).sum() / ((y[out] - y[out].mean()) ** 2).sum())
        return float(np.median(scores))

    def hits(self, seeds: int) -> dict[str, Any]:
        """Return how many labels of each arm are hits: neutral ligands whose donor is more negative than nearly all."""
        neutral = tuple(each for each in self.seen.classes if each.charge == 0)
        family = EnumeratedFamily(neutral)
        reference = [(x, -row["donor_charge_e"]) for x, row in self.labelled if x.donor_class in neutral]
        threshold = float(np.quantile([value for _, value in reference], 1 - HIT_SHARE))
        arms: dict[str, list[Array]] = {}
        refused: dict[str, Counter[str]] = {}
        for seed in range(seeds):
            rows = np.random.default_rng([SEED, seed]).choice(len(reference), self.size.seed_labels, replace=False)
            start = [reference[k] for k in rows]
            for arm in self._arms(family, seed):
                labels = self._campaign(arm, start, seed, refused.setdefault(arm.title, Counter()))
                arms.setdefault(arm.title, []).append(labels)
                print(seed, arm.title, len(labels), (labels > threshold).mean(), file=sys.stderr, flush=True)
        table = {
            title: {
                "labels": [int(np.isfinite(labels).sum()) for labels in of_seeds],
                "hit_rate": [float((labels > threshold).mean()) for labels in of_seeds],
                "top_10_mean_e": [_top(labels) for labels in of_seeds],
                "refused": refused[title],
            }
            for title, of_seeds in arms.items()
        }
        screened = arms.pop(Screened.title)
        ratios = {title: _ratio(of_seeds, screened, threshold) for title, of_seeds in arms.items()}
        return {"threshold_e": -threshold, "arms": table, "hit_ratio": {"proxy": ratios, "gap": None}}

    def _arms(self, family: EnumeratedFamily, seed: int) -> tuple[Proposer, ...]:
        decodes, charges = self.size.decodes, (0,)
        return (
            ByChance(family),
            Screened(family, self.size.pool, seed=SEED + 100 + seed),
            Bred(outside(self.family), charges, children=decodes // 3),
            Decoded(self.generator, outside(self.family), charges, decodes=decodes),
            TrustRegion(self.generator, outside(self.family), charges, decodes=decodes),
        )

    def _campaign(
        self, arm: Proposer, start: Sequence[tuple[OneDonor, float]], seed: int, refused: Counter[str]
    ) -> Array:
        """Return the labels that one arm chose after those that all arms begin with.

        A label that was free and not used, or failed, is minus infinity: no hit.
        """
        known, tried = list(start), {each.ligand.identity for each, _ in start}
        for number in range(self.size.rounds):
            ligands, values = zip(*known, strict=True)
            found = arm.propose(self.size.batch, Known(ligands, np.array(values), frozenset(tried), seed, number))
            refused.update(found.refused)
            chosen = [each.found for each in found.proposals]
            tried |= {each.ligand.identity for each in chosen}
            labels = self.proxies(chosen)
            known += [(x, -row["donor_charge_e"]) for x in chosen if (row := labels.get(x.ligand.identity))]
        labels = np.full(self.size.rounds * self.size.batch, -np.inf)
        labels[: len(known) - len(start)] = [value for _, value in known[len(start) :]]
        return labels


def _top(labels: Array) -> float | None:
    """Return the mean charge of the ten best labels, None where there are fewer."""
    found = np.sort(labels[np.isfinite(labels)])[-10:]
    return float(-found.mean()) if len(found) == 10 else None


def _of_class(seen: Sequence[OneDonor], y: Array, asked: Sequence[OneDonor]) -> Array:
    """Return the mean label of each ligand's class."""
    classes = np.array([each.donor_class.name for each in seen])
    means = {name: float(y[classes == name].mean()) for name in set(classes)}
    return np.array([means.get(each.donor_class.name, y.mean()) for each in asked])


def _share(some: int, of: int) -> dict[str, float]:
    """Return a share with its 90 % interval (E. B. Wilson, J. Am. Stat. Assoc. 1927, 22, 209)."""
    if not of:
        return {"value": 0.0, "low": 0.0, "high": 1.0}
    z, p = 1.645, some / of
    middle, width = p + z * z / (2 * of), z * np.sqrt(p * (1 - p) / of + z * z / (4 * of * of))
    scale = 1 + z * z / of
    return {"value": p, "low": float((middle - width) / scale), "high": float((middle + width) / scale)}


def _r2(said: Array, wanted: Array, base: Array) -> dict[str, float]:
    """Return R2 beside a base, with a 90 % interval over the ligands."""
    wrong, spread = (said - wanted) ** 2, (wanted - base) ** 2
    rows = np.random.default_rng(0).integers(len(wanted), size=(500, len(wanted)))
    low, high = np.quantile(1 - wrong[rows].sum(axis=1) / spread[rows].sum(axis=1), (0.05, 0.95))
    return {"value": float(1 - wrong.sum() / spread.sum()), "low": float(low), "high": float(high)}


def _ratio(some: Sequence[Array], other: Sequence[Array], threshold: float) -> dict[str, float | None]:
    """Return the ratio of two hit rates over all seeds, with a 90 % interval over seeds and their labels."""
    random = np.random.default_rng(0)
    pairs = [(one > threshold, two > threshold) for one, two in zip(some, other, strict=True)]
    drawn = []
    for _ in range(2000):
        chosen = [pairs[k] for k in random.integers(len(pairs), size=len(pairs))]
        rates = [np.mean([random.choice(pair[n], len(pair[n])).mean() for pair in chosen]) for n in (0, 1)]
        drawn.append(rates[0] / rates[1] if rates[1] else np.inf)
    low, high = np.quantile(drawn, (0.05, 0.95), method="nearest")
    whole = [np.mean([pair[n].mean() for pair in pairs]) for n in (0, 1)]
    value = whole[0] / whole[1] if whole[1] else np.inf
    # A ratio to nothing is none.
    return {name: float(x) if np.isfinite(x) else None for name, x in (("value", value), ("low", low), ("high", high))}


if __name__ == "__main__":
    main()
