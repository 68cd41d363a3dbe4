"""What holds the metal: named donors that have left, and other atoms that have come.

In a message `{0}` stands for the first of its atoms: by which number it is named, quality control decides.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from reexplore.chemistry.candidates import Candidate
from reexplore.chemistry.donors import holding_atoms
from reexplore.chemistry.metals import Metal
from reexplore.errors import Failure, FailureCode
from reexplore.structures.structure import Layout, Structure, by_kind

STAGE = "quality"
#: Raised when the checks find more or less than before; the number stands in the keys of what they passed.
NEWEST_CHECKS = 2

#: Radii of donor atoms in Å: O²⁻, S²⁻, N³⁻ and Cl⁻ by Shannon; P from La-P bonds of 3.1 Å in phosphine complexes.
DONOR_RADII_ANGSTROM = {"O": 1.35, "S": 1.84, "N": 1.46, "P": 1.90, "Cl": 1.81}

#: A named donor counts as bound within ionic radius + donor radius + this margin (ours). Relaxed
#: donors lie within 0.3 Å of the sum; a water in the second shell lies 1.5 Å beyond it.
DONOR_MARGIN_ANGSTROM = 0.55
#: A sulfur that far out holds nothing any more (since the second version of the checks).
SULFUR_MARGIN_ANGSTROM = 0.35
#: An atom with a lone pair that was not named holds the metal within the radii's sum plus this.
OTHER_DONOR_MARGIN_ANGSTROM = 0.3


def donor_limit_angstrom(metal: Metal, element: str, *, checks: int = NEWEST_CHECKS) -> float:
    """Return the distance up to which a named donor counts as bound."""
    margin = SULFUR_MARGIN_ANGSTROM if element == "S" and checks > 1 else DONOR_MARGIN_ANGSTROM
    return metal.shannon_radius_angstrom + DONOR_RADII_ANGSTROM[element] + margin


def donor_problems(
    structure: Structure, candidate: Candidate, layout: Layout, to_metal: NDArray[np.float64], checks: int
) -> list[Failure]:
    """Return the named donors and waters that have left; `to_metal` holds every atom's distance from it, Å."""
    problems = []
    waters = {layout.water(k)[0] for k in range(layout.waters)}
    for donor in layout.donors:
        limit = donor_limit_angstrom(candidate.metal, structure.symbols[donor], checks=checks)
        if to_metal[donor] > limit:
            problems.append(
                Failure(
                    FailureCode.WATER_LOST if donor in waters else FailureCode.DONOR_LOST,
                    STAGE,
                    f"{structure.symbols[donor]} {{0}} is {to_metal[donor]:.2f} Å from {candidate.metal.symbol}",
                    {
                        "atoms": [donor],
                        "distance_angstrom": rounded(to_metal[donor]),
                        "limit_angstrom": rounded(limit),
                    },
                )
            )
    return problems


def other_donors(
    structure: Structure, candidate: Candidate, layout: Layout, to_metal: NDArray[np.float64]
) -> list[Failure]:
    """Return the atoms of the ligands that hold the metal although they are no named donors."""

    def beyond(atom: int) -> float:
        radii = candidate.metal.shannon_radius_angstrom + DONOR_RADII_ANGSTROM[structure.symbols[atom]]
        return float(to_metal[atom]) - radii

    named = set(layout.donors)
    farthest = min(max(map(beyond, named), default=0.0), DONOR_MARGIN_ANGSTROM)
    found = [
        place[atom]
        for ligand, places in by_kind(candidate)
        for able in [holding_atoms(ligand.mol)]
        for place in places
        for atom in able
        if place[atom] not in named
    ]
    return [
        Failure(
            FailureCode.OTHER_DONOR,
            STAGE,
            f"{structure.symbols[atom]} {{0}} holds {candidate.metal.symbol} as well, at {to_metal[atom]:.2f} Å",
            {"atoms": [atom], "distance_angstrom": rounded(to_metal[atom])},
        )
        for atom in found
        if beyond(atom) < max(farthest, OTHER_DONOR_MARGIN_ANGSTROM)
    ]


def held_by(structure: Structure, candidate: Candidate) -> tuple[int, ...]:
    """Return the atoms that hold the metal of a complex in `Layout` order: donors that have not left, and others."""
    layout = Layout.of(candidate)
    to_metal = np.linalg.norm(structure.positions_angstrom - structure.positions_angstrom[0], axis=1)
    lost = {
        failure.evidence["atoms"][0]
        for failure in donor_problems(structure, candidate, layout, to_metal, NEWEST_CHECKS)
    }
    others = (failure.evidence["atoms"][0] for failure in other_donors(structure, candidate, layout, to_metal))
    return (*(donor for donor in layout.donors if donor not in lost), *others)


def swapped(lost: list[Failure], others: list[Failure], layout: Layout) -> list[Failure]:
    """Return what became of lost donors: another atom of the same ligand may have taken the place of one."""

    def ligand_of(failure: Failure) -> int:
        return layout.holder(failure.evidence["atoms"][0])

    free = list(others)
    found = []
    for failure in lost:
        is_donor = failure.code is FailureCode.DONOR_LOST
        taker = next((other for other in free if is_donor and ligand_of(other) == ligand_of(failure)), None)
        if taker is None:
            found.append(failure)
            continue
        free.remove(taker)
        message = f"{failure.message}, and in its place {taker.message.replace(' as well', '').replace('{0}', '{1}')}"
        atoms = failure.evidence["atoms"] + taker.evidence["atoms"]
        found.append(Failure(FailureCode.DONOR_SWAPPED, STAGE, message, failure.evidence | {"atoms": atoms}))
    return found


def rounded(distance_angstrom: float) -> float:
    """Return a distance as evidence shows it."""
    return round(float(distance_angstrom), 3)
