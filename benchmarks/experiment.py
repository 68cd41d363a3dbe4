"""Computed stability constants beside measured ones: order, error, metals, and what each term of them does.

    python benchmarks/experiment.py [--keep FOLDER] [--compute NAME ...] [--metals Gd] [--level standard] [--json]

The structures and energies that were computed lie in benchmarks/experiment.tar.xz: minima of complexes of coordination
number 8 and 9, of aqua ions, free ligands and acids on gfn2-m with their vibrations, and energies by level. They are
unpacked into --keep, by default a folder that vanishes. `--compute` adds ligands of the shipped table (or `all`) with
some metals, one file a calculation, and goes on where it was stopped; a ligand with one metal takes 3 to 15 CPU
minutes. `--quick` computes oxalate with gadolinium anew and says how far that is from what is kept and what it costs:
ten minutes.
`--pack` writes the tar anew from FOLDER, `--ship` what the program shows beside new ligands.
"""

from __future__ import annotations

import argparse
import csv
import json
import math
import os
import tarfile
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
from experiment_aqua import aqua_figures
from experiment_kept import KEPT, Folder, compute, kept_folder
from experiment_price import price_figures
from experiment_scales import SCALES, Scale
from rich import box
from rich.console import Console
from rich.table import Table

from reexplore.anchors.comparison import TREND_METALS, Compared, by_charge, compared, rank_correlation, trends
from reexplore.anchors.computed import SHIPPED, Computed
from reexplore.anchors.table import Anchor, read_anchors
from reexplore.structures.xtb.surfaces import GFN2_M


def figures(folder: Folder, anchors: tuple[Anchor, ...], scale: Scale) -> dict[str, Any]:
    """Return the figures of a scale; None where too little was computed."""
    values = scale.constants(folder, anchors)
    rows = compared(anchors, values)
    classes = by_charge(rows, metal="Gd")
    series = trends(anchors, values)
    off = [t.calibrated_kcal_mol - t.measured_kcal_mol for t in series]
    return {
        "anchors": len({row.ligand for row in rows}),
        "spearman_by_charge": {str(charge): rank_correlation(each) for charge, each in classes.items()},
        "log_k_error_raw": {
            str(charge): _rms([r.computed - r.measured for r in each]) for charge, each in classes.items()
        },
        "log_k_error_calibrated": {
            str(charge): _rms([r.calibrated - r.measured for r in each if r.calibrated is not None])
            for charge, each in classes.items()
        },
        "spearman_pooled": rank_correlation([row for row in rows if row.metal == "Gd"]),
        "la_lu_anchors": len(series),
        "la_lu_sign_fraction": float(np.mean([t.computed_kcal_mol < 0 for t in series])) if series else None,
        "la_lu_mean_ratio": float(np.mean([t.computed_kcal_mol / t.measured_kcal_mol for t in series]))
        if series
        else None,
        "la_lu_error_kcal_mol": _rms(off),
    }


def _mean(values: list[float]) -> float | None:
    return float(np.mean(values)) if values else None


def _rms(values: list[float]) -> float | None:
    return math.sqrt(float(np.mean(np.square(values)))) if values else None


def shipped_rows(folder: Folder, anchors: tuple[Anchor, ...]) -> Iterator[Computed]:
    """Yield what the program shows of the anchors, from both references."""
    for anchor in anchors:
        for reference in ("anion", "acid"):
            for metal in TREND_METALS:
                free = Scale(reference=reference).best(folder, anchor, metal)
                if free is not None:
                    number, waters, value = free
                    # The electronic energy at the numbers that the free energy chose.
                    bare = Scale(thermal=False, reference=reference)
                    electronic = bare.reaction(folder, anchor, metal, number=number, aqua_waters=waters)
                    how = (folder.level, GFN2_M.name, reference, number, waters)
                    yield Computed(anchor.name, metal, *how, round(electronic, 3), round(value, 3))


#: What is printed of each scale: the heading, and where it stands in `figures`.
_SHOWN = (
    ("ρ −1", "spearman_by_charge", "-1"),
    ("ρ −2", "spearman_by_charge", "-2"),
    ("± −1", "log_k_error_calibrated", "-1"),
    ("± −2", "log_k_error_calibrated", "-2"),
    ("ρ all", "spearman_pooled", ""),
    ("La–Lu sign", "la_lu_sign_fraction", ""),
    ("ratio", "la_lu_mean_ratio", ""),
    ("± kcal/mol", "la_lu_error_kcal_mol", ""),
)


def show(rows: tuple[Compared, ...], told: dict[str, dict[str, Any]]) -> None:
    """Print the anchors with gadolinium, and the figures of every scale."""
    console = Console()
    table = Table(title="log10 K1 of Gd, free energies from the acid", box=box.SIMPLE_HEAD)
    for heading in ("ligand", "charge", "measured", "computed", "calibrated"):
        table.add_column(heading, justify="left" if heading == "ligand" else "right")
    for charge, each in by_charge(rows, metal="Gd").items():
        for row in sorted(each, key=lambda row: row.measured):
            calibrated = "" if row.calibrated is None else f"{row.calibrated:.1f}"
            table.add_row(row.ligand, f"{charge:+d}", f"{row.measured:.1f}", f"{row.computed:.1f}", calibrated)
    console.print(table)
    title = "scales: Spearman's ρ and error in log units (Gd, by charge), trends from La to Lu"
    scales = Table(title=title, box=box.SIMPLE_HEAD)
    scales.add_column("scale")
    for heading, _, _ in _SHOWN:
        scales.add_column(heading, justify="right")
    for scale, found in told.items():
        values = [found[name].get(key) if key else found[name] for _, name, key in _SHOWN]
        scales.add_row(scale, *("" if value is None else f"{value:.2f}" for value in values))
    console.print(scales)


def main() -> None:
    """Compute what is asked for and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keep", type=Path, help="where results are kept")
    parser.add_argument(
        "--compute", nargs="+", default=[], metavar="NAME", help="anchors to compute where missing, all, or aqua"
    )
    parser.add_argument("--metals", default="Gd", help="with these metals, joined by commas")
    parser.add_argument("--level", default="standard")
    parser.add_argument("--quick", action="store_true", help="compute oxalate with Gd anew beside what is kept")
    parser.add_argument("--pack", action="store_true", help="write the tar anew")
    parser.add_argument("--ship", action="store_true", help="write what the program shows")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    anchors = read_anchors()
    with kept_folder(options.keep, options.level) as folder:
        known = {anchor.name: anchor for anchor in anchors}
        names = list(known) if options.compute == ["all"] else options.compute
        if names:
            compute(folder, [known[name] for name in names if name != "aqua"], options.metals.split(","))
        told = {name: figures(folder, anchors, scale) for name, scale in SCALES.items()}
        best = SCALES["free, acid, best number"]
        show(compared(anchors, best.constants(folder, anchors)), told)
        found = told["free, acid, best number"] | aqua_figures(folder)
        if options.quick:
            found["from_file"] = sorted(found)
            with tempfile.TemporaryDirectory() as anew:
                fresh = Folder(Path(anew), options.level)
                compute(fresh, [known["oxalate"]], ["Gd"])
                one, other = (best.constants(each, anchors).get(("oxalate", "Gd")) for each in (fresh, folder))
                assert one is not None and other is not None  # noqa: PT018
                found["anew_less_kept_kcal_mol"] = round(one - other, 3)
                found |= price_figures(fresh, "oxalate", "Gd")
        if options.ship:
            with SHIPPED.open("w", newline="", encoding="utf-8") as file:
                writer = csv.DictWriter(file, [field.name for field in fields(Computed)], lineterminator="\n")
                writer.writeheader()
                writer.writerows(asdict(row) for row in shipped_rows(folder, anchors))
        if options.pack:
            with tarfile.open(KEPT, "w:xz") as tar:
                for path in sorted(folder.path.rglob("*.json")):
                    tar.add(path, path.relative_to(folder.path))
    if options.json:
        print(json.dumps(found))


if __name__ == "__main__":
    main()
