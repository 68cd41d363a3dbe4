"""How right the metal–donor distances are: the corrected surface beside DFT, beside plain GFN2-xTB and beside
experiment."""

from __future__ import annotations

import csv
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms
from distance_fit import structure_of
from distance_probes import PROBES, Probe, lowest_placement
from label_energies import Bench
from label_geometries import stored
from numpy.typing import NDArray
from scipy.stats import linregress

from reexplore.chemistry.candidates import Candidate
from reexplore.chemistry.metals import LANTHANIDES, METALS, TEMPLATE_METAL
from reexplore.energies import HARTREE_TO_KCAL_MOL
from reexplore.structures.donor_kinds import donor_kinds
from reexplore.structures.metal_exchange import exchange_metal
from reexplore.structures.structure import Layout, Structure
from reexplore.structures.xtb.relax import relax
from reexplore.structures.xtb.surfaces import SURFACES, EnergySurface

Array = NDArray[np.float64]

PLAIN, CORRECTED = SURFACES["gfn2"], SURFACES["gfn2-m"]
#: Ligands whose La–Lu difference is set beside DFT relaxations and beside experiment, and those that are set beside
#: experiment alone. Of their constants nothing is fitted.
BESIDE_DFT = ("oxalate", "hydroxyisobutyrate", "picolinate", "iminodiacetate")
BESIDE_EXPERIMENT = {
    "nitrilotriacetate": Probe("nitrilotriacetate", "O=C([O-:11])C[N:12](CC(=O)[O-:13])CC(=O)[O-:14]"),
    "EDTA": Probe("EDTA", "O=C([O-:11])C[N:12](CC(=O)[O-:13])CC[N:14](CC(=O)[O-:15])CC(=O)[O-:16]"),
    "carbonate": Probe("carbonate", "O=C([O-:11])[O-:12]"),
}
EXCESS_OF = ("catecholate", "oxalate", "hopo")
EXCESS_METALS = ("La", "Gd", "Lu", "Y")
#: The one whose excess differs most between metals: of it is asked where that lies.
EXCESS_EXPLAINED = ("oxalate",)
#: -RT ln 10 at 298.15 K, kcal/mol: what one unit of log K is worth.
_KCAL_MOL_PER_LOG_K = -1.3643
#: Names in the table of constants where they differ from ours.
_IN_TABLE = {"hydroxyisobutyrate": "2-hydroxyisobutyrate", "nitrilotriacetate": "NTA"}


def donor_distances(structure: Structure, candidate: Candidate) -> Array:
    """Return the distances from the metal to every donor in the order of `Layout.donors`, Å."""
    positions = structure.positions_angstrom
    return np.linalg.norm(positions[list(Layout.of(candidate).donors)] - positions[0], axis=1)


def water_lean_degrees(structure: Structure, candidate: Candidate) -> float:
    """Return how far the axes of the waters are off their bonds with the metal, on average."""
    layout, positions = Layout.of(candidate), structure.positions_angstrom
    leans = []
    for k in range(layout.waters):
        oxygen, *hydrogens = layout.water(k)
        arms = positions[hydrogens] - positions[oxygen]
        axis = (arms / np.linalg.norm(arms, axis=1)[:, None]).sum(axis=0)
        bond = positions[oxygen] - positions[0]
        leans.append(np.degrees(np.arccos(axis @ bond / np.linalg.norm(axis) / np.linalg.norm(bond))))
    return float(np.mean(leans))


@dataclass(frozen=True)
class Compared:
    """The donors of one probe in DFT and on two surfaces, distances in Å."""

    metal: str
    probe: str
    held_out: bool
    kinds: tuple[str, ...]
    dft: Array
    plain: Array
    corrected: Array


def compare(name: str, last: Atoms) -> Compared:
    """Relax the end of a DFT relaxation on plain and on corrected GFN2-xTB and compare the distances."""
    metal, probe = name.split("_", maxsplit=1)
    end, candidate = structure_of(last), PROBES[probe].candidate(metal)
    kinds = donor_kinds(end)
    found = {s.name: donor_distances(relax(end, surface=s).structure, candidate) for s in (PLAIN, CORRECTED)}
    return Compared(
        metal,
        probe,
        PROBES[probe].held_out,
        tuple(kinds[donor] for donor in Layout.of(candidate).donors),
        donor_distances(end, candidate),
        found[PLAIN.name],
        found[CORRECTED.name],
    )


def mean_error_angstrom(rows: Iterable[Compared], *, of: str, ligand_only: bool = False) -> float | None:
    """Return the mean absolute error of all distances (`of` is `plain` or `corrected`); None without any."""
    errors = [
        abs(found - dft)
        for row in rows
        for kind, dft, found in zip(row.kinds, row.dft, getattr(row, of), strict=True)
        if not (ligand_only and kind == "water")
    ]
    return float(np.mean(errors)) if errors else None


def aqua_distances(surface: EnergySurface) -> dict[str, float]:
    """Return the mean M-O distance in Å of [M(H2O)8]3+ for yttrium and every lanthanide but promethium."""
    found = {}
    for symbol in ("Y", *(metal.symbol for metal in LANTHANIDES if metal.symbol != "Pm")):
        relaxed = relax(stored(f"{symbol}_aqua_8"), surface=surface).structure
        found[symbol] = float(donor_distances(relaxed, PROBES["aqua"].candidate(symbol)).mean())
    return found


def slope(distances: dict[str, float]) -> float:
    """Return the change of the distance per change of Shannon's radius along the lanthanides."""
    symbols = [symbol for symbol in distances if METALS[symbol].atomic_number >= 57]
    radii = [METALS[symbol].shannon_radius_angstrom for symbol in symbols]
    return float(linregress(radii, [distances[symbol] for symbol in symbols]).slope)


def excess_kcal_mol(
    bench: Bench, name: str, last: Atoms, *, kind: str, minimum: Callable[[str, Atoms], Structure]
) -> float | None:
    """Return how far the DFT energy of a minimum of METAL_PROBE lies above that of the DFT relaxation.

    The minimum is made from the end of that relaxation and kept under the name of its `kind`.
    """
    at_end = bench.terms(f"{name}_dft", structure_of(last), method="quick")
    at_minimum = bench.terms(f"{name}_{kind}", minimum(name, last), method="quick")
    if at_end is None or at_minimum is None:
        return None
    return (at_minimum.total_hartree - at_end.total_hartree) * HARTREE_TO_KCAL_MOL


def corrected_minimum(_name: str, last: Atoms) -> Structure:
    """Return the corrected minimum next to the end of a DFT relaxation."""
    return relax(structure_of(last), surface=CORRECTED).structure


def la_lu_kcal_mol(bench: Bench, probe: str, geometry: Callable[[str], Structure | None], kind: str) -> float | None:
    """Return the exchange energy with lutetium less that with lanthanum, on geometries named METAL_PROBE."""
    parts = {}
    for metal in ("La", "Lu"):
        for what in (probe, "aqua"):
            structure = geometry(f"{metal}_{what}")
            terms = None if structure is None else bench.terms(f"{metal}_{what}_{kind}", structure, method="quick")
            if terms is None:
                return None
            parts[metal, what] = terms.total_hartree
    difference = parts["Lu", probe] - parts["La", probe] - (parts["Lu", "aqua"] - parts["La", "aqua"])
    return difference * HARTREE_TO_KCAL_MOL


def measured_kcal_mol(constants: Path) -> dict[str, float]:
    """Return -RT ln 10 (log K of Lu - log K of La) for every ligand of a table of measured constants."""
    by_ligand: dict[str, dict[str, float]] = {}
    lines = (line for line in constants.read_text(encoding="utf-8").splitlines() if not line.startswith("#"))
    for row in csv.DictReader(lines):
        by_ligand.setdefault(row["ligand"], {})[row["metal"]] = float(row["log_k1"])
    found = {}
    for name in (*BESIDE_DFT, *BESIDE_EXPERIMENT):
        values = by_ligand.get(_IN_TABLE.get(name, name), {})
        if {"La", "Lu"} <= values.keys():
            found[name] = _KCAL_MOL_PER_LOG_K * (values["Lu"] - values["La"])
    return found


def searched(probe: Probe, folder: Path) -> Callable[[str], Structure | None]:
    """Return a function that gives the corrected minimum of a ligand's complex, searched once by placement."""

    def geometry(name: str) -> Structure | None:
        metal, what = name.split("_", maxsplit=1)
        path = folder / f"{name}.xyz"
        if not path.is_file():
            wanted = PROBES["aqua"] if what == "aqua" else probe
            lanthanum = lowest_placement(wanted.candidate("La"), CORRECTED)
            if lanthanum is None:
                return None
            candidate = wanted.candidate(metal)
            moved = exchange_metal(lanthanum, layout=Layout.of(candidate), old=TEMPLATE_METAL, new=candidate.metal)
            folder.mkdir(parents=True, exist_ok=True)
            path.write_text(relax(moved, surface=CORRECTED).structure.to_extxyz())
        return Structure.from_extxyz(path.read_text())

    return geometry


def cost_ratio(starts: Iterable[Structure]) -> tuple[float, dict[str, Any]]:
    """Return the CPU time of relaxations on the corrected surface over that on the plain one, from the same starts.

    The two take turns, so that a neighbour on the machine slows both.
    """
    cpu_s = {PLAIN.name: 0.0, CORRECTED.name: 0.0}
    gradients = {PLAIN.name: 0, CORRECTED.name: 0}
    for start in starts:
        for surface in (PLAIN, CORRECTED):
            began = time.process_time()
            gradients[surface.name] += relax(start, surface=surface).steps
            cpu_s[surface.name] += time.process_time() - began
    ratio = cpu_s[CORRECTED.name] / cpu_s[PLAIN.name]
    return ratio, {"cpu_s": {k: round(v, 1) for k, v in cpu_s.items()}, "gradients": gradients}
