"""Computed stability constants beside measured ones: order, error, metals, and what each term of them does.

    python benchmarks/experiment.py [--keep FOLDER] [--compute NAME ...] [--metals Gd] [--level standard] [--json]

The structures and energies that were computed lie in benchmarks/experiment.tar.xz: minima of complexes of coordination
number 8 and 9, of aqua ions, free ligands and acids on gfn2-m with their vibrations, and energies by level. They are
unpacked into --keep, by default a folder that vanishes. `--compute` adds ligands of the shipped table (or `all`) with
some metals, one file a calculation, and goes on where it was stopped; a ligand with one metal takes 3 to 15 CPU
minutes. `--quick` computes oxalate with gadolinium anew and says how far that is from what is kept: ten minutes.
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
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from functools import cache, partial
from itertools import product
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
from rich import box
from rich.console import Console
from rich.table import Table

from reexplore.anchors.comparison import TREND_METALS, Compared, by_charge, compared, rank_correlation, trends
from reexplore.anchors.computed import SHIPPED, Computed, stability_kcal_mol
from reexplore.anchors.table import Anchor, read_anchors
from reexplore.campaign.steps.tasks import complex_task, ligand_task, water_task
from reexplore.chemistry.acids import acid_of
from reexplore.chemistry.aqua import aqua_ion
from reexplore.chemistry.candidates import Candidate
from reexplore.chemistry.complexes import single_candidate
from reexplore.chemistry.ligands import Ligand
from reexplore.chemistry.metals import METALS
from reexplore.config import TheoryEntry
from reexplore.energies.dft.single_point import single_point
from reexplore.energies.levels import find_level
from reexplore.energies.reactions import HARTREE_TO_KCAL_MOL, PROTON_KCAL_MOL
from reexplore.energies.thermal import WATER_MOL_L, concentration_hartree, gibbs_correction_hartree
from reexplore.errors import CalculationFailed
from reexplore.structures.structure import Structure
from reexplore.structures.xtb.minimum import settled_minimum
from reexplore.structures.xtb.surfaces import GFN2_M
from reexplore.workbench.complexes import Workbench

KEPT = Path(__file__).with_name("experiment.tar.xz")
NUMBERS = (8, 9)
_SEED = 1


@dataclass(frozen=True)
class Folder:
    """Where minima (`minima/NAME.json`) and energies (`LEVEL/NAME.json`) are kept."""

    path: Path
    level: str

    def minimum(self, name: str) -> dict[str, Any] | None:
        """Return the structure and the frequencies of a species, None where it was not computed."""
        return _read(self.path / "minima" / f"{name}.json")

    def energy_kcal_mol(self, name: str) -> float | None:
        """Return the electronic energy in solution, None where it was not computed."""
        found = _read(self.path / self.level / f"{name}.json")
        return None if found is None else found["total_hartree"] * HARTREE_TO_KCAL_MOL

    def thermal_kcal_mol(self, name: str) -> float | None:
        """Return the thermal terms in the standard state of solutes, of water that of the liquid."""
        found = self.minimum(name)
        if found is None:
            return None
        return _thermal_kcal_mol(self.path, name)

    def put(self, kind: str, name: str, value: dict[str, Any]) -> None:
        """Keep a result."""
        place = self.path / kind / f"{name}.json"
        place.parent.mkdir(parents=True, exist_ok=True)
        partial = place.with_suffix(".partial")
        partial.write_text(json.dumps(value))
        partial.replace(place)


@cache
def _read(path: Path) -> dict[str, Any] | None:
    return json.loads(path.read_text()) if path.is_file() else None


@cache
def _thermal_kcal_mol(path: Path, name: str) -> float:
    found = _read(path / "minima" / f"{name}.json")
    assert found is not None
    structure = Structure(tuple(found["symbols"]), np.array(found["positions_angstrom"]), 0)
    correction = gibbs_correction_hartree(structure, found["frequencies_cm1"])
    if name == "water":
        correction += concentration_hartree(WATER_MOL_L)
    return correction * HARTREE_TO_KCAL_MOL


def tag(anchor: Anchor) -> str:
    """Return an anchor's name as it stands in file names."""
    return anchor.name.replace(" ", "-")


@dataclass(frozen=True)
class Scale:
    """How a constant is made of what is kept: thermal terms, the free ligand's reference, coordination numbers."""

    thermal: bool = True
    reference: str = "acid"
    numbers: tuple[int, ...] = NUMBERS

    def value(self, folder: Folder, name: str) -> float | None:
        """Return the free or the electronic energy of a species in kcal/mol."""
        energy, thermal = folder.energy_kcal_mol(name), folder.thermal_kcal_mol(name) if self.thermal else 0.0
        return None if energy is None or thermal is None else energy + thermal

    def best(self, folder: Folder, anchor: Anchor, metal: str) -> tuple[int, int, float] | None:
        """Return coordination number, waters of the aqua ion and ΔG or ΔE in kcal/mol of the reaction at its best."""
        numbers = [n for n in self.numbers if n >= anchor.single.ligand.denticity]
        found = {
            (n, waters): self.reaction(folder, anchor, metal, number=n, aqua_waters=waters)
            for n, waters in product(numbers, self.numbers)
        }
        if any(math.isnan(value) for value in found.values()) or not found:
            return None
        # The aqua ion in its own best number, which makes the most of the reaction.
        waters = max(self.numbers, key=lambda waters: found[numbers[0], waters])
        number = min(numbers, key=lambda n: found[n, waters])
        return number, waters, found[number, waters]

    def reaction(self, folder: Folder, anchor: Anchor, metal: str, *, number: int, aqua_waters: int) -> float:
        """Return ΔG or ΔE in kcal/mol of L or its acid with one complex and one aqua ion, NaN where one is missing."""
        reference = "acid" if self.reference == "acid" else "free"
        names = (
            f"{metal}_{tag(anchor)}_{number}",
            f"{metal}_aqua_{aqua_waters}",
            f"{tag(anchor)}_{reference}",
            "water",
        )
        known = [self.value(folder, name) for name in names]
        complex_, aqua, free, water = (math.nan if value is None else value for value in known)
        released = aqua_waters - number + anchor.single.ligand.denticity
        protons = anchor.charge * PROTON_KCAL_MOL if self.reference == "acid" else 0.0
        return complex_ + released * water - aqua - free - protons

    def constants(self, folder: Folder, anchors: tuple[Anchor, ...]) -> dict[tuple[str, str], float]:
        """Return ΔG of M + L → ML from the deprotonated ligand by (ligand, metal)."""
        found = {}
        for anchor in anchors:
            for metal in METALS:
                best = self.best(folder, anchor, metal)
                value = None if best is None else stability_kcal_mol(anchor, best[2], reference=self.reference)
                if value is not None:
                    found[anchor.name, metal] = value
        return found


SCALES = {
    "electronic, anion, number 8": Scale(thermal=False, reference="anion", numbers=(8,)),
    "electronic, anion, best number": Scale(thermal=False, reference="anion"),
    "free, anion, number 8": Scale(reference="anion", numbers=(8,)),
    "free, anion, number 9": Scale(reference="anion", numbers=(9,)),
    "free, anion, best number": Scale(reference="anion"),
    "free, acid, best number": Scale(),
}


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


def aqua_figures(folder: Folder) -> dict[str, Any]:
    """Return how many waters each aqua ion has by its free energy, and how far nine lie above eight."""
    scale = Scale()
    numbers: dict[str, int] = {}
    energies: dict[str, float] = {}
    water = scale.value(folder, "water")
    for metal in METALS:
        found = {n: scale.value(folder, f"{metal}_aqua_{n}") for n in NUMBERS}
        if water is None or any(value is None for value in found.values()):
            continue
        free = {n: value - n * water for n, value in found.items() if value is not None}
        numbers[metal] = min(free, key=free.__getitem__)
        energies[metal] = round(free[9] - free[8], 2)
    return {"aqua_numbers": numbers, "nine_less_eight_kcal_mol": energies}


def compute(folder: Folder, anchors: list[Anchor], metals: list[str]) -> None:
    """Compute what is missing of some anchors with some metals."""
    theory = TheoryEntry()
    with tempfile.TemporaryDirectory() as store:
        bench = Workbench(Path(store), theory=theory, seed=_SEED, console=Console(stderr=True))

        def relaxed(candidate: Candidate) -> str:
            return str(bench.value("relax", complex_task(candidate, bench.template(candidate), theory))["extxyz"])

        def lowest(ligand: Ligand) -> str:
            return str(bench.value("ligand", ligand_task(ligand, theory, _SEED))["extxyz"])

        wanted: list[tuple[str, Callable[[], str]]] = [
            ("water", lambda: str(bench.value("geometry", water_task(theory))["extxyz"]))
        ]
        for metal, n in product(metals, NUMBERS):
            wanted.append((f"{metal}_aqua_{n}", partial(relaxed, aqua_ion(METALS[metal], waters=n))))
        for anchor in anchors:
            ligand = anchor.single.ligand
            wanted.append((f"{tag(anchor)}_free", partial(lowest, ligand)))
            wanted.append((f"{tag(anchor)}_acid", partial(lowest, acid_of(ligand))))
            for metal, n in product(metals, NUMBERS):
                if n >= ligand.denticity:
                    made = single_candidate(ligand, metal=METALS[metal], ligands=1, waters=None, coordination_number=n)
                    wanted.append((f"{metal}_{tag(anchor)}_{n}", partial(relaxed, made)))
        for name, geometry in wanted:
            try:
                _compute_one(folder, name, geometry)
            except CalculationFailed as failed:
                print(f"{name}: {failed.failure.code.value} ({failed.failure.message})", flush=True)


def _compute_one(folder: Folder, name: str, geometry: Callable[[], str]) -> None:
    if folder.minimum(name) is None:
        start = Structure.from_extxyz(geometry())
        began = time.process_time()
        found = settled_minimum(start, surface=GFN2_M)
        folder.put(
            "minima",
            name,
            {
                "symbols": found.structure.symbols,
                "charge": found.structure.charge,
                "positions_angstrom": np.round(found.structure.positions_angstrom, 6).tolist(),
                "frequencies_cm1": [round(f, 2) for f in found.vibrations.frequencies_cm1],
                "ridges": found.ridges,
                "cpu_s": round(time.process_time() - began, 1),
            },
        )
        _read.cache_clear()
    if folder.energy_kcal_mol(name) is None:
        kept = folder.minimum(name)
        assert kept is not None
        structure = Structure(tuple(kept["symbols"]), np.array(kept["positions_angstrom"]), kept["charge"])
        began = time.process_time()
        terms = single_point(structure, level=find_level(folder.level), memory_gb=6.0)
        cpu_s = round(time.process_time() - began, 1)
        folder.put(folder.level, name, {"total_hartree": terms.total_hartree, "cpu_s": cpu_s})
        _read.cache_clear()
        print(f"{name}: {terms.total_hartree:.6f} Eh at {folder.level}, {cpu_s} CPU-s", flush=True)


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


@contextmanager
def kept_folder(path: Path | None, level: str) -> Iterator[Folder]:
    """Yield the folder of results with all that is in the tar."""
    with tempfile.TemporaryDirectory() as vanishing:
        place = path or Path(vanishing)
        place.mkdir(parents=True, exist_ok=True)
        if KEPT.is_file():
            with tarfile.open(KEPT) as tar:
                new = [member for member in tar.getmembers() if not (place / member.name).exists()]
                tar.extractall(place, members=new, filter="data")
        yield Folder(place, level)


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
        "--compute", nargs="+", default=[], metavar="NAME", help="anchors to compute where missing, or all"
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
            compute(folder, [known[name] for name in names], options.metals.split(","))
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
