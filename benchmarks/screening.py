"""How many complexes an hour are assembled, grafted, exchanged and predicted by an ensemble.

    python benchmarks/screening.py [--json] [--seconds 120] [--processes 2] [--metals 16] [--scaffold HOPO-345N]

Every ligand is drawn by lot without repetition from scaffold × substituents^sites. A process assembles
it (its identity and the keys of its candidates), grafts it on the bare scaffold's relaxed template
(1 ligand, 6 waters), judges it, and lets every member predict it with every metal. The template is
relaxed and the ensemble trained (on invented labels, which cost the same) beforehand; what each
process needs before its first complex (reading the network, its table of poses) is in the count.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from reexplore.chemistry.candidates import Candidate, Group
from reexplore.chemistry.library import SUBSTITUENTS, find_scaffold
from reexplore.chemistry.ligands import Ligand, assemble
from reexplore.chemistry.metals import SERIES, Metal
from reexplore.energies.reactions import HARTREE_TO_KCAL_MOL
from reexplore.energies.teacher import teacher_energy
from reexplore.errors import CalculationFailed
from reexplore.structures.builders.placement import place_complexes
from reexplore.structures.quality import check_complex
from reexplore.structures.screening.arrays import Complexes
from reexplore.structures.screening.grafting import Grafting
from reexplore.structures.screening.scaffolding import Scaffolding, bare_candidate
from reexplore.structures.structure import Structure
from reexplore.structures.xtb.relax import relax
from reexplore.surrogate.samples import Sample
from reexplore.surrogate.settings import AllegroSettings

LIGANDS, WATERS = 1, 6
MEMBERS = 4
TRAINED_ON = 64
CHUNK = 512
STARTS = 4


@dataclass(frozen=True)
class Work:
    """What a process needs; choices of substituents are those numbers of the product, in a random order."""

    scaffold: str
    template: str
    members: tuple[str, ...]
    metals: tuple[str, ...]
    process: int
    processes: int
    seconds: float


def run_throughput(
    seconds: float = 120.0, *, processes: int = 2, metals: int = 16, scaffold: str = "HOPO-345N"
) -> dict[str, Any]:
    """Return the throughput of screening and what it is made of; see the module.

    `screening_complexes_per_hour` is by the clock, `..._per_core_hour` by processor time; both count
    complexes that were predicted, not those refused.
    """
    shown = tuple(m.symbol for m in SERIES if 8 in m.usual_numbers)[:metals]
    with tempfile.TemporaryDirectory(prefix="reexplore-screening-") as name:
        template = _template(scaffold)
        members = _ensemble(scaffold, template, Path(name))
        jobs = [
            Work(scaffold, template.to_extxyz(), members, shown, process, processes, seconds)
            for process in range(processes)
        ]
        started = time.monotonic()
        with ProcessPoolExecutor(processes, mp_context=multiprocessing.get_context("spawn")) as pool:
            told = list(pool.map(_screen, jobs))
        wall_s = time.monotonic() - started
    complexes = sum(t["complexes"] for t in told)
    cpu_s = {stage: round(sum(t["cpu_s"][stage] for t in told), 2) for stage in told[0]["cpu_s"]}
    ligands = sum(t["ligands"] for t in told)
    return {
        "screening_complexes_per_hour": round(3600 * complexes / wall_s),
        "screening_complexes_per_core_hour": round(3600 * complexes / sum(cpu_s.values())),
        "complexes": complexes,
        "pool_ligands": len(SUBSTITUENTS) ** find_scaffold(scaffold).sites,
        "distinct_ligands": len({key for t in told for key in t["distinct"]}),
        "ligands_drawn": ligands,
        "clash_free_fraction": round(sum(t["kept"] for t in told) / ligands, 4),
        "metals": len(shown),
        "members": MEMBERS,
        "scaffold": scaffold,
        "processes": processes,
        "wall_s": round(wall_s, 1),
        "cpu_s": cpu_s,
        "cpu_ms_per_complex": round(1000 * sum(cpu_s.values()) / complexes, 3),
    }


def _template(scaffold: str) -> Structure:
    """Return the lowest of a few relaxed sketches of the bare scaffold with lanthanum."""
    candidate = bare_candidate(find_scaffold(scaffold), ligands=LIGANDS, waters=WATERS)
    passed = []
    for seed in range(STARTS):
        try:
            relaxed = relax(place_complexes(candidate, count=1, seed=seed)[0])
        except CalculationFailed:
            continue
        if check_complex(relaxed.structure, candidate=candidate).ok:
            passed.append(relaxed)
    return min(passed, key=lambda r: r.energy_hartree).structure


def _ensemble(scaffold: str, template: Structure, folder: Path) -> tuple[str, ...]:
    """Train members on the teacher's interaction energies of some grafted complexes."""
    from reexplore.surrogate.allegro import train_member

    substituents = tuple(SUBSTITUENTS.values())
    base = Scaffolding(find_scaffold(scaffold), template, ligands=LIGANDS, waters=WATERS)
    random = np.random.default_rng(1)
    choices = random.integers(0, len(substituents), (TRAINED_ON, base.scaffold.sites))
    grafts = Grafting(base, substituents).graft(choices)
    charge = base.candidate.ligand.charge
    metals = tuple(m for m in SERIES if 8 in m.usual_numbers)
    found = Complexes.of(grafts, metals=metals, ligand_charges=np.full(TRAINED_ON, charge))
    everything = list(found.structures())
    samples = []
    for row in range(TRAINED_ON):
        structure = everything[row * len(metals) + int(random.integers(len(metals)))]
        group = Group(structure.symbols[0], LIGANDS, WATERS, charge)
        samples.append(Sample(f"{row:03d}", structure, group, scaffold, (), _interaction_kcal_mol(structure)))
    paths = [folder / f"{k}.pt" for k in range(MEMBERS)]
    for member, path in enumerate(paths):
        train_member(samples, settings=AllegroSettings(epochs=20), member=member, members=MEMBERS, seed=0, path=path)
    return tuple(map(str, paths))


def _interaction_kcal_mol(structure: Structure) -> float:
    around = Structure(structure.symbols[1:], structure.positions_angstrom[1:], structure.charge - 3)
    ion = Structure(structure.symbols[:1], structure.positions_angstrom[:1], 3)
    terms = [teacher_energy(part).total_hartree for part in (structure, around, ion)]
    return (terms[0] - terms[1] - terms[2]) * HARTREE_TO_KCAL_MOL


def _screen(work: Work) -> dict[str, Any]:
    """Screen until the time is over; returns counts and processor time by stage."""
    import torch

    torch.set_num_threads(1)
    clock = _Clock()
    until = time.monotonic() + work.seconds
    from reexplore.surrogate.allegro import SavedEnsemble

    ensemble = SavedEnsemble([Path(path) for path in work.members])
    clock.stop("loading the network")
    scaffold, substituents = find_scaffold(work.scaffold), tuple(SUBSTITUENTS.values())
    metals = tuple(m for m in SERIES if m.symbol in work.metals)
    base = Scaffolding(scaffold, Structure.from_extxyz(work.template), ligands=LIGANDS, waters=WATERS)
    grafting = Grafting(base, substituents)
    clock.stop("poses of substituents")
    numbers = np.random.default_rng(0).permutation(len(substituents) ** scaffold.sites)[work.process :: work.processes]
    distinct: set[str] = set()
    kept = complexes = drawn = 0
    while time.monotonic() < until and drawn < len(numbers):
        codes = numbers[drawn : drawn + CHUNK]
        choices = np.stack(np.unravel_index(codes, (len(substituents),) * scaffold.sites), axis=1)
        ligands = [assemble(scaffold, tuple(substituents[i] for i in choice)) for choice in choices]
        keys = [_keys(ligand, metals) for ligand in ligands]
        clock.stop("assembly and identity")
        grafts = grafting.graft(choices)
        fine = np.flatnonzero(~grafts.clash)
        charges = np.array([ligands[row].charge for row in fine])
        found = Complexes.of(grafts.rows(fine), metals=metals, ligand_charges=charges)
        clock.stop("grafting and exchange")
        table = ensemble.predict(found)
        clock.stop("prediction")
        drawn += len(codes)
        kept += len(fine)
        complexes += table.shape[0] * table.shape[1]
        distinct |= {keys[row][0] for row in fine}
    return {
        "complexes": complexes,
        "ligands": drawn,
        "kept": kept,
        "distinct": sorted(distinct),
        "cpu_s": clock.stages,
    }


def _keys(ligand: Ligand, metals: tuple[Metal, ...]) -> list[str]:
    return [Candidate(ligand, metal, LIGANDS, WATERS).key for metal in metals]


class _Clock:
    """Processor time by stage; it starts when the process did."""

    def __init__(self) -> None:
        self.stages: dict[str, float] = {}
        self._last = 0.0

    def stop(self, stage: str) -> None:
        now = time.process_time()
        self.stages[stage] = self.stages.get(stage, 0.0) + now - self._last
        self._last = now


def main() -> None:
    """Run the benchmark and print its figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--seconds", type=float, default=120.0)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--metals", type=int, default=16)
    parser.add_argument("--scaffold", default="HOPO-345N")
    options = parser.parse_args()
    figures = run_throughput(
        options.seconds, processes=options.processes, metals=options.metals, scaffold=options.scaffold
    )
    for name, value in figures.items():
        print(f"{name:36s} {value}")
    if options.json:
        print(json.dumps(figures))


if __name__ == "__main__":
    main()
