"""Neodymium beside its neighbours: which core potential it needs, and how far it then lies off their line.

    python benchmarks/neodymium.py --keep FOLDER [--json]

Exchange energies L + [M(H2O)8]3+ → [M L (H2O)6] + 2 H2O at `quick` of four small ligands, from cerium to
gadolinium, with neodymium's potential as basis-set-exchange has it under Nd3+ and as published (`core_potentials`).
The complexes are placed with lanthanum and exchanged, on gfn2-m. A metal's distance from the line is its exchange
energy less the interpolation in the ionic radius between its neighbours, neodymium left out of them: of the others
it is the error of an interpolation, of neodymium what its potential adds to it. Every geometry and calculation is kept
in FOLDER. About 15 CPU minutes.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Callable
from functools import partial
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
from distance_probes import PROBES, Probe, lowest_placement
from label_energies import LEVEL_OF, Bench, add_options
from label_geometries import ion
from rich import box
from rich.console import Console
from rich.table import Table

from reexplore.chemistry.candidates import Candidate
from reexplore.chemistry.metals import METALS
from reexplore.energies import exchange
from reexplore.energies.core_potentials import ND_TRIVALENT, core_potential
from reexplore.structures.conformers.free_ligand import lowest_conformer
from reexplore.structures.metal_exchange import contraction_of
from reexplore.structures.search.label_geometry import exchange_and_relax
from reexplore.structures.structure import Structure

LIGANDS = ("hydroxamate", "acetate", "picolinate", "catecholate")
SERIES = ("Ce", "Pr", "Nd", "Sm", "Eu", "Gd")
AS_DISTRIBUTED = "quick-as-distributed"
_FAMILY = "lcecp-1-tzvp"
#: The metals of the question.
_FIRST = ("Pr", "Nd", "Sm")
_CONFORMERS, _SEED = 4, 2026


def geometry(bench: Bench, name: str, make: Callable[[], Structure | None]) -> Structure:
    """Return a geometry of the folder, made when it is not there."""
    path = bench.folder / "geometries" / f"{name}.xyz"
    if not path.is_file():
        found = make()
        if found is None:
            raise SystemExit(f"{name}: no placement became the complex")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(found.to_extxyz())
    return Structure.from_extxyz(path.read_text())


def free(bench: Bench, probe: Probe) -> Structure:
    """Return the lowest conformer of a few of the free ligand."""
    ligand = probe.candidate("La").ligand
    make = partial(lowest_conformer, ligand, count=_CONFORMERS, seed=_SEED)
    return geometry(bench, probe.name, lambda: make().relaxed.structure)


def complex_of(bench: Bench, probe: Probe, candidate: Candidate) -> Structure:
    """Return a complex, lanthanum's from a placement and every other from lanthanum's."""
    parent = Candidate(candidate.ligand, METALS["La"], candidate.ligands, candidate.waters)
    first = geometry(bench, f"La_{probe.name}", lambda: lowest_placement(parent, bench.surface))
    contraction = contraction_of(bench.surface)
    make = partial(exchange_and_relax, [first], candidate=candidate, surface=bench.surface, contraction=contraction)
    return geometry(bench, f"{candidate.metal.symbol}_{probe.name}", lambda: make().relaxed.structure)


def exchange_kcal_mol(bench: Bench, probe: Probe, symbol: str, *, distributed: bool = False) -> float | None:
    """Return the exchange energy of a metal with a ligand at `quick`, None when a term failed.

    `distributed` takes the core potential that basis-set-exchange has for the metal.
    """
    candidate = probe.candidate(symbol)
    here = partial(bench.terms, method="quick")
    on_metal = here
    if distributed:
        on_metal = partial(bench.terms, method=AS_DISTRIBUTED, level=LEVEL_OF["quick"].as_distributed())
    complex_ = on_metal(f"{symbol}_{probe.name}", complex_of(bench, probe, candidate))
    aqua = on_metal(f"{symbol}_aqua_8", bench.geometry(f"{symbol}_aqua_8"))
    ligand, water = here(probe.name, free(bench, probe)), here("water", bench.geometry("water"))
    if complex_ is None or aqua is None or ligand is None or water is None:
        return None
    return exchange(
        complex_, aqua_complex=aqua, ligand=ligand, water=water, ligands=1, waters=candidate.waters
    ).energy_kcal_mol


def ion_off_the_line_hartree(bench: Bench, *, distributed: bool) -> float:
    """Return how far the bare ion of Nd lies above the middle between those of Pr and Pm, in the gas phase."""
    found = []
    for symbol in ("Nd", "Pr", "Pm"):
        odd = distributed and symbol == "Nd"
        level = LEVEL_OF["quick"].as_distributed() if odd else None
        terms = bench.terms(symbol, ion(METALS[symbol]), method=AS_DISTRIBUTED if odd else "quick", level=level)
        if terms is None:
            raise SystemExit(f"{symbol}3+ did not converge")
        found.append(terms.electronic_hartree)
    return found[0] - (found[1] + found[2]) / 2


def basis_error_millihartree(symbol: str, potential: str) -> dict[str, float]:
    """Return what the bare ion's Hartree-Fock energy lies above that in the quadruple-zeta basis of its family.

    A basis set that was made for a potential misses as little as those of its neighbours do.
    """
    from pyscf import gto, scf

    def energy(name: str) -> float:
        basis, ecp = {symbol: gto.basis.load(name, symbol)}, {symbol: core_potential(potential, symbol)}
        field = scf.RHF(gto.M(atom=symbol, basis=basis, ecp=ecp, charge=3, verbose=0))
        return float(field.kernel(field.get_init_guess(key="hcore")))

    best = energy("lcecp-1-qzvp")
    return {name: round(1e3 * (energy(f"lcecp-1-{name}") - best), 2) for name in ("svp", "tzvp")}


def off_the_line(energies: dict[str, float], symbol: str) -> float | None:
    """Return a metal's energy less the interpolation in the ionic radius between its neighbours, Nd left out of them.

    None at an end of the series.
    """
    order = [metal for metal in METALS if metal in energies and (metal == symbol or metal != "Nd")]
    place = order.index(symbol)
    if not 0 < place < len(order) - 1:
        return None
    low, high = order[place - 1], order[place + 1]
    radius = {metal: METALS[metal].shannon_radius_angstrom for metal in (low, symbol, high)}
    share = (radius[low] - radius[symbol]) / (radius[low] - radius[high])
    return energies[symbol] - (1 - share) * energies[low] - share * energies[high]


def same_as_divalent() -> list[str]:
    """Return the metals whose potential in lcecp-1 (M3+) basis-set-exchange also has in lcecp-0 (M2+)."""
    from basis_set_exchange import get_basis

    of_ions = [get_basis(name)["elements"] for name in ("lcecp-0-tzvp", "lcecp-1-tzvp")]
    divalent, trivalent = ({z: entry["ecp_potentials"] for z, entry in ions.items()} for ions in of_ions)
    number = {str(metal.atomic_number): symbol for symbol, metal in METALS.items()}
    return [number[z] for z, potential in trivalent.items() if divalent.get(z) == potential]


def along_the_series(bench: Bench) -> dict[str, Any]:
    """Return exchange energies of every ligand along the series and the distances from the line, in kcal/mol."""
    energies: dict[str, dict[str, float]] = {}
    distributed: dict[str, float] = {}
    for symbol in sorted(SERIES, key=lambda symbol: symbol not in _FIRST):
        for name in LIGANDS:
            probe = PROBES[name]
            if (found := exchange_kcal_mol(bench, probe, symbol)) is not None:
                energies.setdefault(name, {})[symbol] = found
            if symbol == "Nd" and (found := exchange_kcal_mol(bench, probe, symbol, distributed=True)) is not None:
                distributed[name] = found
    table = Table(
        title="exchange energies at quick and how far off the line, kcal/mol",
        title_justify="left",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
    )
    for heading in ("ligand", *SERIES, "Nd distr."):
        table.add_column(heading, justify="left" if heading == "ligand" else "right", no_wrap=True)
    away: dict[str, dict[str, float]] = {}
    away_distributed: dict[str, float] = {}
    for name, row in energies.items():
        cells = [f"{row[s]:.2f}" if s in row else "" for s in SERIES]
        table.add_row(name, *cells, f"{distributed[name]:.2f}" if name in distributed else "")
        away[name] = {s: d for s in row if (d := off_the_line(row, s)) is not None}
        beside = [f"{away[name][s]:+.2f}" if s in away[name] else "" for s in SERIES]
        if name in distributed and (off := off_the_line(row | {"Nd": distributed[name]}, "Nd")) is not None:
            away_distributed[name] = off
        table.add_row("  off", *beside, f"{away_distributed[name]:+.2f}" if name in away_distributed else "")
    Console().print(table)
    others = [abs(value) for row in away.values() for symbol, value in row.items() if symbol != "Nd"]
    return {
        "exchange_kcal_mol": _rounded(energies),
        "exchange_as_distributed_kcal_mol": _rounded(distributed),
        "off_the_line_kcal_mol": _rounded(away),
        "neodymium_off_the_line_kcal_mol": _of([row["Nd"] for row in away.values() if "Nd" in row]),
        "neodymium_as_distributed_off_the_line_kcal_mol": _of(list(away_distributed.values())),
        "others_off_the_line_kcal_mol": _of(others),
    }


def _of(values: list[float]) -> dict[str, float]:
    sizes = np.abs(values)
    return {"mean": round(float(sizes.mean()), 2), "largest": round(float(sizes.max()), 2), "count": len(values)}


def _rounded(values: Any) -> Any:
    return {k: _rounded(v) for k, v in values.items()} if isinstance(values, dict) else round(values, 2)


def main() -> None:
    """Compute what is missing and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_options(parser)
    options = parser.parse_args()
    bench = Bench.of(options)
    found: dict[str, Any] = {"potentials_of_the_divalent_ion": same_as_divalent()}
    found |= {
        f"ion_off_the_line_hartree_{name}": round(ion_off_the_line_hartree(bench, distributed=distributed), 4)
        for name, distributed in (("published", False), ("distributed", True))
    }
    kinds = {"Nd published": ND_TRIVALENT, "Nd distributed": _FAMILY} | dict.fromkeys(("Ce", "Pr", "Pm", "Sm"), _FAMILY)
    found["basis_error_millihartree"] = {
        name: basis_error_millihartree(name.split()[0], potential) for name, potential in kinds.items()
    }
    found |= along_the_series(bench)
    for name, value in found.items():
        print(f"{name:48s} {value}")
    if options.json:
        print(json.dumps(found))


if __name__ == "__main__":
    main()
