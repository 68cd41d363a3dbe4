"""Hydration along the lanthanides: M3+(gas) + n H2O → [M(H2O)n]3+ in water, beside experiment.

    python benchmarks/hydration.py --keep FOLDER [--level quick] [--waters 8] [--geometry Gd] [--json]

Waters and complexes are computed in SMD water, all complexes in one arrangement relaxed by GFN2-xTB/ALPB
(benchmarks/label_geometries), the bare ion without its interaction with the solvent. Electronic energies: no
vibrations, no entropies, no standard states, eight waters for every metal though the light ones hold nine. Six
waters are for `paper`, whose open shells are computed on them by benchmarks/open_shells.py: kept, not repeated.
The figures are the difference between lutetium and lanthanum and how far any lanthanide lies from a parabola in
the atomic number, those left out whose core potential the level sets apart. `--geometry Gd` puts every metal into
gadolinium's complex: what is left is the level's own trend. `quick` is about 11 CPU seconds a metal; every
calculation is kept in FOLDER/<level>.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Collection
from dataclasses import replace
from functools import partial
from typing import Any

# One thread unless --threads says otherwise to the engine: cost is counted in CPU seconds.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
from label_energies import LEVEL_OF, METHODS, Bench, add_options
from label_geometries import SYMBOLS, ion
from rich import box
from rich.console import Console
from rich.table import Table

from reexplore.chemistry.metals import METALS
from reexplore.energies import HARTREE_TO_KCAL_MOL, comparison_warning

#: Gibbs energies of hydration in kcal/mol, Y. Marcus, J. Chem. Soc. Faraday Trans. 1991, 87, 2995, as tabulated
#: by P. Li, L. F. Song, K. M. Merz, J. Phys. Chem. B 2015, 119, 883. Lutetium lies no lower than thulium there,
#: off the line of the others.
MARCUS_GIBBS_KCAL_MOL = {
    **{"Y": -824.6, "La": -751.7, "Ce": -764.8, "Pr": -775.6, "Nd": -783.9, "Sm": -794.7, "Eu": -803.1},
    **{"Gd": -806.6, "Tb": -812.6, "Dy": -818.6, "Er": -835.3, "Tm": -840.1, "Lu": -840.1},
}


def hydration_kcal_mol(
    bench: Bench, symbol: str, *, method: str, waters: int, geometry: str | None = None
) -> float | None:
    """Return the energy of M3+(gas) + n H2O → [M(H2O)n]3+ in water, None when a term is missing or failed.

    With `geometry` the metal stands in that other metal's complex.
    """
    metal, name = METALS[symbol], f"{symbol}_aqua_{waters}"
    structure = bench.geometry(name)
    if geometry is not None:
        name = f"{name}_of_{geometry}"
        held = bench.geometry(f"{geometry}_aqua_{waters}")
        structure = replace(held, symbols=tuple(symbol if s == geometry else s for s in held.symbols))
    complex_ = bench.terms(name, structure, method=method)
    bare = bench.terms(symbol, ion(metal), method=method)
    water = bench.terms("water", bench.geometry("water"), method=method)
    if complex_ is None or bare is None or water is None:
        return None
    # A spherical ion is not polarised by its cavity: without the interaction it is the ion in the gas phase.
    parts = bare.electronic_hartree + waters * water.total_hartree
    return (complex_.total_hartree - parts) * HARTREE_TO_KCAL_MOL


def figures(energies: dict[str, float], *, apart: Collection[str] = ()) -> dict[str, Any]:
    """Return the span of the series and the largest deviation of a lanthanide from a parabola, in kcal/mol."""
    symbols = [symbol for symbol in energies if METALS[symbol].atomic_number >= 57 and symbol not in apart]
    numbers = np.array([METALS[symbol].atomic_number for symbol in symbols], dtype=np.float64)
    values = np.array([energies[symbol] for symbol in symbols])
    found: dict[str, Any] = {"hydration_kcal_mol": {symbol: round(e, 2) for symbol, e in energies.items()}}
    if {"La", "Lu"} <= energies.keys():
        found["lanthanum_to_lutetium_kcal_mol"] = round(energies["La"] - energies["Lu"], 2)
    if {"La", "Tm"} <= energies.keys():
        found["lanthanum_to_thulium_kcal_mol"] = round(energies["La"] - energies["Tm"], 2)
    if len(symbols) > 3:
        beside = values - np.polyval(np.polyfit(numbers - 64, values, 2), numbers - 64)
        worst = int(np.abs(beside).argmax())
        found["largest_deviation_from_parabola_kcal_mol"] = [symbols[worst], round(float(beside[worst]), 2)]
    return found


def main() -> None:
    """Compute what is missing and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_options(parser)
    parser.add_argument("--level", default="quick", choices=METHODS[1:])
    parser.add_argument("--waters", type=int, choices=(6, 8), default=8)
    parser.add_argument("--geometry", choices=SYMBOLS, metavar="M", help="put every metal into this one's complex")
    options = parser.parse_args()
    bench = Bench.of(options)
    level = LEVEL_OF[options.level]
    energy = partial(hydration_kcal_mol, bench, method=level.name, waters=options.waters, geometry=options.geometry)
    energies = {s: e for s in SYMBOLS if (e := energy(s)) is not None}
    reaction = f"M3+(gas) + {options.waters} H2O → [M(H2O){options.waters}]3+"
    table = Table(title=f"{reaction}, kcal/mol, {options.level}", box=box.SIMPLE_HEAD)
    for column in ("metal", "computed", "measured (Gibbs)", "less lanthanum", "measured"):
        table.add_column(column, justify="right")
    for symbol, value in energies.items():
        measured = MARCUS_GIBBS_KCAL_MOL.get(symbol)
        row = [symbol, f"{value:.1f}", "" if measured is None else f"{measured:.1f}"]
        row.append(f"{value - energies['La']:.1f}" if "La" in energies else "")
        row.append("" if measured is None else f"{measured - MARCUS_GIBBS_KCAL_MOL['La']:.1f}")
        table.add_row(*row)
    Console().print(table)
    # Any lanthanide with the potential of most would do for the comparison; no level sets gadolinium's apart.
    found = figures(energies, apart=[symbol for symbol in energies if comparison_warning(level, ("Gd", symbol))])
    found["measured"] = figures(MARCUS_GIBBS_KCAL_MOL)
    for name, value in found.items():
        if name.endswith("kcal_mol") and name != "hydration_kcal_mol":
            print(f"{name:45s} {value}   measured {found['measured'].get(name)}")
    if options.json:
        print(json.dumps(found))


if __name__ == "__main__":
    main()
