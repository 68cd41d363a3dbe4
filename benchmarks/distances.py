"""Metal–donor distances: relaxed by DFT, fitted, and judged.

    python benchmarks/distances.py --keep FOLDER --fit [--part 0/2] [--hours 3]
    python benchmarks/distances.py --keep FOLDER [--quick] [--json]

With --fit the probes of `distance_probes` are relaxed by DFT at `quick`, each gradient kept in FOLDER/relaxations and
gone on with after a kill; `--part` shares them among processes. Then the correction is fitted on their gradients
(`distance_fit`) and written into src/reexplore/structures/metal_donor.csv. Everything takes about seven CPU-hours;
what is shipped in benchmarks/distances/relaxations.tar.xz is not computed again.

Without --fit the corrected surface is judged: distances of the probes that were not fitted, the aqua ions along the
series, how far DFT energies of corrected minima lie above DFT relaxations, La-Lu differences beside DFT and
experiment, the same with distances or waters put where DFT has them (`distance_held`), and the price. About two hours;
--quick takes ten minutes, and what it leaves out it reads from the shipped result.
"""

from __future__ import annotations

import argparse
import json
import os
import tarfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

# One thread: probes are computed beside one another.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
from ase import Atoms
from distance_figures import (
    BESIDE_DFT,
    BESIDE_EXPERIMENT,
    CORRECTED,
    EXCESS_EXPLAINED,
    EXCESS_METALS,
    EXCESS_OF,
    PLAIN,
    aqua_distances,
    compare,
    corrected_minimum,
    cost_ratio,
    excess_kcal_mol,
    la_lu_kcal_mol,
    mean_error_angstrom,
    measured_kcal_mol,
    searched,
    slope,
    water_lean_degrees,
)
from distance_fit import Pull, fit, pulls, structure_of
from distance_held import at_dft_distances, with_dft_waters
from distance_probes import PROBES, Guessed, Probe, start
from distance_refine import Target, refine, target
from label_energies import Bench
from rich import box
from rich.console import Console
from rich.table import Table

from reexplore.energies.dft.relaxation import descend_by_dft, frames_of, slope_hartree_bohr
from reexplore.energies.levels import QUICK
from reexplore.errors import CalculationFailed
from reexplore.structures.structure import Structure
from reexplore.structures.xtb.relax import relax

HERE = Path(__file__).with_name("distances")
RELAXATIONS, RESULT, CONSTANTS = HERE / "relaxations.tar.xz", HERE / "result.json", HERE / "log_k.csv"
TABLE = Path(__file__).parents[1] / "src" / "reexplore" / "structures" / "xtb" / "metal_donor.csv"

_FIT = tuple(probe for probe in PROBES.values() if not probe.held_out)
_CORE = ("hopo", "catecholate", "pyridine-oxide", "oxalate")
#: Minima whose DFT energy is told: free ones, and those in which a part is where DFT has it.
_MINIMA = {
    "corrected": corrected_minimum,
    "at_dft_distances": at_dft_distances,
    "with_dft_waters": with_dft_waters,
}
#: Gradients of a relaxation: enough for the pulls of a fit, and for a distance that others are judged by.
_FITTED, _JUDGED = 4, 6
#: Largest component of the gradient at which a relaxation is done before.
_CONVERGED_HARTREE_BOHR = 8e-4


def is_done(frames: list[Atoms], *, gradients: int) -> bool:
    """Return whether a relaxation has its gradients or has come to its end before."""
    return len(frames) >= gradients or slope_hartree_bohr(frames[-1]) < _CONVERGED_HARTREE_BOHR


def jobs() -> list[tuple[str, Probe, int]]:
    """Return metal, probe and number of gradients of every relaxation, the most telling first."""
    held = [probe for probe in PROBES.values() if probe.held_out]
    core = [probe for probe in held if probe.name in _CORE]
    found = [(symbol, probe, _FITTED) for probe in _FIT for symbol in ("La", "Lu")]
    found += [(symbol, probe, _JUDGED) for probe in held for symbol in ("La", "Lu")]
    found += [(symbol, probe, _FITTED) for probe in _FIT for symbol in ("Gd", "Y")]
    found += [(symbol, probe, _FITTED) for symbol in ("Sc",) for probe in _FIT]
    found += [(symbol, probe, _JUDGED) for probe in core for symbol in ("Gd", "Y")]
    found += [(symbol, probe, _FITTED) for probe in _FIT for symbol in ("Dy", "Pr", "Sm")]
    return found


def relaxations(folder: Path, *, part: int, parts: int, until: float) -> None:
    """Make the starts and relax them by DFT: every so many-th job, as long as time is left."""
    for number, (symbol, probe, gradients) in enumerate(jobs()):
        if number % parts != part:
            continue
        if time.time() > until:
            return
        name = f"{symbol}_{probe.name}"
        structure = kept_start(folder / "starts", probe, symbol)
        if structure is None:
            print(f"# {name}: no start", flush=True)
            continue
        began = time.process_time()
        surface = Guessed(structure, probe.candidate(symbol).metal)
        try:
            path, done = folder / f"{name}.extxyz", partial(is_done, gradients=gradients)
            frames = descend_by_dft(structure, level=QUICK, surface=surface, path=path, is_done=done)
        except CalculationFailed as failed:
            print(f"# {name}: {failed}", flush=True)
            continue
        told = " ".join(f"{frame.get_potential_energy() - frames[0].get_potential_energy():.3f}" for frame in frames)
        print(f"{name}: {len(structure)} atoms, eV {told}, {time.process_time() - began:.0f} CPU-s", flush=True)


def kept_start(folder: Path, probe: Probe, symbol: str) -> Structure | None:
    """Return a start of the folder, made when it is not there."""
    path = folder / f"{symbol}_{probe.name}.xyz"
    if not path.is_file():
        same = symbol in ("La", "Sc")
        lanthanum = None if same else kept_start(folder, probe, "La")
        found = start(probe, symbol, lanthanum=lanthanum) if same or lanthanum is not None else None
        if found is None:
            return None
        folder.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(f".{os.getpid()}.part")
        part.write_text(found.to_extxyz())
        part.replace(path)
    return Structure.from_extxyz(path.read_text())


def unpack(folder: Path) -> None:
    """Put the shipped relaxations into a folder; what is there stays."""
    folder.mkdir(parents=True, exist_ok=True)
    if RELAXATIONS.is_file():
        with tarfile.open(RELAXATIONS) as archive:
            missing = [m for m in archive.getmembers() if m.isfile() and not (folder / m.name).exists()]
            archive.extractall(folder, members=missing, filter="data")


def finished(folder: Path) -> dict[str, Path]:
    """Return the relaxations of a folder that came to their end, by METAL_PROBE."""
    names = [f"{symbol}_{probe.name}" for symbol, probe, _ in jobs()]
    return {name: path for name in names if is_done(frames_of(path := folder / f"{name}.extxyz"), _FITTED)}


def write_table(folder: Path) -> None:
    """Fit the correction on the relaxations of a folder and write it where the program reads it."""
    paths = {name: path for name, path in finished(folder).items() if not PROBES[name.split("_", 1)[1]].held_out}
    measured = {name: pulls(path) for name, path in paths.items()}
    found = fit([pull for of_one in measured.values() for pull in of_one])
    pushes = refine(found.pushes, [_target(name, path, measured[name]) for name, path in paths.items()])
    for (metal, probe), miss in sorted(found.misses.items()):
        print(f"{metal} {probe}: pulls are missed by {1e3 * miss:.1f} mEh/bohr")
    metals = sorted({name.split("_", 1)[0] for name in paths})
    lines = [
        "# The metal-donor correction: energy = height_hartree * exp(-decay_per_bohr * (r - at_angstrom)), r in bohr.",
        f"# Fitted by `python benchmarks/distances.py --fit` on the pulls of {len(paths)} DFT relaxations at the level",
        "# `quick` (PBE-D4/def2-SVP, lanthanides with the 4f electrons in the core, IEF-PCM water), which lie in",
        f"# benchmarks/distances/relaxations.tar.xz: probes with {', '.join(metals)}.",
        "# Every other lanthanide by its ionic radius; neodymium is not fitted.",
        "metal,donor,height_hartree,decay_per_bohr,at_angstrom",
    ]
    lines += [f"{p.metal},{p.donor},{p.height_hartree},{p.decay_per_bohr},{p.at_angstrom}" for p in pushes]
    TABLE.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"{len(pushes)} corrections written to {TABLE}")


def _target(name: str, path: Path, measured: list[Pull]) -> Target:
    frames = frames_of(path)
    metal, probe = name.split("_", maxsplit=1)
    return target(metal, probe, frames[-1], [pull for pull in measured if pull.frame == len(frames) - 1])


def judge(folder: Path, bench: Bench, *, quick: bool) -> dict[str, Any]:
    """Return every figure; with `quick` of a sample, and those without one not at all."""
    paths = finished(folder)
    ends = {name: frames_of(path)[-1] for name, path in paths.items()}
    held = [name for name in ends if PROBES[name.split("_", 1)[1]].held_out]
    wanted = [name for name in held if not quick or name.split("_", 1)[1] in EXCESS_OF] if quick else list(ends)
    rows = [compare(name, ends[name]) for name in wanted]
    _distance_table(rows)
    out = [row for row in rows if row.held_out and row.probe in ("hopo", "catecholate", "pyridine-oxide")]
    found: dict[str, Any] = {
        "heldout_distance_mae_angstrom": mean_error_angstrom(out, of="corrected"),
        "heldout_distance_mae_angstrom_plain": mean_error_angstrom(out, of="plain"),
        "heldout_ligand_distance_mae_angstrom": mean_error_angstrom(out, of="corrected", ligand_only=True),
    }
    aqua = {surface.name: aqua_distances(surface) for surface in (PLAIN, CORRECTED)}
    found["aqua_distances_angstrom"] = {k: {m: round(r, 3) for m, r in v.items()} for k, v in aqua.items()}
    found["aqua_slope_ratio"] = slope(aqua[CORRECTED.name])
    found["aqua_slope_ratio_plain"] = slope(aqua[PLAIN.name])
    starts = [structure_of(frames_of(paths[name])[0]) for name in wanted[: 6 if quick else 20]]
    found["relaxation_cost_ratio"], found["relaxation_cost"] = cost_ratio(starts)
    if not quick:
        found |= _excesses(bench, ends) | _leans(ends) | _selectivities(bench, ends, folder.parent / "searched")
    return found


def _excesses(bench: Bench, ends: dict[str, Any]) -> dict[str, Any]:
    """Return the DFT energies of corrected minima above DFT relaxations, and what is left with a part from DFT."""
    found: dict[str, Any] = {}
    for kind, minimum in _MINIMA.items():
        free = kind == "corrected"
        above = {
            ligand: {
                metal: excess_kcal_mol(bench, name, ends[name], kind=kind, minimum=minimum)
                for metal in EXCESS_METALS
                if (name := f"{metal}_{ligand}") in ends
            }
            for ligand in (EXCESS_OF if free else EXCESS_EXPLAINED)
        }
        spreads = [float(np.ptp(list(by_metal.values()))) for by_metal in above.values() if len(by_metal) > 1]
        key = "dft_excess" if free else f"dft_excess_{kind}"
        found[f"{key}_kcal_mol"] = above
        found[f"{key}_spread_kcal_mol"] = max(spreads) if spreads else None
    return found


def _leans(ends: dict[str, Any]) -> dict[str, Any]:
    """Return how far waters lean in DFT and on the corrected surface."""

    def lean(name: str, structure: Structure) -> float:
        metal, probe = name.split("_", maxsplit=1)
        return round(water_lean_degrees(structure, PROBES[probe].candidate(metal)), 1)

    names = [n for ligand in EXCESS_EXPLAINED for metal in EXCESS_METALS if (n := f"{metal}_{ligand}") in ends]
    return {
        "water_lean_degrees": {
            name: {
                "dft": lean(name, structure_of(ends[name])),
                "corrected": lean(name, corrected_minimum(name, ends[name])),
            }
            for name in names
        }
    }


def _selectivities(bench: Bench, ends: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Return the La-Lu differences on corrected minima, free and with a part from DFT, on DFT relaxations, measured."""

    def by_dft(name: str) -> Structure | None:
        return structure_of(ends[name]) if name in ends else None

    def relaxed(kind: str) -> Callable[[str], Structure | None]:
        return lambda name: _MINIMA[kind](name, ends[name]) if name in ends else None

    def plain(name: str) -> Structure | None:
        return relax(structure_of(ends[name]), surface=PLAIN).structure if name in ends else None

    ways = {"dft": by_dft, **{kind: relaxed(kind) for kind in _MINIMA}, "plain": plain}
    told: dict[str, dict[str, float | None]] = {
        ligand: {kind: la_lu_kcal_mol(bench, ligand, way, kind) for kind, way in ways.items()} for ligand in BESIDE_DFT
    }
    for ligand, probe in BESIDE_EXPERIMENT.items():
        told[ligand] = {"corrected": la_lu_kcal_mol(bench, ligand, searched(probe, folder), "corrected")}
    measured = measured_kcal_mol(CONSTANTS)
    for ligand, values in told.items():
        values["measured"] = measured.get(ligand)
    beside = [(v["corrected"], v["measured"]) for v in told.values() if v.get("corrected") and v.get("measured")]
    return {
        "la_lu_kcal_mol": told,
        "la_lu_against_dft_kcal_mol": _mean_difference(told, "corrected"),
        "la_lu_at_dft_distances_against_dft_kcal_mol": _mean_difference(told, "at_dft_distances"),
        "la_lu_with_dft_waters_against_dft_kcal_mol": _mean_difference(told, "with_dft_waters"),
        "la_lu_mean_error_kcal_mol": float(np.mean([abs(c - m) for c, m in beside])) if beside else None,
        "la_lu_mean_ratio": float(np.mean([c / m for c, m in beside])) if beside else None,
    }


def _mean_difference(told: dict[str, dict[str, float | None]], kind: str) -> float | None:
    """Return by how much La-Lu differences on minima of a kind miss those on DFT relaxations, on average."""
    misses = [abs(v[kind] - v["dft"]) for v in told.values() if v.get(kind) and v.get("dft")]
    return float(np.mean(misses)) if misses else None


def _distance_table(rows: list[Any]) -> None:
    title = "metal–donor distances in Å: DFT, plain GFN2-xTB less DFT, gfn2-m less DFT"
    table = Table(title=title, box=box.SIMPLE_HEAD)
    for column in ("complex", "donor", "DFT", "gfn2", "gfn2-m"):
        table.add_column(column, justify="left" if column in ("complex", "donor") else "right")
    for row in rows:
        for kind in dict.fromkeys(row.kinds):
            mine = [k == kind for k in row.kinds]
            dft, plain, ours = (values[mine].mean() for values in (row.dft, row.plain, row.corrected))
            name = f"{row.metal} {row.probe}" + (" (not fitted)" if row.held_out else "")
            table.add_row(name, kind, f"{dft:.3f}", f"{plain - dft:+.3f}", f"{ours - dft:+.3f}")
    Console().print(table)


def main() -> None:
    """Do what the options say."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keep", type=Path, required=True, help="the folder of finished calculations")
    parser.add_argument("--fit", action="store_true", help="relax the probes by DFT and fit the correction")
    parser.add_argument("--part", default="0/1", help="which of how many shares of the relaxations, as 0/2")
    parser.add_argument("--hours", type=float, default=100.0, help="begin no relaxation after so many")
    parser.add_argument("--quick", action="store_true", help="judge a sample in ten minutes")
    parser.add_argument("--json", action="store_true", help="print the figures as one JSON line, last")
    options = parser.parse_args()
    folder = options.keep / "relaxations"
    unpack(folder)
    if options.fit:
        part, parts = (int(number) for number in options.part.split("/"))
        relaxations(folder, part=part, parts=parts, until=time.time() + 3600 * options.hours)
        write_table(folder)
        return
    found = judge(folder, Bench(options.keep / "energies"), quick=options.quick)
    shipped = json.loads(RESULT.read_text()) if RESULT.is_file() else {}
    from_file = sorted(shipped.keys() - found.keys()) if options.quick else []
    found |= {key: shipped[key] for key in from_file}
    if options.quick:
        found["from_file"] = from_file
    for key, value in found.items():
        print(f"{key:45s} {value}")
    if options.json:
        print(json.dumps(found))


if __name__ == "__main__":
    main()
