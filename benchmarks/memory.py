"""What single points take of memory, beside what `estimated_memory_gb` says of them.

    python benchmarks/memory.py quick benchmarks/label_geometries/HOPO-H.xyz --kept 0.2

Each structure runs in a process of its own; with `--estimate-only` nothing runs.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

from reexplore.energies import energy_terms, find_level
from reexplore.energies.memory import basis_function_count, estimated_memory_gb, kept_integrals_gb
from reexplore.structures.reading import read_structure


def main() -> None:
    """Print a line for each structure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("level")
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--kept", type=float, default=0.2, help="memory for integrals and orbital values, GB")
    parser.add_argument("--estimate-only", action="store_true")
    parser.add_argument("--alone", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.alone:
        print(_peak_gb(asked.files[0], asked.level, asked.kept))
        return
    level = find_level(asked.level)
    print(
        f"{'structure':<24} {'atoms':>5} {'functions':>9} {'estimate / GB':>13} {'peak / GB':>9} {'integrals / GB':>14}"
    )
    for file in asked.files:
        structure = read_structure(file)
        peak = ""
        if not asked.estimate_only:
            command = [sys.executable, __file__, asked.level, str(file), "--kept", str(asked.kept), "--alone"]
            peak = f"{float(subprocess.run(command, check=True, capture_output=True, text=True).stdout):.2f}"
        print(
            f"{file.stem:<24} {len(structure):>5} {basis_function_count(structure, level):>9}"
            f" {estimated_memory_gb(structure, level):>13.2f} {peak:>9} {kept_integrals_gb(structure, level):>14.2f}"
        )


def _peak_gb(file: Path, level: str, kept_gb: float) -> float:
    with tempfile.TemporaryDirectory() as scratch:
        energy_terms(read_structure(file), level=find_level(level), scratch=Path(scratch), memory_gb=kept_gb)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


if __name__ == "__main__":
    main()
