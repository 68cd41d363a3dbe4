"""Every figure of the learned models in one table: what the loop finds, how far models err, and what they cost.

    python benchmarks/learning.py [--part NAME ...] [--pool FILE] [--quick] [--workspace FOLDER] [--json]

Each part is a command of its own (`PARTS`), run as a user runs it. What a part came to is kept in
`benchmarks/learning.json`; a part that is not run is read from there, and `from_file` names it. Without `--part` all
are run: many hours. `--quick` runs samples of those that a sample says something of, in ten minutes, and keeps nothing.
Trials and trainings lie in `--workspace`, where a part that was killed goes on.

`--pool` is a pool of labels by DFT with two metals, as `reexplore dataset export` writes it; `recall`, `selectivity`,
`errors` and `predict` are about it. `recall_top5_at_10` is the share of its best 5 % (of each group, hits together)
found with 10 % labelled, by the default policy; `recall_over_random` divides it by what random finds; `never_worse`
says of `greedy` and `random` whether the default's interval lies nowhere below theirs. `mae` is in kcal/mol after the
mean error of each group that was held out is taken off. `pool_recall_top1` is of the GFN2-xTB pool (`gfn2_pool.py`),
which orders metals and substituents otherwise than DFT.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
KEPT = HERE / "learning.json"
BIN = Path(sys.executable).parent
MODEL, POLICY = "tabular", "balanced"
METALS = "Lu,Gd"
PREDICTED = "CNC(=O)c1cc(F)cc(=[O:12])n1[O-:11]"

Figures = dict[str, Any]


@dataclass(frozen=True)
class Run:
    """How a part is run: in which folder, on which pool, and whether a sample is enough."""

    workspace: Path
    pool: Path | None
    quick: bool

    @property
    def labels(self) -> str:
        """Return the pool of labels by DFT."""
        if self.pool is None:
            raise SystemExit("this part is about labels by DFT: give a pool file with --pool")
        return str(self.pool.resolve())

    def reexplore(self, *words: str) -> Figures:
        """Run a command of reexplore and return its JSON."""
        return _last_json([str(BIN / "reexplore"), *words, "--json"], self.workspace)

    def benchmark(self, name: str, *words: str) -> Figures:
        """Run another benchmark and return its last line."""
        return _last_json([sys.executable, str(HERE / f"{name}.py"), *words, "--json"], self.workspace)


def recall(run: Run) -> Figures:
    """Return what the loop finds in the pool of DFT labels."""
    policies = [word for name in (POLICY, "greedy", "random") for word in ("--policy", name)]
    seeds = "3" if run.quick else "20"
    found = run.reexplore("backtest", run.labels, *policies, "--surrogate", MODEL, "--labels", "60", "--seeds", seeds)
    curves = {curve["policy"]: curve["points"] for curve in found["curves"]}
    at_10 = {name: _at(points, 0.1 * found["candidates"])["measures"] for name, points in curves.items()}
    mine = at_10[POLICY]["recall_top5"]
    return {
        "recall_top5_at_10": mine,
        "recall_over_random": round(mine["mean"] / max(at_10["random"]["recall_top5"]["mean"], 1e-9), 2),
        "coverage_90": {str(p["labels"]): p["measures"]["batch_coverage_90"] for p in curves[POLICY][1:]},
        "never_worse": {
            name: all(_not_below(a, b) for a, b in zip(curves[POLICY], curves[name], strict=True))
            for name in ("greedy", "random")
        },
    }


def scale(run: Run) -> Figures:
    """Return the recall of the best 1 % of the GFN2-xTB pool at 5 and 10 % labelled."""
    pool = _gfn2_pool(run)
    size, seeds = ("270", "2") if run.quick else ("1080", "5")
    words = ("--policy", POLICY, "--surrogate", MODEL, "--labels", size, "--batch", "54", "--start", "54")
    found = run.reexplore("backtest", str(pool), *words, "--seeds", seeds, "--property", "binding_energy_kcal_mol")
    (points,) = (curve["points"] for curve in found["curves"] if curve["policy"] == POLICY)
    shares = (2.5,) if run.quick else (5, 10)
    at = {str(share): _at(points, share / 100 * found["candidates"])["measures"]["recall_top1"] for share in shares}
    return {"pool_recall_top1": at}


def selectivity(run: Run) -> Figures:
    """Return whether the default policy finds more selective ligands than chance."""
    policies = [word for name in (POLICY, "random") for word in ("--policy", name)]
    words = (*policies, "--surrogate", MODEL, "--labels", "40", "--seeds", "3" if run.quick else "20")
    found = run.reexplore("backtest", run.labels, "--selectivity", METALS, *words)
    last = {curve["policy"]: curve["points"][-1]["measures"]["recall_top5"] for curve in found["curves"]}
    return {"selectivity_beats": {"random": last[POLICY]["low"] > last["random"]["high"]}, "selectivity_recall": last}


def errors(run: Run) -> Figures:
    """Return the errors of the models on the pool of DFT labels."""
    splits = [word for name in ("random", "substituent", "scaffold") for word in ("--split", name)]
    models = ["--model", MODEL, *(() if run.quick else ("--model", "stack"))]
    found = run.reexplore("study", run.labels, *models, "--strategy", "binding", *splits)
    table: dict[str, dict[str, Any]] = {}
    for row in found["rows"]:
        table.setdefault(row["split"], {})[row["model"]] = row["measures"]["mae_within"]
    return {"mae": table}


def series(run: Run) -> Figures:
    """Return cost and scatter of labels in series over those of searched geometries."""
    rows = run.benchmark("series", "--seconds", "1")["rows"]
    known = [row for row in rows if row["series_scatter_kcal_mol"] and row["search_scatter_kcal_mol"]]
    return {
        "series_cost_ratio": _mean([row["series_cpu_s"] / row["search_cpu_s"] for row in known]),
        "series_scatter_ratio": _mean([r["series_scatter_kcal_mol"] / r["search_scatter_kcal_mol"] for r in known]),
    }


def batch(run: Run) -> Figures:
    """Return the time of a joint batch."""
    return {"joint_batch_s": run.benchmark("batch")["joint_batch_s"]}


def million(run: Run) -> Figures:
    """Return the time of a million candidates through the tabular model."""
    found = run.benchmark("tabular", "--candidates", "100000" if run.quick else "1000000")
    return {"tabular_million_s": found["tabular_million_s"]}


def predict(run: Run) -> Figures:
    """Return the time of one prediction on three metals, cold: nothing was trained before."""
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        cold = Run(Path(folder), run.pool, run.quick)
        cold.reexplore("predict", PREDICTED, "--metals", METALS, "--pool", run.labels)
        return {"predict_s": round(time.perf_counter() - began, 1)}


def ten_million(run: Run) -> Figures:
    """Return the time and memory of one round over ten million candidates."""
    found = run.benchmark("funnel", "--candidates", "20000" if run.quick else "10000000")
    return {
        "ten_million_minutes": round(found["wall_s"] / 60, 1),
        "ten_million_candidates": found["candidates"],
        "ten_million_gb": found["largest_process_gb"],
    }


PARTS: dict[str, Callable[[Run], Figures]] = {
    each.__name__: each for each in (recall, scale, selectivity, errors, series, batch, million, predict, ten_million)
}
QUICK = ("recall", "errors", "series", "batch", "million", "predict")


def _gfn2_pool(run: Run) -> Path:
    file = run.workspace / "all" / "gfn2.parquet"
    if not file.is_file():
        command = [sys.executable, str(HERE / "gfn2_pool.py"), "export", "--folder", "all"]
        subprocess.run(command, cwd=run.workspace, check=True)
    return file


def _last_json(command: list[str], folder: Path) -> Figures:
    told = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, text=True, check=True).stdout
    found: Figures = json.loads(told.strip().splitlines()[-1])
    return found


def _at(points: list[Figures], labels: float) -> Figures:
    return min(points, key=lambda point: abs(point["labels"] - labels))


def _not_below(mine: Figures, other: Figures) -> bool:
    ours, theirs = mine["measures"]["recall_top5"], other["measures"]["recall_top5"]
    return bool(ours["high"] is None or theirs["low"] is None or ours["high"] >= theirs["low"])


def _mean(ratios: list[float]) -> float:
    return round(sum(ratios) / len(ratios), 3)


def main() -> None:
    """Run the parts that are asked for, and print all figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part", nargs="+", choices=PARTS, metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--pool", type=Path, help="a pool file of labels by DFT, with Gd and Lu")
    parser.add_argument("--quick", action="store_true", help="samples, ten minutes; nothing is kept")
    parser.add_argument("--workspace", type=Path, default=Path("learning-run"))
    parser.add_argument("--json", action="store_true", help="print the figures as one JSON line, last")
    asked = parser.parse_args()
    kept: dict[str, Figures] = json.loads(KEPT.read_text()) if KEPT.is_file() else {}
    asked.workspace.mkdir(parents=True, exist_ok=True)
    made: dict[str, Figures] = {}
    for name in asked.part or (QUICK if asked.quick else PARTS):
        made[name] = PARTS[name](Run(asked.workspace.resolve(), asked.pool, asked.quick))
        for figure, value in made[name].items():
            print(f"{figure}: {value}", flush=True)
        if not asked.quick:
            kept[name] = made[name]
            KEPT.write_text(json.dumps(kept, indent=1) + "\n")
    read = sorted(figure for name, found in kept.items() if name not in made for figure in found)
    whole = {figure: value for found in (kept | made).values() for figure, value in found.items()}
    if asked.json:
        print(json.dumps(whole | {"from_file": read}))


if __name__ == "__main__":
    main()
