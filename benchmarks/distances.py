"""Metal–donor distances: made by DFT, fitted, and judged.

python benchmarks/distances.py --fit --keep FOLDER [--part 0/2] [--hours 3]
"""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path

# One thread: probes are computed beside one another.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from dft_relaxations import relax_by_dft
from distance_probes import PROBES, Guessed, Probe, start

from reexplore.errors import CalculationFailed
from reexplore.structures.geometry import Structure

_FIT = tuple(probe for probe in PROBES.values() if not probe.held_out)
_CORE = ("hopo", "catecholate", "pyridine-oxide", "oxalate")


def jobs() -> list[tuple[str, Probe, int]]:
    """Return metal, probe and number of gradients of every relaxation, the most telling first."""
    held = [probe for probe in PROBES.values() if probe.held_out]
    core = [probe for probe in held if probe.name in _CORE]
    found = [(symbol, probe, 4) for probe in _FIT for symbol in ("La", "Lu")]
    found += [(symbol, probe, 6) for probe in held for symbol in ("La", "Lu")]
    found += [(symbol, probe, 4) for probe in _FIT for symbol in ("Gd", "Y")]
    found += [(symbol, probe, 6) for probe in core for symbol in ("Gd", "Y")]
    found += [(symbol, probe, 4) for symbol in ("Sc", "Pr", "Dy", "Sm") for probe in _FIT]
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
            frames = relax_by_dft(structure, surface, folder / f"{name}.extxyz", gradients=gradients)
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
        part = path.with_suffix(".part")
        part.write_text(found.to_extxyz())
        part.replace(path)
    return Structure.from_extxyz(path.read_text())


def main() -> None:
    """Do what the options say."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fit", action="store_true")
    parser.add_argument("--keep", type=Path, required=True)
    parser.add_argument("--part", default="0/1")
    parser.add_argument("--hours", type=float, default=100.0)
    options = parser.parse_args()
    part, parts = (int(n) for n in options.part.split("/"))
    relaxations(options.keep, part=part, parts=parts, until=time.time() + 3600 * options.hours)


if __name__ == "__main__":
    main()
