"""What a label costs: against PySCF as its manual has it, at `quick`, and by three ways to the exchange matrix.

`python benchmarks/labels.py --json --keep FOLDER [--parts cost quick fock]`. Every calculation runs in a process of
its own, whose CPU seconds are counted, and is kept in FOLDER; nothing kept is computed again.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from label_geometries import ion, stored
from rich import box
from rich.console import Console
from rich.table import Table

from reexplore.chemistry.metals import TEMPLATE_METAL
from reexplore.energies import HARTREE_TO_KCAL_MOL, find_level
from reexplore.energies.dft.blas import openblas_environment
from reexplore.structures.structure import Structure

COMPLEX = "La_HOPO-H_1_6"
PARTS = {COMPLEX: stored(COMPLEX), "La": ion(TEMPLATE_METAL), "HOPO-H": stored("HOPO-H"), "water": stored("water")}
#: How many of each part a binding energy holds.
STOICHIOMETRY = {COMPLEX: 1, "La": -1, "HOPO-H": -1, "water": -6}
MEMORY_GB = 12.0
#: Cavity points per sphere of PySCF's SMD unless it is told otherwise; `paper` declares 302.
STOCK_CAVITY_POINTS = 590
OURS = ("ours", "ours in the stock cavity")
FOCK_COMPLEXES = (COMPLEX, "La_HOPO-H_4_0")
FOCK_WAYS = ("fitted", "chain of spheres", "direct")
FIT_ERROR = "error of the fit"


def main() -> None:
    """Compute what is missing and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print the figures as one JSON line, last")
    parser.add_argument("--keep", type=Path, required=True, help="the folder of finished calculations")
    parser.add_argument("--parts", nargs="+", choices=("cost", "quick", "fock"), default=("cost", "quick"))
    parser.add_argument("--one", nargs=3, metavar=("WAY", "LEVEL", "NAME"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(_one(*options.one)))
        return
    options.keep.mkdir(parents=True, exist_ok=True)
    figures: dict[str, Any] = {}
    if "cost" in options.parts:
        figures |= _cost(options.keep)
    if "quick" in options.parts:
        label = [_kept(options.keep, "ours", "quick", name) for name in (COMPLEX, "HOPO-H")]
        figures["quick_cpu_s"] = sum(part["cpu_s"] for part in label)
    if "fock" in options.parts:
        figures |= _fit_errors(options.keep)
    if figures:
        _show("What a label costs", ("figure", "value"), [(name, f"{value:.3f}") for name, value in figures.items()])
    if "fock" in options.parts:
        figures["fock"] = fock = _fock(options.keep)
        columns = ("complex", "way", "first", "next", "peak, GB", "off, Eh")
        rows = [
            (name, way, *(f"{value:.4g}" for value in found.values()))
            for name, ways in fock.items()
            for way, found in ways.items()
        ]
        _show("CPU seconds of one Coulomb and exchange matrix", columns, rows)
    if options.json:
        print(json.dumps(figures))


def _show(title: str, columns: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    table = Table(*columns, box=box.SIMPLE_HEAD, title=title)
    for row in rows:
        table.add_row(*row)
    Console().print(table)


def _cost(keep: Path) -> dict[str, Any]:
    """Compare our label at `paper` with stock PySCF's, part by part, both in stock's cavity."""
    paper, ours, stock = ({name: _kept(keep, way, "paper", name) for name in PARTS} for way in (*OURS, "stock"))

    def binding(energies: dict[str, dict[str, Any]], key: str) -> float:
        return sum(n * energies[name][key] for name, n in STOICHIOMETRY.items()) * HARTREE_TO_KCAL_MOL

    mine = binding(ours, "total_hartree")
    return {
        "cost_ratio_vs_stock": ours[COMPLEX]["cpu_s"] / stock[COMPLEX]["cpu_s"],
        "cost_ratio_of_the_label": sum(p["cpu_s"] for p in ours.values()) / sum(p["cpu_s"] for p in stock.values()),
        "ours_cpu_s": ours[COMPLEX]["cpu_s"],
        "stock_cpu_s": stock[COMPLEX]["cpu_s"],
        "paper_cpu_s": paper[COMPLEX]["cpu_s"],
        "paper_peak_gb": paper[COMPLEX]["peak_gb"],
        "stock_peak_gb": stock[COMPLEX]["peak_gb"],
        "binding_kcal_mol": mine,
        "paper_binding_kcal_mol": binding(paper, "total_hartree"),
        # PySCF's non-electrostatic term takes a metal behind a core potential for another element.
        "delta_binding_kcal_mol": mine - binding(stock, "with_true_charges_hartree"),
        "delta_binding_with_its_charges_kcal_mol": mine - binding(stock, "total_hartree"),
    }


def _fit_errors(keep: Path) -> dict[str, float]:
    """Return what fitting changes in the energy of every part of a label, and in the binding energy."""
    errors = {name: _kept(keep, FIT_ERROR, "paper", name)["fit_error_hartree"] for name in PARTS}
    errors["binding"] = sum(n * errors[name] for name, n in STOICHIOMETRY.items())
    return {f"fit_error_{name}_kcal_mol": error * HARTREE_TO_KCAL_MOL for name, error in errors.items()}


def _fock(keep: Path) -> dict[str, Any]:
    """Compare the CPU seconds of one Coulomb and exchange matrix by three methods."""
    found: dict[str, Any] = {}
    for name in FOCK_COMPLEXES:
        ways = {way: _kept(keep, way, "paper", name) for way in FOCK_WAYS}
        exact = ways["direct"]["exchange_hartree"]
        found[name] = {
            way: {
                "first_s": kept["first_cpu_s"],
                "next_s": kept["next_cpu_s"],
                "peak_gb": kept["peak_gb"],
                "exchange_error_hartree": kept["exchange_hartree"] - exact,
            }
            for way, kept in ways.items()
        }
    return found


def _kept(keep: Path, way: str, level: str, name: str) -> dict[str, Any]:
    """Return a finished calculation, run in a process of its own when there is none."""
    path = keep / f"{way.replace(' ', '-')}_{level}_{name}.json"
    if not path.is_file():
        threads = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        environment = {key: value for key, value in os.environ.items() if key != "OPENBLAS_CORETYPE"}
        # Stock means what `pip install pyscf` gives; ours sets what our workers set.
        environment |= threads | (openblas_environment() if way in (*OURS, "fitted", FIT_ERROR) else {})
        asked = [sys.executable, __file__, "--keep", str(keep), "--one", way, level, name]
        ended = subprocess.run(asked, env=environment, stdout=subprocess.PIPE, text=True, check=True)
        path.write_text(ended.stdout.strip().splitlines()[-1])
        print(f"# {path.stem}: {path.read_text()}", flush=True)
    return dict(json.loads(path.read_text()))


def _one(way: str, level: str, name: str) -> dict[str, Any]:
    structure = PARTS.get(name) or stored(name)
    began = time.process_time()
    if way in OURS:
        from reexplore.energies.dft.single_point import single_point

        declared = find_level(level)
        if way != "ours":
            declared = replace(declared, cavity_points_per_sphere=STOCK_CAVITY_POINTS)
        terms = single_point(structure, level=declared, memory_gb=MEMORY_GB)
        found = {"total_hartree": terms.total_hartree, "cycles": terms.cycles, "stages": terms.stage_cpu_seconds}
    elif way == "stock":
        found = _stock(structure, level)
    elif way == FIT_ERROR:
        found = _fit_error(structure, level)
    else:
        found = _matrices(structure, level, way)
    peak_gb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return found | {"cpu_s": time.process_time() - began, "peak_gb": peak_gb}


def _stock(structure: Structure, level_name: str) -> dict[str, Any]:
    """Return the energy as PySCF's manual computes it, from the same start and to the same thresholds."""
    from pyscf import dft

    from reexplore.energies.dft.molecule import build_molecule
    from reexplore.energies.dft.solvent import cds_energy_hartree
    from reexplore.energies.dft.start_density import start_density

    level = find_level(level_name)
    # PySCF's own default of memory; with more it takes more for the cavity's integrals, and no less time.
    mol = build_molecule(structure, level=level, memory_gb=4.0)
    field = dft.RKS(mol, xc=level.functional).density_fit(auxbasis=level.coulomb_fitting_basis).SMD()
    field.with_solvent.solvent = level.solvent
    field.grids.level = level.grid_level
    field.disp = level.dispersion
    field.conv_tol, field.conv_tol_grad = level.energy_tolerance_hartree, level.gradient_tolerance
    total = field.kernel(start_density(mol, level=level).sum(axis=0))
    if not field.converged:
        raise RuntimeError("the stock calculation did not converge")
    corrected = total - field.with_solvent.e_cds + cds_energy_hartree(mol, solvent=level.solvent)
    return {"total_hartree": total, "with_true_charges_hartree": corrected, "cycles": field.cycles}


def _fit_error(structure: Structure, level_name: str) -> dict[str, Any]:
    """Return what fitting changes in the energy of a closed shell at its converged density."""
    import numpy as np
    from pyscf import dft, scf

    from reexplore.energies.dft.checkpoint import Checkpoint
    from reexplore.energies.dft.fitting import DensityFit
    from reexplore.energies.dft.molecule import build_molecule
    from reexplore.energies.dft.single_point import single_point

    level = find_level(level_name)
    mol = build_molecule(structure, level=level, memory_gb=MEMORY_GB)
    with TemporaryDirectory() as folder:
        single_point(structure, level=level, checkpoint=Path(folder), memory_gb=MEMORY_GB)
        density = Checkpoint(Path(folder)).load("field", (mol.nao, mol.nao))
    assert density is not None
    fit = DensityFit(mol, level.coulomb_fitting_basis, exchange=True, memory_bytes=0.7e9 * MEMORY_GB)
    fitted = fit.potential_matrix(fit.coefficients(fit.moments(density))), fit.exchange(density[None])[0]
    exact = scf.RHF(mol).get_jk(mol, density)
    coulomb, exchange = (float(np.sum(density * (a - b))) for a, b in zip(fitted, exact, strict=True))
    return {"fit_error_hartree": 0.5 * coulomb - 0.25 * dft.libxc.hybrid_coeff(level.functional) * exchange}


def _matrices(structure: Structure, level_name: str, way: str) -> dict[str, Any]:
    """Return the CPU seconds of the first and of one more pair of Coulomb and exchange matrices."""
    import numpy as np
    from pyscf import lib, scf

    from reexplore.energies.dft.fitting import DensityFit
    from reexplore.energies.dft.molecule import build_molecule
    from reexplore.energies.dft.start_density import start_density

    level = find_level(level_name)
    mol = build_molecule(structure, level=level, memory_gb=MEMORY_GB)
    density = start_density(mol, level=level).sum(axis=0)
    occupations, orbitals = np.linalg.eigh(density)
    filled = occupations > 1e-8
    # PySCF's fits need the orbitals, without which their exchange is several times dearer.
    tagged = lib.tag_array(density, mo_coeff=orbitals[:, filled], mo_occ=occupations[filled])
    began = time.process_time()
    if way == "fitted":
        fit = DensityFit(mol, level.coulomb_fitting_basis, exchange=True, memory_bytes=0.7e9 * MEMORY_GB)

        def matrices() -> Any:
            fit.potential_matrix(fit.coefficients(fit.moments(density)))
            return fit.exchange(density[None])[0]
    else:
        field = scf.RHF(mol)
        if way == "chain of spheres":
            from pyscf import sgx

            field = sgx.sgx_fit(field, auxbasis=level.coulomb_fitting_basis)
            field.with_df.dfj = True
            # The grid of the last cycles, not that of the first.
            field.with_df.grids_level_i = field.with_df.grids_level_f
            field.build()
        else:
            field.direct_scf_tol = 1e-11

        def matrices() -> Any:
            return field.get_jk(mol, tagged)[1]

    exchange = matrices()
    first = again = time.process_time() - began
    # Direct evaluation keeps nothing: its second pair of matrices costs what the first did.
    if way != "direct":
        began = time.process_time()
        matrices()
        again = time.process_time() - began
    return {
        "exchange_hartree": -0.25 * float(np.sum(exchange * density)),
        "first_cpu_s": first,
        "next_cpu_s": again,
    }


if __name__ == "__main__":
    main()
