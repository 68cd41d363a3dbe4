"""Does a relaxation reach the minimum? Ten complexes, against ANCopt of the xtb program.

    OMP_NUM_THREADS=1 python benchmarks/relaxation.py [--json]

Each start in relaxation_starts/ (built by Architector with lanthanum, the metal exchanged, not
relaxed) is relaxed by `relax` and by `xtb --opt tight --gfn 2 --alpb water`, which has to be on PATH.
Both ends are given an energy by the same program. With --json the last line is one JSON object.
"""

import argparse
import json
import resource
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from ase.units import Hartree, kcal, mol

from reexplore.structures.structure import Structure
from reexplore.structures.xtb.relax import relax, single_point_energy
from reexplore.structures.xtb.surfaces import SURFACES
from reexplore.structures.xtb.xtb_program import ANCOPT_LEVELS, ancopt

STARTS = Path(__file__).parent / "relaxation_starts"
LEVEL = "tight"
#: ANCopt knows plain GFN2-xTB only.
GFN2 = SURFACES["gfn2"]
KCAL_MOL = Hartree / (kcal / mol)


@dataclass(frozen=True)
class Comparison:
    """One complex: `above_ancopt_kcal_mol` is negative where ours is the lower end."""

    name: str
    atoms: int
    above_ancopt_kcal_mol: float
    gradients: int
    ancopt_gradients: int
    cpu_s: float
    ancopt_cpu_s: float


def compare(path: Path) -> Comparison:
    """Relax one start in both ways."""
    start = Structure.from_extxyz(path.read_text())
    began = time.process_time()
    ours = relax(start, surface=GFN2)
    cpu_s = time.process_time() - began
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    theirs, cycles = ancopt(
        start, solvent="alpb-water", max_steps=1000, gradient_norm_hartree_bohr=ANCOPT_LEVELS[LEVEL]
    )
    ancopt_cpu_s = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before
    above = (single_point_energy(ours.structure, surface=GFN2) - single_point_energy(theirs, surface=GFN2)) * KCAL_MOL
    return Comparison(path.stem, len(start), above, ours.steps, cycles, cpu_s, ancopt_cpu_s)


def main() -> None:
    """Print the table and its sums."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    print(f"{'complex':26s} atoms  E - E(ANCopt {LEVEL})  gradients      CPU-s")
    print(f"{'':26s}           kcal/mol           ours ANCopt    ours ANCopt")
    rows = []
    for path in sorted(STARTS.glob("*.xyz")):
        row = compare(path)
        rows.append(row)
        print(
            f"{row.name:26s} {row.atoms:5d} {row.above_ancopt_kcal_mol:14.3f}"
            f" {row.gradients:15d} {row.ancopt_gradients:6d} {row.cpu_s:7.1f} {row.ancopt_cpu_s:6.1f}",
            flush=True,
        )
    sums = {
        "max_above_ancopt_kcal_mol": round(max(r.above_ancopt_kcal_mol for r in rows), 3),
        "max_below_ancopt_kcal_mol": round(-min(r.above_ancopt_kcal_mol for r in rows), 3),
        "gradients": sum(r.gradients for r in rows),
        "ancopt_gradients": sum(r.ancopt_gradients for r in rows),
        "cpu_s": round(sum(r.cpu_s for r in rows), 1),
        "ancopt_cpu_s": round(sum(r.ancopt_cpu_s for r in rows), 1),
    }
    for key, value in sums.items():
        print(f"{key:26s} {value}")
    if options.json:
        print(json.dumps(sums | {"complexes": [asdict(r) for r in rows]}))


if __name__ == "__main__":
    main()
