"""Magnets: two equal ligands on the axis of a pentagonal bipyramid, five waters or co-ligands around it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from reexplore.chemistry.candidates import Candidate
from reexplore.errors import CalculationFailed, Failure, FailureCode, InputError
from reexplore.structures.builders.placement import place_complexes
from reexplore.structures.quality import check_complex
from reexplore.structures.structure import Layout, Structure
from reexplore.structures.xtb.relax import Relaxed, relax
from reexplore.structures.xtb.surfaces import EnergySurface

STAGE = "bipyramid"
#: Equatorial donors are 144° apart at most. Axial acetates bend to 142°, where hydrogen bonds to the waters pull them.
LEAST_AXIS_DEGREES = 155.0
STARTS = 4


@dataclass(frozen=True)
class Bipyramid:
    """A relaxed magnet: the lowest of those that kept their axis, of `tried` starts; `failures` tell of the others."""

    relaxed: Relaxed
    axis_degrees: float
    tried: int
    failures: tuple[Failure, ...]


def require_bipyramid(candidate: Candidate) -> None:
    """Raise `InputError` for a candidate that is not two ligands of one donor and five co-ligands or waters."""
    ligand = candidate.ligand
    if ligand.denticity != 1:
        raise InputError(
            f"an axial ligand holds the metal by one donor, and {ligand.smiles} by {ligand.denticity}: name one of them"
        )
    if candidate.ligands != 2 or candidate.coordination_number != 7:
        raise InputError(
            "a pentagonal bipyramid has 2 axial ligands and 5 donors around its axis, not"
            f" {candidate.ligands} and {candidate.coordination_number - candidate.ligands}"
        )
    for other, _ in candidate.co_ligands:
        if other.denticity != 1:
            raise InputError(
                f"around the axis of a bipyramid each co-ligand has one donor, and {other.name} has {other.denticity}"
            )


def axis_degrees(structure: Structure, candidate: Candidate) -> float:
    """Return the angle at the metal between the donors of the two ligands."""
    first, second = (structure.positions_angstrom[d] - structure.positions_angstrom[0] for d in _axial(candidate))
    cosine = first @ second / np.linalg.norm(first) / np.linalg.norm(second)
    return float(np.degrees(np.arccos(np.clip(cosine, -1.0, 1.0))))


def bipyramid_problems(structure: Structure, candidate: Candidate) -> tuple[Failure, ...]:
    """Return what is wrong with a relaxed magnet: everything that is checked in any complex, its axis, and chelates."""
    report = check_complex(structure, candidate=candidate)
    problems = list(report.problems)
    angle = axis_degrees(structure, candidate)
    if angle < LEAST_AXIS_DEGREES:
        told = f"the axial donors are {angle:.0f}° apart, less than {LEAST_AXIS_DEGREES:.0f}°"
        problems.append(Failure(FailureCode.AXIS_BENT, STAGE, told, {"degrees": round(angle, 1)}))
    problems += [
        Failure(FailureCode.LIGAND_CHELATES, STAGE, other.message, other.evidence) for other in report.warnings
    ]
    return tuple(problems)


def build_bipyramid(candidate: Candidate, *, surface: EnergySurface, seed: int) -> Bipyramid:
    """Return the relaxed magnet of a candidate, the isomer with its ligands opposite each other.

    That isomer is told by its angle. One of lower energy with the ligands side by side is another complex. Raises
    `InputError` as `require_bipyramid`, and `CalculationFailed` as the first start did when none keeps its axis.
    """
    require_bipyramid(candidate)
    starts = place_complexes(candidate, count=STARTS, seed=seed, axial=True)
    kept: list[Relaxed] = []
    failures: list[Failure] = []
    for start in starts:
        try:
            relaxed = relax(start, surface=surface)
        except CalculationFailed as failed:
            failures.append(failed.failure)
            continue
        problems = bipyramid_problems(relaxed.structure, candidate)
        if problems:
            failures.append(problems[0])
        else:
            kept.append(relaxed)
    if not kept:
        raise CalculationFailed.of(failures[0])
    best = min(kept, key=lambda relaxed: relaxed.energy_hartree)
    return Bipyramid(best, axis_degrees(best.structure, candidate), len(starts), tuple(failures))


def _axial(candidate: Candidate) -> tuple[int, int]:
    """Return the atoms by which the two ligands hold the metal."""
    layout = Layout.of(candidate)
    first, second = (layout.ligand(k)[layout.bites[k][0]] for k in range(2))
    return first, second
