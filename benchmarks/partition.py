"""log10 of the partition between octanol and water of small molecules, beside measured values.

    python benchmarks/partition.py [--level quick] [--json]

A single point in each solvent on the lowest conformer of GFN2-xTB; a minute of CPU time. With --json the last line is
JSON.
"""

from __future__ import annotations

import argparse
import json
import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from rich import box
from rich.console import Console
from rich.table import Table

from reexplore.chemistry.ligands import Ligand
from reexplore.energies.dft.single_point import single_point
from reexplore.energies.levels import find_level
from reexplore.energies.own_levels import in_solvent
from reexplore.energies.protons import log_p
from reexplore.energies.reactions import transfer
from reexplore.structures.conformers.free_ligand import lowest_conformer

#: C. Hansch, A. Leo, D. Hoekman, Exploring QSAR, 1995.
MEASURED = {
    "benzene": ("c1ccccc1", 2.13),
    "toluene": ("Cc1ccccc1", 2.73),
    "phenol": ("Oc1ccccc1", 1.46),
    "aniline": ("Nc1ccccc1", 0.90),
    "pyridine": ("c1ccncc1", 0.65),
    "acetic acid": ("CC(=O)O", -0.17),
    "methanol": ("CO", -0.77),
}


def main() -> None:
    """Print the table, and the mean absolute error."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--level", default="quick")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    console, water = Console(stderr=asked.json), find_level(asked.level)
    octanol = in_solvent(water, "1-octanol")
    table = Table("molecule", "measured", "computed", box=box.SIMPLE_HEAD, title=f"log P at {asked.level}")
    computed = {}
    for name, (smiles, measured) in MEASURED.items():
        molecule = Ligand(smiles, 0, scaffold=name, substituents=())
        found = lowest_conformer(molecule, count=5, seed=1).relaxed.structure
        moved = transfer(*(single_point(found, level=level) for level in (water, octanol)))
        computed[name] = log_p(moved.energy_kcal_mol)
        table.add_row(name, f"{measured:.2f}", f"{computed[name]:.2f}")
    error = sum(abs(computed[name] - measured) for name, (_, measured) in MEASURED.items()) / len(MEASURED)
    console.print(table)
    console.print(f"mean absolute error: {error:.2f}")
    if asked.json:
        print(json.dumps({"level": asked.level, "log_p": computed, "mean_absolute_error": error}))


if __name__ == "__main__":
    main()
