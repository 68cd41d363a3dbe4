"""A small campaign, made up but of the right shape, for the tests of this package."""

from __future__ import annotations

import random
from dataclasses import replace

from reexplore.chemistry.candidates import Candidate
from reexplore.chemistry.library import SCAFFOLDS, SUBSTITUENTS
from reexplore.chemistry.ligands import assemble
from reexplore.chemistry.metals import METALS
from reexplore.errors import Failure, FailureCode
from reexplore.tracking.records import (
    CampaignRecord,
    CandidateRow,
    ContractionRow,
    ParityPoint,
    RoundRecord,
    SelectivityRow,
)

START_MS = 1_788_000_000_000
HOUR_MS = 3_600_000


def campaign(*, metals=("La", "Eu"), scaffolds=("CAM",), substituents=8, rounds=3, files=None) -> CampaignRecord:
    """Return a campaign that labelled a seed, then `rounds - 1` batches, with one failure per group."""
    dice = random.Random(7)
    rows = []
    for scaffold in scaffolds:
        for metal in metals:
            rows += _group(metal, scaffold, list(SUBSTITUENTS)[:substituents], rounds, dice)
    records = tuple(_round(number, rows, files or {}) for number in range(rounds))
    return CampaignRecord(
        key="3f2a9c0d11e84b57",
        name="eu-cam",
        level="B3LYP-D4 / def2-SVPD, lcecp-1 on the metal, SMD water",
        candidates=5376,
        config_yaml="name: eu-cam\nspace:\n  scaffolds: [CAM]\n  metals: [La, Eu]\nbudget: {labels: 12}\n",
        started_at_ms=START_MS,
        finished_at_ms=START_MS + rounds * HOUR_MS,
        environment={"python": "3.11.2", "pyscf": "2.14.0", "nequip-allegro": "0.8.3"},
        engines={"structures": "architector", "labels": "pyscf", "surrogate": "allegro × 4"},
        warnings=("Ho and Yb were left out: their reference ions did not converge.",),
        rows=tuple(rows),
        rounds=records,
    )


def contraction_row(substituent="thiol") -> ContractionRow:
    """Return a series of La, Eu and Lu whose distances shorten by half of what their radii do."""
    ligand = assemble(SCAFFOLDS["CAM"], (SUBSTITUENTS[substituent],))
    return ContractionRow(
        ligand=ligand.name,
        smiles=ligand.canonical_smiles,
        ligands=1,
        waters=6,
        metals=("La", "Eu", "Lu"),
        mean_distances_angstrom=(2.55, 2.503, 2.459),
        slope=0.497,
        slope_error=0.004,
        donor_slopes={"O": 0.31, "water": 0.562},
        warnings=ligand.warnings,
    )


def selectivity_rows(substituent="thiol", errors=(0.2, None, 0.2)) -> tuple[SelectivityRow, ...]:
    """Return the three pairs of La, Eu and Lu with one ligand."""
    ligand = assemble(SCAFFOLDS["CAM"], (SUBSTITUENTS[substituent],))
    pairs = (("La", "Eu", -3.25), ("La", "Lu", -9.5), ("Eu", "Lu", -6.25))
    return tuple(
        SelectivityRow(
            ligand=ligand.name,
            smiles=ligand.canonical_smiles,
            ligand_charge=ligand.charge,
            ligands=1,
            waters=6,
            first_metal=first,
            second_metal=second,
            selectivity_kcal_mol=value,
            error_kcal_mol=error,
            warnings=ligand.warnings,
        )
        for (first, second, value), error in zip(pairs, errors, strict=True)
    )


def _group(metal, scaffold, substituents, rounds, dice):
    rows = []
    for place, substituent in enumerate(substituents):
        candidate = Candidate(assemble(SCAFFOLDS[scaffold], (SUBSTITUENTS[substituent],)), METALS[metal], 1, 6)
        truth = -260 + 2.5 * place + dice.gauss(0, 3) + (35 if candidate.ligand.charge == -1 else 0)
        rows.append(
            CandidateRow(
                key=candidate.key,
                name=candidate.name,
                group=candidate.group.name,
                ligand=candidate.ligand.name,
                smiles=candidate.ligand.smiles,
                metal=metal,
                ligands=1,
                waters=6,
                charge=candidate.charge,
                status="predicted",
                predicted_kcal_mol=truth + dice.gauss(0, 5),
                sigma_kcal_mol=abs(dice.gauss(5, 2)) + 1,
                warnings=candidate.ligand.warnings,
            )
        )
        if place % 5 == 3:
            failure = Failure(
                FailureCode.WATER_LOST,
                "relax",
                "a water left the metal",
                {"distance_angstrom": 3.92, "limit": 2.96},
            )
            rows[-1] = replace(rows[-1], status="failed", failure=failure, round=0, role="seed")
        elif place % 2 == 0:
            terms = {
                "complex": -1312.5 + truth / 627.5,
                "La3+": -30.812345,
                "ligand": -741.2,
                "water × 6": -458.7,
            }
            rows[-1] = replace(
                rows[-1],
                status="labelled",
                dft_kcal_mol=truth,
                round=place // 2 % rounds,
                role="seed" if place // 2 % rounds == 0 else "acquisition",
                exchange_kcal_mol=truth + 180,
                terms_hartree=terms,
                geometry_xyz=f"3\ncharge={candidate.charge}\n{metal} 0 0 0\nO 0 0 2.4\nO 0 2.4 0\n",
                contacts=(1, 2),
            )
    strength = sorted((r for r in rows if not r.failure), key=lambda r: r.dft_kcal_mol or r.predicted_kcal_mol)
    ranks = {r.key: k for k, r in enumerate(strength, start=1)}
    return [replace(r, rank=ranks.get(r.key)) for r in rows]


def _round(number, rows, files):
    batch = tuple(r for r in rows if r.round == number)
    labelled = sum(r.dft_kcal_mol is not None and r.round <= number for r in rows if r.round is not None)
    points = tuple(
        ParityPoint(r.key, r.name, r.predicted_kcal_mol, r.sigma_kcal_mol, r.dft_kcal_mol, before_labelling=number > 0)
        for r in batch
        if r.dft_kcal_mol is not None
    )
    errors = {
        "ensemble": 9.0 / (number + 1),
        "composition": 11.0 - number,
        "Morgan + ridge": 10.0 / (number + 1) ** 0.5,
    }
    metrics = {f"mae_kcal_mol/{name}": value for name, value in errors.items()} if number else {}
    return RoundRecord(
        number=number,
        kind="acquisition" if number else "seed",
        started_at_ms=START_MS + number * HOUR_MS,
        finished_at_ms=START_MS + (number + 1) * HOUR_MS,
        labels=labelled,
        metrics=metrics | {"labels": float(labelled)},
        params={"policy": "balanced", "batch": str(len(batch))},
        batch=batch,
        parity=points,
        files=files,
    )
