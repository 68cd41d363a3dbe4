"""Binding and exchange energies of one ligand along the lanthanides, by one level beside another.

    python benchmarks/exchange.py --keep FOLDER [--level gfn2] [--metals La Lu] [--ligand HOPO-H] [--json]

The complexes [M(L)(H2O)6] descend from lanthanum's (benchmarks/label_geometries) by metal exchange and
GFN2-xTB/ALPB relaxation, as a campaign's do; the aqua ions are those of the folder. Binding is M3+ + L + 6 H2O,
exchange L + [M(H2O)8]3+ → [M(L)(H2O)6] + 2 H2O. The figure is each metal less lanthanum on either scale.
`quick` is about 80 CPU seconds a metal; every calculation is kept in FOLDER/<level>.
"""

from __future__ import annotations

import argparse
import json
import os
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from label_energies import METHODS, Bench, add_options
from label_geometries import ion
from rich import box
from rich.console import Console
from rich.table import Table

from reexplore.chemistry.candidates import Candidate
from reexplore.chemistry.ligand_input import library_ligand
from reexplore.chemistry.metals import METALS
from reexplore.energies import binding, exchange
from reexplore.structures.metal_exchange import contraction_of
from reexplore.structures.search.label_geometry import exchange_and_relax

_WATERS = 6
_REFERENCE = "La"


def scales_kcal_mol(bench: Bench, ligand: str, symbol: str, *, method: str) -> dict[str, float] | None:
    """Return the binding and the exchange energy of one metal's complex, None when a term failed."""
    candidate = Candidate(library_ligand(ligand).ligand, METALS[symbol], 1, _WATERS)
    template = bench.geometry(f"{_REFERENCE}_{ligand}_1_6")
    contraction = contraction_of(bench.surface)
    found = exchange_and_relax([template], candidate=candidate, surface=bench.surface, contraction=contraction)
    complex_ = bench.terms(f"{symbol}_{ligand}_1_6_from_{_REFERENCE}", found.relaxed.structure, method=method)
    aqua = bench.terms(f"{symbol}_aqua_8", bench.geometry(f"{symbol}_aqua_8"), method=method)
    bare = bench.terms(symbol, ion(METALS[symbol]), method=method)
    free = bench.terms(ligand, bench.geometry(ligand), method=method)
    water = bench.terms("water", bench.geometry("water"), method=method)
    if complex_ is None or aqua is None or bare is None or free is None or water is None:
        return None
    shared: dict[str, Any] = {"ligand": free, "water": water, "ligands": 1, "waters": _WATERS}
    return {
        "binding": binding(complex_, ion=bare, **shared).energy_kcal_mol,
        "exchange": exchange(complex_, aqua_complex=aqua, **shared).energy_kcal_mol,
    }


def main() -> None:
    """Compute what is missing and print both scales."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_options(parser)
    parser.add_argument("--level", action="append", choices=METHODS, help="may be given more than once")
    parser.add_argument("--metals", nargs="+", default=["La", "Gd", "Lu"], choices=METALS, metavar="METAL")
    parser.add_argument("--ligand", default="HOPO-H", help="a ligand whose lanthanum complex is in the folder")
    options = parser.parse_args()
    bench = Bench.of(options)
    table = Table(title=f"[M({options.ligand})(H2O)6], kcal/mol", title_justify="left", box=box.SIMPLE_HEAD)
    for heading in ("level", "metal", "binding", "less La's", "exchange", "less La's"):
        table.add_column(heading, justify="left" if heading in ("level", "metal") else "right")
    found: dict[str, Any] = {}
    for method in options.level or ["gfn2"]:
        scales = {s: scales_kcal_mol(bench, options.ligand, s, method=method) for s in (_REFERENCE, *options.metals)}
        first = scales[_REFERENCE]
        for symbol, scale in scales.items():
            if scale is None or first is None:
                continue
            found.setdefault(method, {})[symbol] = {name: round(value, 2) for name, value in scale.items()}
            cells = [f"{part:.1f}" for name in scale for part in (scale[name], scale[name] - first[name])]
            table.add_row(method, symbol, *cells)
    Console().print(table)
    if options.json:
        print(json.dumps({"ligand": options.ligand, "kcal_mol": found}))


if __name__ == "__main__":
    main()
