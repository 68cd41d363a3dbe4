"""Kramers gaps: free ions, linear [Dy(OH)2]+ beside CASSCF, and what labels of whole magnets cost.

    python benchmarks/magnets.py [--quick] [--constants] [--json]

The linear ion is compared with 840.8 cm⁻¹: all-electron CASSCF over all sextets with one-centre spin-orbit integrals,
whose free ion has ζ = 1789 cm⁻¹; that constant is taken for the comparison, and the gap with ours stands beside it.
Magnets [DyL2(H2O)5] are built on `gfn2-m` and labelled in the production basis, in this process on one thread; CPU
minutes are those of the label alone. `--quick` leaves out exact integrals and all magnets but the first: 2 CPU minutes.
`--constants` computes ζ of every ion again: 17 CPU-s each. The last line of `--json` is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

# One thread: cost is counted in CPU seconds.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
from pyscf import gto, mcscf, scf
from rich import box
from rich.console import Console
from rich.table import Table

from reexplore.chemistry.candidates import Candidate
from reexplore.chemistry.ligand_input import plain_ligand
from reexplore.chemistry.metals import METALS
from reexplore.energies.dft.checkpoint import Checkpoint
from reexplore.energies.kramers import ions
from reexplore.energies.kramers.gap import kramers_gap, molecule
from reexplore.energies.kramers.integrals import fitting_sets
from reexplore.energies.kramers.ions import IONS, KramersIon
from reexplore.energies.kramers.label import KramersLabel
from reexplore.energies.kramers.ladder import STAGE
from reexplore.energies.kramers.method import PRODUCTION, SMALL_BASIS, KramersMethod
from reexplore.energies.kramers.spin_orbit import spin_orbit_constant_cm
from reexplore.errors import CalculationFailed
from reexplore.structures.bipyramid import build_bipyramid
from reexplore.structures.structure import Structure
from reexplore.structures.xtb.surfaces import find_surface

LINEAR = Structure(
    ("Dy", "O", "H", "O", "H"), np.array([[0, 0, 0], [0, 0, 2.05], [0, 0, 3.01], [0, 0, -2.05], [0, 0, -3.01]]), 1
)
REFERENCE_CM, REFERENCE_CONSTANT_CM = 840.8, 1789.0
#: First level above the ground multiplet of free ions, cm⁻¹: Dy IV 6H13/2, Yb IV 2F5/2 (NIST), Er IV 4I13/2
#: (A. Meftah et al., J. Phys. B 2016, 49, 165005), Nd IV 4I11/2 (J.-F. Wyart et al., J. Phys. B 2007, 40, 3957).
FREE_IONS_CM = {"Nd": 1897.0, "Dy": 3506.0, "Er": 6508.0, "Yb": 10214.0}
MAGNETS = {
    "methoxide": "C[O-:11]",
    "trimethylphosphine oxide": "CP(C)(C)=[O:11]",
    "acetate": "CC(=O)[O-:11]",
    "phenoxide": "c1ccccc1[O-:11]",
    "pyridine N-oxide": "[O-:11][n+]1ccccc1",
}
console = Console(stderr=True)


def free_ions() -> dict[str, Any]:
    """Return the first level above the ground multiplet of each ion, beside experiment, and the split of its pairs."""
    found = {}
    for symbol, measured in FREE_IONS_CM.items():
        alone = Structure((symbol,), np.zeros((1, 3)), 3)
        label = kramers_gap(alone, method=replace(PRODUCTION, metal_basis=SMALL_BASIS.metal_basis))
        found[symbol] = {
            "first_level_cm": round(float(label.next_multiplet_cm or 0.0), 1),
            "measured_cm": measured,
            "ground_multiplet_width_cm": label.doublets[-1].energy_cm,
            "kramers_split_cm": largest_split(label),
        }
    return found


def largest_split(label: KramersLabel) -> float:
    """Return how far the states of any doublet lie apart."""
    return max(doublet.split_cm for doublet in label.doublets)


def linear(*, exact: bool) -> dict[str, Any]:
    """Return the figures of linear [Dy(OH)2]+."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)

        def gap(method: KramersMethod) -> KramersLabel:
            return kramers_gap(LINEAR, method=method, checkpoint=folder)

        own = gap(SMALL_BASIS)
        ours, ions.IONS["Dy"] = IONS["Dy"], KramersIon("Dy", REFERENCE_CONSTANT_CM)
        reference = gap(SMALL_BASIS)
        ions.IONS["Dy"] = ours
        found = {
            "linear_gap_cm": round(reference.gap_cm, 1),
            "linear_error_percent": round(100 * (reference.gap_cm / REFERENCE_CM - 1), 2),
            "linear_gap_own_constant_cm": round(own.gap_cm, 1),
            "linear_gap_all_spins_cm": round(gap(replace(SMALL_BASIS, spins="all")).gap_cm, 1),
            "casscf_difference_hartree": casscf_hartree(folder) - own.energy_hartree,
        }
        if exact:
            difference = gap(replace(SMALL_BASIS, integrals="exact")).gap_cm - own.gap_cm
            found["exact_less_fitted_cm"] = round(difference, 3)
    production = kramers_gap(LINEAR, method=PRODUCTION)
    return found | {"linear_gap_production_cm": round(production.gap_cm, 1)}


def casscf_hartree(folder: Path) -> float:
    """Return the energy of PySCF's CASSCF, averaged over all 21 sextets, from our orbitals and with our fit."""
    mol = molecule(LINEAR, IONS["Dy"], SMALL_BASIS)
    mol.spin = 5
    fit, orbitals = fitting_sets(mol, "Dy"), Checkpoint(folder).load(STAGE)
    field = scf.ROHF(mol).sfx2c1e().density_fit(auxbasis=fit)
    field.mo_coeff = orbitals
    theirs = mcscf.DFCASSCF(field, 7, (7, 2), auxbasis=fit).state_average_(21 * [1 / 21])
    theirs.kernel(orbitals)
    return float(theirs.e_tot)


def magnets(smiles_of: dict[str, str]) -> dict[str, Any]:
    """Return gap, Dy–L distance, axis and cost of magnets, or the reason why one has none."""
    found: dict[str, Any] = {}
    for name, smiles in smiles_of.items():
        candidate = Candidate(plain_ligand(smiles).ligand, METALS["Dy"], 2, 5)
        try:
            built = build_bipyramid(candidate, surface=find_surface("gfn2-m"), seed=1)
        except CalculationFailed as failed:
            found[name] = {"not_built": str(failed.failure)}
            continue
        structure = built.relaxed.structure
        before = time.process_time()
        try:
            label = kramers_gap(structure, method=PRODUCTION)
        except CalculationFailed as failed:
            found[name] = {"atoms": len(structure), "failed": str(failed.failure)}
            continue
        assert label.axis is not None
        found[name] = {
            "atoms": len(structure),
            "gap_cm": round(label.gap_cm, 1),
            "axial_angstrom": round(float(np.mean(label.axis.distances_angstrom)), 3),
            "axis_degrees": round(label.axis.angle_degrees, 1),
            "g": [round(g, 3) for g in label.doublets[0].g],
            "fock_builds": sum(attempt["fock_builds"] for attempt in label.attempts),
            "kramers_split_cm": largest_split(label),
            "cpu_minutes": round((time.process_time() - before) / 60, 2),
        }
        console.print(f"{name}: {found[name]}")
    return found


def _shown(value: Any) -> str:
    return f"{value:.1e}" if isinstance(value, float) and abs(value) < 1e-3 else str(value)


def main() -> None:
    """Print the tables, and with --json one object."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="no exact integrals, and the first magnet only")
    parser.add_argument("--constants", action="store_true", help="compute every ion's spin-orbit constant again")
    parser.add_argument("--json", action="store_true", help="end with one JSON object")
    options = parser.parse_args()
    of_ions = free_ions()
    of_linear = linear(exact=not options.quick)
    chosen = dict(list(MAGNETS.items())[:1]) if options.quick else MAGNETS
    of_magnets = magnets(chosen)
    labelled = [each for each in of_magnets.values() if "not_built" not in each]
    converged = [each for each in labelled if "gap_cm" in each]
    splits = [each["kramers_split_cm"] for each in (*of_ions.values(), *converged)]
    told = of_linear | {
        "cpu_minutes": {str(each["atoms"]): each["cpu_minutes"] for each in converged},
        "converged_fraction": len(converged) / len(labelled) if labelled else None,
        "kramers_split_cm": max(splits),
        "free_ions": of_ions,
        "magnets": of_magnets,
    }
    if options.constants:
        told["spin_orbit_constants_cm"] = {
            symbol: round(spin_orbit_constant_cm(ion, gto.basis.load(SMALL_BASIS.metal_basis, symbol)), 1)
            for symbol, ion in IONS.items()
        }
    for title, rows in (("free ions", of_ions), ("magnets", of_magnets)):
        table = Table(title=title, box=box.SIMPLE_HEAD, title_justify="left")
        columns = list(dict.fromkeys(key for row in rows.values() for key in row))
        for column in ("", *columns):
            table.add_column(column)
        for name, row in rows.items():
            table.add_row(name, *(_shown(row.get(column, "")) for column in columns))
        console.print(table)
    for key, value in of_linear.items():
        console.print(f"{key:32s} {value}")
    if options.json:
        print(json.dumps(told))


if __name__ == "__main__":
    main()
