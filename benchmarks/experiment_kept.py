"""What is kept of computed stability constants, and how it is made: minima with vibrations, and energies by level.

In the tar: `minima/NAME.json`, a structure, its frequencies and its CPU seconds, and `LEVEL/NAME.json`, an energy.
"""

from __future__ import annotations

import json
import os
import resource
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache, partial
from itertools import product
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
from rich.console import Console

from reexplore.anchors.table import Anchor
from reexplore.campaign.steps.tasks import complex_task, ligand_task, water_task
from reexplore.chemistry.acids import acid_of
from reexplore.chemistry.aqua import aqua_ion
from reexplore.chemistry.candidates import Candidate
from reexplore.chemistry.complexes import single_candidate
from reexplore.chemistry.ligands import Ligand
from reexplore.chemistry.metals import METALS
from reexplore.config import TheoryEntry
from reexplore.energies.dft.single_point import single_point
from reexplore.energies.levels import GAS_PHASE, WORKSTATION, Level, find_level
from reexplore.energies.reactions import HARTREE_TO_KCAL_MOL
from reexplore.energies.thermal import WATER_MOL_L, concentration_hartree, gibbs_correction_hartree
from reexplore.errors import CalculationFailed
from reexplore.structures.structure import Structure
from reexplore.structures.xtb.minimum import settled_minimum
from reexplore.structures.xtb.surfaces import GFN2_M
from reexplore.workbench.complexes import Workbench

KEPT = Path(__file__).with_name("experiment.tar.xz")
NUMBERS = (8, 9)
_SEED = 1

#: Levels that are `standard` but for one thing.
CHANGED: dict[str, dict[str, Any]] = {
    "gas": {"solvent": GAS_PHASE},
    "radius-1.8": {"metal_radius_angstrom": 1.8},
    "radius-2.4": {"metal_radius_angstrom": 2.4},
    "tzvpd": {"ligand_basis": "def2-tzvpd"},
    "b3lyp": {name: getattr(WORKSTATION, name) for name in ("functional", "dispersion", "exchange", "grid_level")},
}


@dataclass(frozen=True)
class Folder:
    """Where minima (`minima/NAME.json`) and energies (`LEVEL/NAME.json`) are kept."""

    path: Path
    level: str

    def minimum(self, name: str) -> dict[str, Any] | None:
        """Return the structure and the frequencies of a species, None where it was not computed."""
        return _read(self.path / "minima" / f"{name}.json")

    def kept(self, kind: str, name: str) -> dict[str, Any]:
        """Return what is kept of a species that was computed."""
        found = _read(self.path / kind / f"{name}.json")
        assert found is not None, f"{kind}/{name} was not computed"
        return found

    def structure(self, name: str) -> Structure | None:
        """Return the minimum of a species, None where it was not computed."""
        found = self.minimum(name)
        if found is None:
            return None
        return Structure(tuple(found["symbols"]), np.array(found["positions_angstrom"]), found["charge"])

    def energy_kcal_mol(self, name: str) -> float | None:
        """Return the electronic energy in solution, None where it was not computed."""
        found = _read(self.path / self.level / f"{name}.json")
        return None if found is None else found["total_hartree"] * HARTREE_TO_KCAL_MOL

    def thermal_kcal_mol(self, name: str) -> float | None:
        """Return the thermal terms in the standard state of solutes, of water that of the liquid."""
        found = self.minimum(name)
        if found is None:
            return None
        return _thermal_kcal_mol(self.path, name)

    def put(self, kind: str, name: str, value: dict[str, Any]) -> None:
        """Keep a result."""
        place = self.path / kind / f"{name}.json"
        place.parent.mkdir(parents=True, exist_ok=True)
        partial = place.with_suffix(".partial")
        partial.write_text(json.dumps(value))
        partial.replace(place)
        _read.cache_clear()


@cache
def _read(path: Path) -> dict[str, Any] | None:
    return json.loads(path.read_text()) if path.is_file() else None


@cache
def _thermal_kcal_mol(path: Path, name: str) -> float:
    found = _read(path / "minima" / f"{name}.json")
    assert found is not None
    structure = Structure(tuple(found["symbols"]), np.array(found["positions_angstrom"]), found["charge"])
    correction = gibbs_correction_hartree(structure, found["frequencies_cm1"])
    if name == "water":
        correction += concentration_hartree(WATER_MOL_L)
    return correction * HARTREE_TO_KCAL_MOL


def tag(anchor: Anchor) -> str:
    """Return an anchor's name as it stands in file names."""
    return anchor.name.replace(" ", "-")


@contextmanager
def kept_folder(path: Path | None, level: str) -> Iterator[Folder]:
    """Yield the folder of results with all that is in the tar."""
    with tempfile.TemporaryDirectory() as vanishing:
        place = path or Path(vanishing)
        place.mkdir(parents=True, exist_ok=True)
        if KEPT.is_file():
            with tarfile.open(KEPT) as tar:
                new = [member for member in tar.getmembers() if not (place / member.name).exists()]
                tar.extractall(place, members=new, filter="data")
        yield Folder(place, level)


def compute(folder: Folder, anchors: list[Anchor], metals: list[str], *, seed: int = _SEED) -> None:
    """Compute what is missing of some anchors with some metals."""
    theory = TheoryEntry()
    with tempfile.TemporaryDirectory() as store:
        bench = Workbench(Path(store), theory=theory, seed=seed, console=Console(stderr=True))

        def relaxed(candidate: Candidate) -> str:
            return str(bench.value("relax", complex_task(candidate, bench.template(candidate), theory))["extxyz"])

        def lowest(ligand: Ligand) -> str:
            return str(bench.value("ligand", ligand_task(ligand, theory, seed))["extxyz"])

        wanted: list[tuple[str, Callable[[], str]]] = [
            ("water", lambda: str(bench.value("geometry", water_task(theory))["extxyz"]))
        ]
        for metal, n in product(metals, NUMBERS):
            wanted.append((f"{metal}_aqua_{n}", partial(relaxed, aqua_ion(METALS[metal], waters=n))))
        for metal in metals:
            _compute_ion(folder, metal)
        for anchor in anchors:
            ligand = anchor.single.ligand
            wanted.append((f"{tag(anchor)}_free", partial(lowest, ligand)))
            wanted.append((f"{tag(anchor)}_acid", partial(lowest, acid_of(ligand))))
            for metal, n in product(metals, NUMBERS):
                if n >= ligand.denticity:
                    made = single_candidate(ligand, metal=METALS[metal], ligands=1, waters=None, coordination_number=n)
                    wanted.append((f"{metal}_{tag(anchor)}_{n}", partial(relaxed, made)))
        for name, geometry in wanted:
            try:
                _compute_one(folder, name, geometry)
            except CalculationFailed as failed:
                print(f"{name}: {failed.failure.code.value} ({failed.failure.message})", flush=True)


def _compute_one(folder: Folder, name: str, geometry: Callable[[], str]) -> None:
    if folder.minimum(name) is None:
        began = _cpu_s()
        start = Structure.from_extxyz(geometry())
        searched = _cpu_s()
        found = settled_minimum(start, surface=GFN2_M)
        folder.put(
            "minima",
            name,
            {
                "symbols": found.structure.symbols,
                "charge": found.structure.charge,
                "positions_angstrom": np.round(found.structure.positions_angstrom, 6).tolist(),
                "frequencies_cm1": [round(f, 2) for f in found.vibrations.frequencies_cm1],
                "ridges": found.ridges,
                "search_cpu_s": round(searched - began, 1),
                "cpu_s": round(_cpu_s() - searched, 1),
            },
        )
    compute_energy(folder, name)


def put_structure(folder: Folder, name: str, structure: Structure) -> None:
    """Keep a structure whose vibrations nobody needs."""
    kept = {"symbols": structure.symbols, "charge": structure.charge}
    folder.put("minima", name, kept | {"positions_angstrom": np.round(structure.positions_angstrom, 6).tolist()})


def _compute_ion(folder: Folder, metal: str) -> None:
    """Compute a bare ion without a solvent, for the free energy of hydration."""
    if folder.minimum(metal) is None:
        ion = {"symbols": [metal], "charge": 3, "positions_angstrom": [[0.0, 0.0, 0.0]], "frequencies_cm1": []}
        folder.put("minima", metal, ion)
    compute_energy(Folder(folder.path, "gas"), metal)


def compute_energy(folder: Folder, name: str) -> None:
    """Compute the energy of a kept minimum at the folder's level where it is missing."""
    structure = folder.structure(name)
    if structure is None or folder.energy_kcal_mol(name) is not None:
        return
    began = time.process_time()
    terms = single_point(structure, level=level_of(folder.level), memory_gb=6.0)
    cpu_s = round(time.process_time() - began, 1)
    folder.put(folder.level, name, {"total_hartree": terms.total_hartree, "cpu_s": cpu_s})
    print(f"{name}: {terms.total_hartree:.6f} Eh at {folder.level}, {cpu_s} CPU-s", flush=True)


def _cpu_s() -> float:
    """Return the CPU seconds of this process and of those that it has waited for."""
    return sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))


def level_of(name: str) -> Level:
    """Return a level by its name, or one that changes `standard` in one thing."""
    standard = find_level("standard")
    if name in CHANGED:
        return replace(standard, name=name, **CHANGED[name])
    return find_level(name)
