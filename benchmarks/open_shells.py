"""Open 4f shells: [M(acetohydroxamate)(H2O)6]2+ of every metal of the paper, each from two starts.

    python benchmarks/open_shells.py --keep FOLDER [--level paper] [--metals Eu Gd] [--json]

The starts fill the 4f shell in two ways; `spread` is what their energies differ by. Gadolinium has one way only, closed
shells have no shell to fill. A quarter of an hour of CPU a metal at `paper`; each is kept in FOLDER/<level>.
"""

from __future__ import annotations

import argparse
import json
import os
from typing import Any

# One thread unless --threads says otherwise to the engine: cost is counted in CPU seconds.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from label_energies import METHODS, Bench, add_options
from label_geometries import stored
from rich import box
from rich.console import Console
from rich.table import Table

from reexplore.chemistry.metals import METALS
from reexplore.energies import HARTREE_TO_KCAL_MOL

SYMBOLS = ("Y", "La", "Ce", "Pr", "Nd", "Sm", "Eu", "Gd", "Tb", "Dy", "Ho", "Er", "Tm", "Yb", "Lu")
WITHIN_KCAL_MOL = 1.0


def row(bench: Bench, symbol: str, *, method: str) -> dict[str, Any]:
    """Return what the state of a metal's complex is like, or why there is none."""
    name = f"{symbol}_aha_1_6"
    terms = bench.terms(name, stored(name), method=method)
    kept = json.loads((bench.folder / method / f"{name}.json").read_text())
    if terms is None:
        return {"failure": kept["failure"], "cpu_s": kept["cpu_s"]}
    spin, shell = (terms.multiplicity - 1) / 2, METALS[symbol].f_electrons
    spread = terms.spread_hartree
    return {
        "spin_squared": terms.spin_squared,
        "spin_squared_off": 0.0 if terms.spin_squared is None else abs(terms.spin_squared - spin * (spin + 1)),
        "f_population": terms.f_population,
        "f_population_off": None if terms.f_population is None else terms.f_population - shell,
        "f_unpaired_off": None if terms.f_unpaired is None else terms.f_unpaired - 2 * spin,
        "lowest_curvature_hartree": terms.lowest_curvature_hartree,
        "spread_kcal_mol": None if spread is None else spread * HARTREE_TO_KCAL_MOL,
        "cycles": terms.cycles,
        "cpu_s": kept["cpu_s"],
    }


def main() -> None:
    """Compute what is missing and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_options(parser)
    parser.add_argument("--level", choices=METHODS, default="paper")
    parser.add_argument("--metals", nargs="+", choices=SYMBOLS, default=SYMBOLS, metavar="M")
    options = parser.parse_args()
    bench = Bench.of(options)
    rows = {symbol: row(bench, symbol, method=options.level) for symbol in options.metals}
    table = Table(
        "metal", "⟨S²⟩ off by", "4f off by", "unpaired off by", "curvature/Eh", "spread kcal/mol", "cycles", "CPU-s"
    )
    table.box = box.SIMPLE_HEAD
    for symbol, found in rows.items():
        if "failure" in found:
            table.add_row(symbol, found["failure"])
            continue
        numbers = (
            "spin_squared_off",
            "f_population_off",
            "f_unpaired_off",
            "lowest_curvature_hartree",
            "spread_kcal_mol",
        )
        cells = ["" if found[name] is None else f"{found[name]:.3f}" for name in numbers]
        table.add_row(symbol, *cells, str(found["cycles"]), f"{found['cpu_s']:.0f}")
    Console().print(table)
    if options.json:
        close = [s for s, r in rows.items() if "failure" not in r and (r["spread_kcal_mol"] or 0.0) <= WITHIN_KCAL_MOL]
        print(json.dumps({"level": options.level, "within_1_kcal_mol": len(close), "metals": rows}))


if __name__ == "__main__":
    main()
