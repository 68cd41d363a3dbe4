"""Six substituents on [Eu(CAM-X)(H2O)6]+: is the published order found?

    python benchmarks/eu_cam.py --keep FOLDER [--level quick] [--level gfn2] [--json]

Gupta, Hetherington and de Jong (Digital Discovery 2026, 5, 363) find chloro and fluoro to be held most weakly,
phosphonate and 2-methylbenzoic acid most strongly, at B3LYP-D4/def2-SVPD with open 4f shells. Here X is put on the
ring carbon that the library's CAM leaves open, acids keep their protons, and the geometries are GFN2-xTB/ALPB
(benchmarks/label_geometries). `quick` is about 50 CPU seconds a substituent, `diffuse`, the published level but for
the 4f electrons, which are in the core, several times that; all is kept in FOLDER/<level>.
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
from label_geometries import CAM_SUBSTITUENTS

WEAKEST = frozenset({"chloro", "fluoro"})
STRONGEST = frozenset({"phosphonate", "2-methylbenzoic-acid"})


def outcome(energies: dict[str, float]) -> dict[str, Any]:
    """Return the order found, strongest first, and which of the published statements hold in it."""
    order = sorted(energies, key=lambda name: energies[name])
    return {
        "binding_kcal_mol": {name: round(energies[name], 2) for name in order},
        "weakest_two_as_published": set(order[-2:]) == WEAKEST,
        "strongest_two_as_published": set(order[:2]) == STRONGEST,
        "halogens_weaker_than_acids": min(energies[n] for n in WEAKEST) > max(energies[n] for n in STRONGEST),
    }


def main() -> None:
    """Compute what is missing and print the order at every level asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_options(parser)
    parser.add_argument("--level", action="append", choices=METHODS)
    options = parser.parse_args()
    bench = Bench.of(options)
    found = {}
    for method in options.level or ["quick"]:
        energies = {
            name: energy
            for name in CAM_SUBSTITUENTS
            if (energy := bench.binding_kcal_mol(f"Eu_CAM-{name}_1_6", f"CAM-{name}", method=method)) is not None
        }
        missing = sorted(set(CAM_SUBSTITUENTS) - energies.keys())
        if missing:
            print(f"{method}: no energy for {', '.join(missing)}; see {bench.folder / method}")
            continue
        found[method] = outcome(energies)
        print(f"{method}, strongest first, kcal/mol:")
        for name, value in found[method].items():
            print(f"    {name}: {value}")
    if options.json:
        print(json.dumps(found))


if __name__ == "__main__":
    main()
