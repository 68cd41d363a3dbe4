"""Architector on the library's tetra- to octadentate ligands: what it costs, and whether the donors bind.

    python benchmarks/polydentate.py [--conformers 2] [--json] [SCAFFOLD ...]

Each complex is built for lanthanum, every structure is relaxed with GFN2-xTB and checked. CPU seconds.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from time import process_time
from typing import Any

from reexplore.chemistry.candidates import Candidate
from reexplore.chemistry.library import SUBSTITUENTS, find_scaffold
from reexplore.chemistry.ligands import assemble
from reexplore.chemistry.metals import TEMPLATE_METAL
from reexplore.energies.reactions import HARTREE_TO_KCAL_MOL
from reexplore.errors import CalculationFailed

#: The coordination numbers that crystals and solutions of the early lanthanides show; eight for all others.
COORDINATION_NUMBERS = {"5LIO-HOPO": 8, "TREN-HOPO": 8, "TREN-CAM": 8, "EDTA": 9, "DTPA": 9, "343LI-HOPO": 8}


def bare_complex(scaffold_name: str) -> Candidate:
    """Return the lanthanum complex of one unsubstituted ligand, filled with water."""
    scaffold = find_scaffold(scaffold_name)
    ligand = assemble(scaffold, (SUBSTITUENTS["H"],) * scaffold.sites)
    return Candidate(ligand, TEMPLATE_METAL, 1, COORDINATION_NUMBERS.get(scaffold_name, 8) - scaffold.denticity)


def trial(scaffold_name: str, conformers: int) -> dict[str, Any]:
    """Build, relax and check one complex, in a process of its own: Architector prints past Python."""
    from reexplore.structures.builders.architector import build_complexes
    from reexplore.structures.quality import check_complex
    from reexplore.structures.xtb.relax import relax

    candidate = bare_complex(scaffold_name)
    started = process_time()
    starts = build_complexes(candidate, conformers=conformers)
    built = process_time()
    verdicts: list[str] = []
    energies: list[float] = []
    distances: list[float] = []
    for start in starts:
        try:
            minimum = relax(start)
        except CalculationFailed as failed:
            verdicts.append(failed.failure.code.value)
            continue
        report = check_complex(minimum.structure, candidate=candidate)
        verdicts.append("sound" if report.ok else report.problems[0].code.value)
        if report.ok:
            energies.append(minimum.energy_hartree)
            distances += report.donor_distances_angstrom
    return {
        "complex": candidate.name,
        "asked": conformers,
        "built": len(starts),
        "build_cpu_s": round(built - started, 1),
        "relax_cpu_s": round(process_time() - built, 1),
        "verdicts": verdicts,
        "apart_kcal_mol": round(HARTREE_TO_KCAL_MOL * (max(energies) - min(energies)), 1) if energies else None,
        "donors_angstrom": [min(distances), max(distances)] if distances else None,
    }


def _silence() -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def main() -> None:
    """Print one line for each ligand, or one JSON object at the end."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scaffolds", nargs="*", default=list(COORDINATION_NUMBERS), metavar="SCAFFOLD")
    parser.add_argument("--conformers", type=int, default=2)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    results = []
    for scaffold in arguments.scaffolds:
        with ProcessPoolExecutor(1, mp_context=get_context("spawn"), initializer=_silence) as pool:
            results.append(pool.submit(trial, scaffold, arguments.conformers).result())
        print(results[-1], file=sys.stderr if arguments.json else sys.stdout, flush=True)
    if arguments.json:
        print(json.dumps(results))


if __name__ == "__main__":
    main()
