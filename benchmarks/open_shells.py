"""Open 4f shells: one complex of every metal of the paper, each from two starts.

    python benchmarks/open_shells.py --keep FOLDER [--complex aha] [--metals Eu Gd] [--json]

`aqua` is [M(H2O)6]3+, two to seven CPU minutes an open shell; `aha` is [M(acetohydroxamate)(H2O)6]2+, half an
hour. Each is kept in FOLDER/paper. The starts fill a partly filled shell in two ways. A closed shell, or one
spin of the shell full (Gd), can be filled in one way: a closed shell's other start is the Hartree-Fock solution in
the gas phase, gadolinium's the ion and the ligands laid over each other, where Hartree-Fock's solution in water is
the usual one. `apart` is what the two energies differ by.
"""

from __future__ import annotations

import argparse
import json
import os
from functools import partial
from pathlib import Path
from typing import Any

# One thread unless --threads says otherwise to the engine: cost is counted in CPU seconds.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from label_energies import Bench, add_options
from label_geometries import SYMBOLS
from pyscf import scf
from rich import box
from rich.console import Console
from rich.table import Table

from reexplore.chemistry.metals import METALS
from reexplore.energies import HARTREE_TO_KCAL_MOL, EnergyTerms, find_level
from reexplore.energies.dft.checkpoint import Checkpoint
from reexplore.energies.dft.f_shell import open_shell_of
from reexplore.energies.dft.molecule import build_molecule
from reexplore.energies.dft.start_density import start_density
from reexplore.energies.dft.states import DOWNHILL
from reexplore.structures.structure import Structure

LEVEL = find_level("paper")
#: Scandium holds no eight donors.
COMPLEXES = {"aqua": ("aqua_6", ("Sc", *SYMBOLS)), "aha": ("aha_1_6", SYMBOLS)}
WITHIN_KCAL_MOL = 1.0
#: The stage of a calculation before any start: everything but the shell relaxes.
SHELL_HELD = "spherical shell"


def row(bench: Bench, name: str) -> dict[str, Any]:
    """Return what the state of a complex is like and how far its second start ends from it, or why there is none."""
    terms = bench.terms(name, bench.geometry(name), method=LEVEL.name)
    kept = json.loads((bench.folder / LEVEL.name / f"{name}.json").read_text())
    if terms is None:
        return {"failure": kept["failure"], "cpu_s": kept["cpu_s"]}
    spin, shell = (terms.multiplicity - 1) / 2, METALS[name.split("_", maxsplit=1)[0]].f_electrons
    ends = _ends(terms)
    if len(ends) == 1:
        prepare = partial(other_start, bench.geometry(name), memory_gb=bench.memory_gb)
        ends += _ends(bench.terms(f"{name}_other_start", bench.geometry(name), method=LEVEL.name, prepare=prepare))
    return {
        "spin_squared": terms.spin_squared,
        "spin_squared_off": 0.0 if terms.spin_squared is None else abs(terms.spin_squared - spin * (spin + 1)),
        "f_population": terms.f_population,
        "f_population_off": None if terms.f_population is None else terms.f_population - shell,
        "f_unpaired_off": None if terms.f_unpaired is None else terms.f_unpaired - 2 * spin,
        "lowest_curvature_hartree": terms.lowest_curvature_hartree,
        "starts_converged": len(ends),
        "apart_kcal_mol": (max(ends) - min(ends)) * HARTREE_TO_KCAL_MOL if len(ends) > 1 else None,
        "cycles": terms.cycles,
        "cpu_s": kept["cpu_s"],
    }


def _ends(terms: EnergyTerms | None) -> list[float]:
    """Return the energies in Hartree, before the last solvent terms, that the starts of a calculation converged to."""
    attempts = () if terms is None else terms.attempts
    # A start that went on downhill from a saddle ends where that led.
    last = {tried["stage"].replace(DOWNHILL, ""): tried for tried in attempts if tried["stage"] != SHELL_HELD}
    return [tried["energy_hartree"] for tried in last.values() if tried["converged"]]


def other_start(structure: Structure, folder: Path, *, memory_gb: float) -> None:
    """Leave in a checkpoint's folder a density that the engine would not start from by itself."""
    mol = build_molecule(structure, level=LEVEL, memory_gb=memory_gb)
    density = start_density(mol, level=LEVEL)
    if open_shell_of(mol, LEVEL) is not None:
        Checkpoint(folder).save("4f 0123456", density)
        return
    field = scf.RHF(mol).density_fit(auxbasis=LEVEL.coulomb_fitting_basis)
    field.kernel(density.sum(axis=0))
    Checkpoint(folder).save("field", field.make_rdm1())


def main() -> None:
    """Compute what is missing and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_options(parser)
    parser.add_argument("--complex", choices=COMPLEXES, default="aqua", help="default: aqua")
    parser.add_argument("--metals", nargs="+", choices=("Sc", *SYMBOLS), metavar="M", help="default: all")
    options = parser.parse_args()
    complex_, metals = COMPLEXES[options.complex]
    if missing := set(options.metals or ()) - set(metals):
        parser.error(f"no geometry of {complex_} with {', '.join(sorted(missing))}")
    bench = Bench.of(options)
    rows = {symbol: row(bench, f"{symbol}_{complex_}") for symbol in options.metals or metals}
    columns = ("metal", "⟨S²⟩ off", "4f off", "unpaired off", "curvature", "apart", "cycles", "CPU-s")
    table = Table(*columns, box=box.SIMPLE_HEAD, title="curvature in Hartree, two starts apart in kcal/mol")
    for symbol, found in rows.items():
        if "failure" in found:
            table.add_row(symbol, found["failure"])
            continue
        numbers = (
            "spin_squared_off",
            "f_population_off",
            "f_unpaired_off",
            "lowest_curvature_hartree",
            "apart_kcal_mol",
        )
        cells = ["" if found[name] is None else f"{found[name]:.3f}" for name in numbers]
        table.add_row(symbol, *cells, str(found["cycles"]), f"{found['cpu_s']:.0f}")
    Console().print(table)
    if options.json:
        apart = {symbol: found.get("apart_kcal_mol") for symbol, found in rows.items()}
        close = [symbol for symbol, value in apart.items() if value is not None and value <= WITHIN_KCAL_MOL]
        figures = {"complex": complex_, "within_1_kcal_mol": len(close), "metals": rows}
        print(json.dumps(figures))


if __name__ == "__main__":
    main()
