"""The Hamiltonian of the level `paper` in two programs: NWChem beside PySCF, in the gas phase.

    python benchmarks/nwchem.py --keep FOLDER [--json] [--case water --case "La(H2O)2" ...]

For each structure the basis sets and core potentials that our level loads are written out for NWChem, which
computes every integral by itself: Hartree-Fock (no grids, no fitting: integrals and potentials alone), then PBE and
B3LYP in its VWN5 form on grids so fine that they do not count (`xfine` there, level 7 here). PySCF's fitted Coulomb
and exchange matrices and the level's own grid follow one at a time, at the converged density.
Water also has NWChem's own `b3lyp`, which is the VWN-RPA form.

The structures are water, and lanthanum and gadolinium alone and with the first waters of their octa-aqua ions
(benchmarks/label_geometries). Needs `nwchem` (Debian: apt-get install nwchem). Inputs and outputs are
FOLDER/<case>-<method>.nw and .out; an output is not made again while its input is the same. About eight CPU minutes.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# One thread: cost is counted in CPU seconds.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from label_geometries import ion, stored
from pyscf import dft, scf
from pyscf.gto.basis.parse_nwchem import convert_basis_to_nwchem, convert_ecp_to_nwchem
from rich import box
from rich.console import Console
from rich.table import Table

from reexplore.chemistry.metals import find_metal
from reexplore.energies import HARTREE_TO_KCAL_MOL, find_level
from reexplore.energies.dft.molecule import build_molecule
from reexplore.energies.dft.start_density import start_density
from reexplore.structures.structure import Structure

LEVEL = find_level("paper")
HARTREE_FOCK = "hf"
#: The names PySCF gives, and what they are in NWChem.
FUNCTIONALS = {
    "pbe": "xpbe96 cpbe96",
    "b3lyp5": "HFexch 0.2 slater 0.8 becke88 nonlocal 0.72 lyp 0.81 vwn_5 0.19",
    "b3lyp": "b3lyp",
}
_FINE_GRID = 7
_ENERGY = re.compile(r"Total (?:SCF|DFT) energy\s*=\s*(-?\d+\.\d+)")


@dataclass(frozen=True)
class Case:
    """A structure and the methods it is computed with."""

    name: str
    structure: Structure
    methods: tuple[str, ...]


def cases() -> tuple[Case, ...]:
    """Return all structures, the smallest first."""
    both = (HARTREE_FOCK, "pbe", "b3lyp5")
    return (
        Case("water", stored("water"), (*both, "b3lyp")),
        Case("La", ion(find_metal("La")), both),
        Case("Gd", ion(find_metal("Gd")), (HARTREE_FOCK, "b3lyp5")),
        Case("La(H2O)2", with_waters("La", 2), both),
        Case("Gd(H2O)", with_waters("Gd", 1), (HARTREE_FOCK, "b3lyp5")),
    )


def with_waters(symbol: str, waters: int) -> Structure:
    """Return a metal with the first waters of its octa-aqua ion."""
    whole = stored(f"{symbol}_aqua_8")
    atoms = 1 + 3 * waters
    return Structure(whole.symbols[:atoms], whole.positions_angstrom[:atoms], whole.charge)


def nwchem_input(mol: Any, method: str) -> str:
    """Return NWChem's input for a PySCF molecule: explicit basis sets and potentials, one energy."""
    atoms = [
        f"  {mol.atom_pure_symbol(i)} " + " ".join(f"{x:.12f}" for x in mol.atom_coord(i)) for i in range(mol.natm)
    ]
    basis = [convert_basis_to_nwchem(symbol, shells) for symbol, shells in mol._basis.items()]
    potentials = [convert_ecp_to_nwchem(symbol, terms) for symbol, terms in mol._ecp.items()]
    field = ["scf", *(("  uhf", f"  nopen {mol.spin}") if mol.spin else ()), "  thresh 1e-7", "  tol2e 1e-12"]
    field += ["  maxiter 100", "end", "task scf"]
    if method != HARTREE_FOCK:
        field += ["dft", *(("  odft", f"  mult {mol.spin + 1}") if mol.spin else ()), f"  xc {FUNCTIONALS[method]}"]
        field += ["  grid xfine", "  tolerances tight", "  convergence energy 1e-9 density 1e-7 gradient 1e-6"]
        field += ["  iterations 100", "  vectors input job.movecs", "end", "task dft"]
    lines = ["start job", "print low", f"charge {mol.charge}", "geometry units bohr nocenter noautosym noautoz"]
    lines += [*atoms, "end", "basis spherical", *basis, "end"]
    lines += ["ecp", *potentials, "end"] if potentials else []
    return "\n".join([*lines, *field]) + "\n"


def nwchem_hartree(mol: Any, method: str, *, folder: Path, name: str) -> float:
    """Return NWChem's energy, from the kept output when its input was the same."""
    text = nwchem_input(mol, method)
    asked, told = folder / f"{name}-{method}.nw", folder / f"{name}-{method}.out"
    if not (told.is_file() and asked.is_file() and asked.read_text() == text):
        work = folder / f"{name}-{method}"
        work.mkdir(parents=True, exist_ok=True)
        (work / "job.nw").write_text(text)
        done = subprocess.run(["nwchem", "job.nw"], cwd=work, capture_output=True, text=True, check=True)
        told.write_text(done.stdout)
        asked.write_text(text)
    energies = _ENERGY.findall(told.read_text())
    if len(energies) != (1 if method == HARTREE_FOCK else 2):
        raise SystemExit(f"NWChem did not converge: see {told}")
    return float(energies[-1])


def pyscf_field(mol: Any, method: str, *, grid: int = _FINE_GRID, fitted: bool = False) -> Any:
    """Return PySCF's own mean field of a molecule, with exact integrals or the level's fit."""
    open_shell = mol.spin > 0
    if method == HARTREE_FOCK:
        field = (scf.UHF if open_shell else scf.RHF)(mol)
    else:
        field = (dft.UKS if open_shell else dft.RKS)(mol, xc=method)
        field.grids.level = grid
    if fitted:
        field = field.density_fit(auxbasis=LEVEL.coulomb_fitting_basis)
    return field


def converged(field: Any, density: Any) -> tuple[float, Any]:
    """Return the energy and the density matrices that a start density leads to."""
    field.conv_tol, field.max_cycle = 1e-9, 100
    # An open 4f shell jumps to other states without it; it does not change the energy that is reached.
    field.level_shift = 0.2 if field.mol.spin else 0.0
    energy = field.kernel(density)
    if not field.converged:
        raise SystemExit(f"PySCF did not converge {field.mol.atom_pure_symbol(0)}")
    return float(energy), field.make_rdm1()


def compare(case: Case, *, folder: Path) -> list[dict[str, Any]]:
    """Return for each method both programs' energies and what fit and grid do, largest effects in kcal/mol."""
    mol = build_molecule(case.structure, level=LEVEL, memory_gb=2.0)
    spins = start_density(mol, level=LEVEL)
    density = spins if mol.spin else spins.sum(axis=0)
    found = []
    for method in case.methods:
        theirs = nwchem_hartree(mol, method, folder=folder, name=case.name)
        # Hartree-Fock first: its density is the start of the functionals, in both programs.
        ours, density = converged(pyscf_field(mol, method), density)
        # At the converged density: relaxing it as well would change these by their squares.
        fitted = float(pyscf_field(mol, method, fitted=True).energy_tot(density))
        row = {
            "case": case.name,
            "method": method,
            "functions": mol.nao,
            "multiplicity": mol.spin + 1,
            "nwchem_hartree": theirs,
            "pyscf_hartree": ours,
            "difference_microhartree": round(1e6 * (ours - theirs), 3),
            "fit_kcal_mol": round((fitted - ours) * HARTREE_TO_KCAL_MOL, 4),
            "fitted_hartree": fitted,
        }
        if method != HARTREE_FOCK:
            coarse = float(pyscf_field(mol, method, grid=LEVEL.grid_level).energy_tot(density))
            row |= {"grid_kcal_mol": round((coarse - ours) * HARTREE_TO_KCAL_MOL, 4)}
        found.append(row)
        print("#", row, flush=True)
    return found


def bindings(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return E(complex) - E(ion) - n E(water) by both programs and by PySCF with fitting, in kcal/mol."""
    energies = {(row["case"], row["method"]): row for row in rows}
    found = []
    for complex_, metal, waters in (("La(H2O)2", "La", 2), ("Gd(H2O)", "Gd", 1)):
        for method in (HARTREE_FOCK, "pbe", "b3lyp5"):
            parts = [energies.get((name, method)) for name in (complex_, metal, "water")]
            if None in parts:
                continue
            row = {"case": complex_, "method": method}
            for kind in ("nwchem_hartree", "pyscf_hartree", "fitted_hartree"):
                whole, bare, water = (part[kind] for part in parts if part is not None)
                row[kind.replace("hartree", "kcal_mol")] = round(
                    (whole - bare - waters * water) * HARTREE_TO_KCAL_MOL, 4
                )
            found.append(row)
    return found


def main() -> None:
    """Compare and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print the figures as one JSON line, last")
    parser.add_argument("--keep", type=Path, required=True, help="the folder of NWChem's inputs and outputs")
    parser.add_argument("--case", action="append", choices=[case.name for case in cases()])
    options = parser.parse_args()
    options.keep.mkdir(parents=True, exist_ok=True)
    chosen = [case for case in cases() if not options.case or case.name in options.case]
    rows = [row for case in chosen for row in compare(case, folder=options.keep)]
    table = Table(title=f"PySCF beside NWChem, {LEVEL.ligand_basis} and def2-TZVP with def2-ECP", box=box.SIMPLE_HEAD)
    for column in ("structure", "method", "NWChem, Eh", "PySCF less NWChem, µEh", "fit, kcal/mol", "grid, kcal/mol"):
        table.add_column(column, justify="right")
    for row in rows:
        cells = (f"{row['nwchem_hartree']:.8f}", f"{row['difference_microhartree']:.3f}", f"{row['fit_kcal_mol']:.4f}")
        table.add_row(row["case"], row["method"], *cells, f"{row.get('grid_kcal_mol', '')}")
    Console().print(table)
    bound = bindings(rows)
    for row in bound:
        print(row)
    if options.json:
        print(json.dumps({"energies": rows, "binding": bound}))


if __name__ == "__main__":
    main()
