"""How near screening geometries come to label geometries, and what the difference costs the surrogate.

    python benchmarks/grafting.py [CAMPAIGN] [--workspace DIR] [--members 4] [--json]

Reads a campaign that has labels. Without one it makes 150 of its own, some minutes' worth: HOPO and CAM
with every substituent of the library on La, Eu and Lu with six waters, relaxed by GFN2-xTB from the grafted
geometry, labelled with E(complex) - E(free ligand) in GFN2-xTB/ALPB. For every label the grafted geometry
is compared with the relaxed one; then an ensemble is trained on each kind of geometry with the same labels
and folds, and asked about the labels no member has seen. The difference of the two mean absolute errors is
what grafting costs.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from reexplore.campaign.declaration.setup import prepare
from reexplore.campaign.driver import open_ledger
from reexplore.campaign.ledger.labels import labels
from reexplore.campaign.steps.learning import sample
from reexplore.campaign.steps.screening import recall_screening
from reexplore.chemistry.candidates import Candidate
from reexplore.chemistry.families import Family
from reexplore.chemistry.library import SUBSTITUENTS, find_scaffold
from reexplore.chemistry.ligands import assemble
from reexplore.chemistry.members import Members
from reexplore.chemistry.metals import TEMPLATE_METAL, find_metal
from reexplore.config import TheoryEntry
from reexplore.energies.reactions import HARTREE_TO_KCAL_MOL
from reexplore.errors import CalculationFailed
from reexplore.structures.builders.placement import place_complexes
from reexplore.structures.conformers.duplicates import Comparison
from reexplore.structures.conformers.free_ligand import lowest_conformer
from reexplore.structures.quality import check_complex, require
from reexplore.structures.screening.families import screening_geometries
from reexplore.structures.search.templates import Start, lowest_template
from reexplore.structures.structure import Layout, Structure
from reexplore.structures.xtb.relax import relax
from reexplore.surrogate.samples import Sample, targets_kcal_mol
from reexplore.surrogate.settings import AllegroSettings

SCAFFOLD_NAMES = ("HOPO", "CAM")
METALS = ("La", "Eu", "Lu")


def distances(
    grafted: Sequence[Structure], relaxed: Sequence[Structure], candidates: Sequence[Candidate]
) -> dict[str, float]:
    """Return how far grafted geometries lie from relaxed ones of the same complexes, in Å."""
    pairs = list(zip(grafted, relaxed, candidates, strict=True))
    rmsd = [Comparison(who).rmsd_angstrom(first, second) for first, second, who in pairs]
    bonds = [
        np.abs(np.sort(_donor_lengths(a, Layout.of(c))) - np.sort(_donor_lengths(b, Layout.of(c)))).mean()
        for a, b, c in pairs
    ]
    return {
        "complexes": len(rmsd),
        "rmsd_median_angstrom": round(float(np.median(rmsd)), 3),
        "rmsd_90_percent_angstrom": round(float(np.quantile(rmsd, 0.9)), 3),
        "metal_donor_mean_error_angstrom": round(float(np.mean(bonds)), 3),
    }


def cost_of_grafting(
    grafted: Sequence[Sample], relaxed: Sequence[Sample], *, members: int, seed: int = 0
) -> dict[str, Any]:
    """Return the out-of-fold errors in kcal/mol of ensembles trained on each kind of geometry, labels being equal."""
    on_grafted = out_of_fold_errors(grafted, members=members, seed=seed)
    on_relaxed = out_of_fold_errors(relaxed, members=members, seed=seed)
    difference = np.abs(on_grafted) - np.abs(on_relaxed)
    return {
        "labels": len(grafted),
        "mae_on_grafted_kcal_mol": round(float(np.abs(on_grafted).mean()), 3),
        "mae_on_relaxed_kcal_mol": round(float(np.abs(on_relaxed).mean()), 3),
        "cost_kcal_mol": round(float(difference.mean()), 3),
        "cost_standard_error_kcal_mol": round(float(difference.std(ddof=1) / np.sqrt(len(difference))), 3),
    }


def out_of_fold_errors(samples: Sequence[Sample], *, members: int, seed: int) -> np.ndarray:
    """Return prediction less label for every sample, by the member that has not seen it, in kcal/mol."""
    from reexplore.surrogate.allegro import train_member

    said: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        for member in range(members):
            report = train_member(
                samples,
                settings=AllegroSettings(),
                member=member,
                members=members,
                seed=seed,
                path=Path(folder) / f"{member}.pt",
            )
            said |= report.out_of_fold_kcal_mol
    return np.array([said[s.key] for s in samples]) - targets_kcal_mol(samples)


def of_campaign(reference: str, *, workspace: Path, members: int) -> dict[str, Any]:
    """Return all figures for the labels of a campaign."""
    setup = prepare(reference, workspace=workspace)
    ledger = open_ledger(setup)
    screening = recall_screening(setup, ledger)
    if screening is None:
        raise SystemExit(f"{setup.folder} has not screened its pool yet: run the campaign first")
    keys_of = ledger.labels()
    pool = {c.key: c for c in setup.space.candidates() if c.key in keys_of}
    known = labels(pool, ledger, aqua_waters=setup.file.theory.aqua_waters)
    grafted = screening.structures(list(pool.values()))
    relaxed = {key: Structure.from_extxyz(ledger.value(keys_of[key].structure)["extxyz"]) for key in grafted}
    keys = sorted(grafted)
    first = [sample(pool[k], grafted[k], known[k].binding_kcal_mol) for k in keys]
    second = [replace(one, structure=relaxed[one.key]) for one in first]
    return distances(
        [grafted[k] for k in keys], [relaxed[k] for k in keys], [pool[k] for k in keys]
    ) | cost_of_grafting(first, second, members=members, seed=setup.file.seed)


def of_gfn2(*, members: int, seed: int = 2026) -> dict[str, Any]:
    """Return all figures for labels of GFN2-xTB on geometries relaxed from the grafted ones."""
    substituents = tuple(SUBSTITUENTS.values())
    metals = tuple(map(find_metal, METALS))
    everyone: list[Candidate] = []
    grafted: list[Structure] = []
    for name in SCAFFOLD_NAMES:
        scaffold = find_scaffold(name)
        bare = Candidate(assemble(scaffold, (SUBSTITUENTS["H"],)), TEMPLATE_METAL, 1, 6)
        starts = [Start(s, "placement") for s in place_complexes(bare, count=TheoryEntry().placement_starts, seed=seed)]
        template = lowest_template(bare, starts=starts, refine=TheoryEntry().refine).structure
        choices = tuple((k,) for k in range(len(substituents)))
        family = Family(Members.made(scaffold, substituents, choices), metals, 1, 6)
        candidates = [Candidate(ligand, metal, 1, 6) for ligand in family.members for metal in metals]
        everyone += candidates
        grafted += screening_geometries(family, template, candidates)
    free = {
        ligand: lowest_conformer(ligand, count=3, seed=seed).relaxed.energy_hartree
        for ligand in {candidate.ligand for candidate in everyone}
    }
    first, second, kept = [], [], []
    for candidate, start in zip(everyone, grafted, strict=True):
        try:
            relaxed = relax(start)
            require(check_complex(relaxed.structure, candidate=candidate))
        except CalculationFailed as failed:
            print(f"{candidate.name}: {failed}", flush=True)
            continue
        label = (relaxed.energy_hartree - free[candidate.ligand]) * HARTREE_TO_KCAL_MOL
        first.append(sample(candidate, start, label))
        second.append(sample(candidate, relaxed.structure, label))
        kept.append(candidate)
    return distances([s.structure for s in first], [s.structure for s in second], kept) | cost_of_grafting(
        first, second, members=members, seed=seed
    )


def _donor_lengths(structure: Structure, layout: Layout) -> np.ndarray:
    return np.linalg.norm(structure.positions_angstrom[list(layout.donors)] - structure.positions_angstrom[0], axis=1)


def main() -> None:
    """Print the figures of a campaign."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("campaign", nargs="?")
    parser.add_argument("--workspace", type=Path, default=Path())
    parser.add_argument("--members", type=int, default=4)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if options.campaign is None:
        figures = of_gfn2(members=options.members)
    else:
        figures = of_campaign(options.campaign, workspace=options.workspace, members=options.members)
    for name, value in figures.items():
        print(f"{name:40s} {value}")
    if options.json:
        print(json.dumps(figures))


if __name__ == "__main__":
    main()
