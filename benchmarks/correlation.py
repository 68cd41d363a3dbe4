"""How sixteen substituents are ordered by one method and by another: binding energies of [La(HOPO-X)(H2O)6]2+.

    python benchmarks/correlation.py --keep FOLDER [--level quick] [--level gfn2] [--cases 0:8] [--json]

The levels named are computed where they are missing (one file a calculation in FOLDER/<level>); the table shows
all that are there and, for every two of them, Spearman's coefficient with its 95 % interval (percentiles of
10,000 bootstrap samples of the substituents) and how far they differ beside a constant. All methods stand on
the same GFN2-xTB geometries (benchmarks/label_geometries). `quick` is about 50 CPU seconds a substituent.
"""

from __future__ import annotations

import argparse
import json
import os
from itertools import combinations
from typing import Any

# One thread unless --threads says otherwise to the engine: cost is counted in CPU seconds.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
from label_energies import METHODS, Array, Bench, add_options
from label_geometries import SUBSTITUENTS
from rich import box
from rich.console import Console
from rich.table import Table
from scipy.stats import rankdata

_SAMPLES = 10_000
#: Fewer substituents have no order to speak of.
_FEWEST = 3
_SEED = 1


def spearman(first: Array, second: Array) -> tuple[float, float, float, float]:
    """Return Spearman's coefficient, the mean of its bootstrap samples and the ends of their 95 % interval."""
    rows = np.random.default_rng(_SEED).integers(0, len(first), (_SAMPLES, len(first)))
    samples = _rank_correlation(first[rows], second[rows])
    low, high = np.nanpercentile(samples, (2.5, 97.5))
    whole = _rank_correlation(first[None], second[None])[0]
    return float(whole), float(np.nanmean(samples)), float(low), float(high)


def _rank_correlation(first: Array, second: Array) -> Array:
    """Return the correlation of ranks, row by row."""
    a, b = (rankdata(values, axis=1) - (values.shape[1] + 1) / 2 for values in (first, second))
    with np.errstate(invalid="ignore"):
        return np.asarray((a * b).sum(axis=1) / np.sqrt((a * a).sum(axis=1) * (b * b).sum(axis=1)))


def agreement(first: dict[str, float], second: dict[str, float]) -> dict[str, Any]:
    """Return how two methods agree on the substituents both have, in kcal/mol."""
    names = [name for name in first if name in second]
    a, b = (np.array([values[name] for name in names]) for values in (first, second))
    coefficient, mean, low, high = spearman(a, b)
    beside = b - a - (b - a).mean()
    worst = int(np.abs(beside).argmax())
    return {
        "substituents": len(names),
        "spearman": round(coefficient, 3),
        "bootstrap_mean": round(mean, 3),
        "interval": [round(low, 3), round(high, 3)],
        "offset_kcal_mol": round(float((b - a).mean()), 2),
        "mean_deviation_kcal_mol": round(float(np.abs(beside).mean()), 2),
        "largest_deviation_kcal_mol": [names[worst], round(float(beside[worst]), 2)],
        "slope": round(float(np.polyfit(a, b, 1)[0]), 3),
    }


def main() -> None:
    """Compute what is missing and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_options(parser)
    parser.add_argument("--level", action="append", default=[], choices=METHODS, help="compute it where missing")
    parser.add_argument("--cases", default=":", help="a slice of the substituents to compute, such as 0:8")
    options = parser.parse_args()
    bench = Bench.of(options)
    first, last = (int(part) if part else None for part in options.cases.split(":"))
    for method in options.level:
        for name in SUBSTITUENTS[first:last]:
            bench.binding_kcal_mol(f"La_HOPO-{name}_1_6", f"HOPO-{name}", method=method)
    energies = {method: found for method in METHODS if (found := kept(bench, method))}
    show(energies)
    both = [pair for pair in combinations(energies, 2) if len(energies[pair[0]].keys() & energies[pair[1]]) >= _FEWEST]
    pairs = {f"{a} | {b}": agreement(energies[a], energies[b]) for a, b in both}
    for pair, found in pairs.items():
        print(pair, found)
    if options.json:
        print(json.dumps({"binding_kcal_mol": energies, "agreement": pairs}))


def kept(bench: Bench, method: str) -> dict[str, float]:
    """Return the binding energies whose terms are all kept and did not fail, in kcal/mol."""
    found = {}
    for name in SUBSTITUENTS:
        terms = (f"La_HOPO-{name}_1_6", f"HOPO-{name}", "La", "water")
        if all((bench.folder / method / f"{term}.json").is_file() for term in terms):
            energy = bench.binding_kcal_mol(f"La_HOPO-{name}_1_6", f"HOPO-{name}", method=method)
            if energy is not None:
                found[name] = round(energy, 3)
    return found


def show(energies: dict[str, dict[str, float]]) -> None:
    """Print the binding energies, the strongest of the last method first."""
    table = Table(title="binding energies of [La(HOPO-X)(H2O)6]2+, kcal/mol", box=box.SIMPLE_HEAD)
    table.add_column("X")
    for method in energies:
        table.add_column(method, justify="right")
    last = list(energies.values())[-1] if energies else {}
    for name in sorted(SUBSTITUENTS, key=lambda n: last.get(n, 0.0)):
        table.add_row(name, *(f"{values[name]:.2f}" if name in values else "" for values in energies.values()))
    Console().print(table)


if __name__ == "__main__":
    main()
