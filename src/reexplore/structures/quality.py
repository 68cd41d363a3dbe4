"""Is this still the complex we asked for? Judged by bonds and named donors, in coded reasons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reexplore.chemistry.candidates import Candidate
from reexplore.chemistry.ligands import Ligand
from reexplore.errors import CalculationFailed, Failure, FailureCode
from reexplore.structures.bonds import (
    Bonds,
    bonds_from_distances,
    complex_bonds,
    distance_matrix,
    ligand_bonds,
)
from reexplore.structures.holding import NEWEST_CHECKS, STAGE, donor_problems, other_donors, rounded, swapped
from reexplore.structures.stereo import otherwise_placed
from reexplore.structures.structure import Layout, Structure, by_kind

#: Atoms of different parts may not come closer than this share of their van der Waals radii (ours):
#: O···O 1.8 Å, C···C 2.0 Å, H···H 1.4 Å.
CLASH_SHARE = 0.6
#: No heavy atom may come closer to the metal than its ionic radius plus this (ours).
METAL_CONTACT_ANGSTROM = 0.6
#: van der Waals radii in Å (A. Bondi, J. Phys. Chem. 1964, 68, 441).
VAN_DER_WAALS_ANGSTROM = {
    "H": 1.20,
    "C": 1.70,
    "N": 1.55,
    "O": 1.52,
    "F": 1.47,
    "P": 1.80,
    "S": 1.80,
    "Cl": 1.75,
}


#: Where a result names the atoms that hold its metal without having been named.
OTHER_DONORS = "other_donors"


@dataclass(frozen=True)
class QualityReport:
    """What was found wrong, and the figures of the coordination sphere.

    `donor_distances_angstrom` follows `Layout.donors`; `inchikey` is that of the free ligand's bond
    orders mapped on the ligands, or empty when the bonds do not allow it. `warnings` name atoms that hold the metal
    without being asked to; with them `coordination_number` is more than the donors that were named.
    """

    problems: tuple[Failure, ...]
    donor_distances_angstrom: tuple[float, ...] = ()
    inchikey: str = ""
    warnings: tuple[Failure, ...] = ()

    @property
    def coordination_number(self) -> int:
        """Return how many atoms hold the metal, those that were not named included."""
        return len(self.donor_distances_angstrom) + len(self.warnings)

    @property
    def ok(self) -> bool:
        """Return whether nothing is wrong."""
        return not self.problems

    @property
    def donor_spread_angstrom(self) -> float:
        """Return the longest less the shortest metal-donor distance."""
        distances = self.donor_distances_angstrom
        return max(distances) - min(distances) if distances else 0.0

    def sphere(self) -> dict[str, Any]:
        """Return the figures of the coordination sphere as JSON-ready values."""
        figures = {
            "donor_distances_angstrom": list(self.donor_distances_angstrom),
            "donor_spread_angstrom": self.donor_spread_angstrom,
            "inchikey": self.inchikey,
        }
        return figures | ({OTHER_DONORS: [w.to_dict() for w in self.warnings]} if self.warnings else {})


def require(report: QualityReport) -> None:
    """Raise `CalculationFailed` with the first problem of a report, if it has one."""
    if report.problems:
        first = report.problems[0]
        raise CalculationFailed.of(first)


def check_complex(
    structure: Structure, *, candidate: Candidate, checks: int = NEWEST_CHECKS, numbers: Sequence[int] | None = None
) -> QualityReport:
    """Compare a complex in `Layout` order with what its candidate says it is.

    `numbers` are those by which its atoms are named, their places in a file for one; by default their own places.
    The first version of the `checks` looks neither for atoms that hold the metal without having been named nor for
    the configuration of centres and double bonds.
    """
    layout = Layout.of(candidate)
    part = np.empty(len(layout), dtype=int)
    part[0] = -1
    for k in range(layout.ligands):
        part[list(layout.ligand(k))] = k
    for k in range(layout.waters):
        part[list(layout.water(k))] = layout.ligands + k
    reference = complex_bonds(candidate)
    problems, intact = _bond_problems(structure, reference, part, checks)
    distances = distance_matrix(structure)
    lost = donor_problems(structure, candidate, layout, distances[0], checks)
    others = other_donors(structure, candidate, layout, distances[0]) if checks > 1 else []
    problems += swapped(lost, others, layout)
    problems += _clashes(structure, candidate, part, distances)
    ligand_is_whole = True
    for number, (ligand, places) in enumerate(by_kind(candidate)):
        whole = all(intact[list(place)].all() for place in places)
        if whole and checks > 1:
            isomers = _isomer_problems(structure, ligand, [list(place) for place in places])
            problems += isomers
            whole = not isomers
        ligand_is_whole = ligand_is_whole if number else whole
    return QualityReport(
        tuple(_numbered(problem, numbers) for problem in problems),
        tuple(round(float(distances[0, d]), 4) for d in layout.donors),
        candidate.ligand.inchikey if ligand_is_whole else "",
        tuple(_numbered(other, numbers) for other in others),
    )


def check_ligand(structure: Structure, *, ligand: Ligand, checks: int = NEWEST_CHECKS) -> QualityReport:
    """Compare a free ligand's bonds with those of its formula."""
    problems, intact = _bond_problems(structure, ligand_bonds(ligand), np.zeros(len(structure), dtype=int), checks)
    if intact.all() and checks > 1:
        problems += _isomer_problems(structure, ligand, [list(range(len(structure)))])
    whole = intact.all() and not any(problem.code is FailureCode.OTHER_ISOMER for problem in problems)
    return QualityReport(
        tuple(_numbered(problem, None) for problem in problems), inchikey=ligand.inchikey if whole else ""
    )


def _numbered(problem: Failure, numbers: Sequence[int] | None) -> Failure:
    """Return a problem whose message names its atoms; until then `{0}` stands for the first of them."""
    atoms = [atom if numbers is None else int(numbers[atom]) for atom in problem.evidence["atoms"]]
    return replace(problem, message=problem.message.format(*atoms), evidence=problem.evidence | {"atoms": atoms})


def _isomer_problems(structure: Structure, ligand: Ligand, places: list[list[int]]) -> list[Failure]:
    """Return where ligands, given by the places of their atoms, are not the stereoisomer that was asked for."""
    positions = [structure.positions_angstrom[place] for place in places]
    return [
        Failure(
            FailureCode.OTHER_ISOMER,
            STAGE,
            structure.symbols[places[k][atom]] + " {0} has another configuration than the SMILES says",
            {"atoms": [places[k][atom]]},
        )
        for k, atom in otherwise_placed(ligand, positions)
    ]


def _bond_problems(
    structure: Structure, reference: Bonds, part: NDArray[np.int_], checks: int
) -> tuple[list[Failure], NDArray[np.bool_]]:
    """Return what is wrong with the bonds, and for each atom whether its bonds are right."""
    found = bonds_from_distances(structure, one_apart=checks > 1)
    distances = distance_matrix(structure)
    problems = []
    expected = reference.copy()
    for hydrogen in np.flatnonzero([s == "H" for s in structure.symbols]):
        owner = int(np.flatnonzero(reference[hydrogen])[0])
        holders = [int(a) for a in np.flatnonzero(found[hydrogen]) if structure.symbols[a] != "H"]
        other = next((a for a in holders if a != owner), None)
        if other is None:
            continue
        if not _share_phosphorus(structure, reference, owner, other):
            problems.append(
                Failure(
                    FailureCode.PROTON_TRANSFER,
                    STAGE,
                    "hydrogen {0} of atom {1} is bonded to atom {2}",
                    {
                        "atoms": [int(hydrogen), owner, other],
                        "from_angstrom": rounded(distances[hydrogen, owner]),
                        "to_angstrom": rounded(distances[hydrogen, other]),
                    },
                )
            )
        # The proton is accounted for wherever it is: its bonds are not judged again below.
        expected[hydrogen], expected[:, hydrogen] = found[hydrogen], found[:, hydrogen]
    for i, j in zip(*np.nonzero(np.triu(expected & ~found)), strict=True):
        water = "O" in (structure.symbols[i], structure.symbols[j]) and (part == part[i]).sum() == 3
        problems.append(
            _bond_failure(
                FailureCode.WATER_LOST if water else FailureCode.LIGAND_BROKEN,
                "is broken",
                int(i),
                int(j),
                distances,
            )
        )
    for i, j in zip(*np.nonzero(np.triu(found & ~expected)), strict=True):
        code = FailureCode.LIGAND_BROKEN if part[i] == part[j] else FailureCode.CLASH
        problems.append(_bond_failure(code, "is new", int(i), int(j), distances))
    intact = (expected == found).all(axis=1)
    for problem in problems:
        intact[problem.evidence["atoms"]] = False
    return problems, intact


def _share_phosphorus(structure: Structure, reference: Bonds, first: int, second: int) -> bool:
    """Return whether two oxygens belong to one phosphonate: a proton may move between them."""
    common = reference[first] & reference[second]
    return structure.symbols[first] == structure.symbols[second] == "O" and any(
        structure.symbols[a] == "P" for a in np.flatnonzero(common)
    )


def _bond_failure(code: FailureCode, what: str, i: int, j: int, distances: NDArray[np.float64]) -> Failure:
    length = rounded(distances[i, j])
    return Failure(code, STAGE, f"the bond {{0}}-{{1}} {what}", {"atoms": [i, j], "distance_angstrom": length})


def _clashes(
    structure: Structure, candidate: Candidate, part: NDArray[np.int_], distances: NDArray[np.float64]
) -> list[Failure]:
    symbols = structure.symbols
    closest = candidate.metal.shannon_radius_angstrom + METAL_CONTACT_ANGSTROM
    near_metal = [(0, i) for i in range(1, len(symbols)) if symbols[i] != "H" and distances[0, i] < closest]
    contacts = [
        (i, j)
        for i, j in combinations(range(1, len(symbols)), 2)
        # Hydrogen bonds are short; a proton too near to a heavy atom is a transferred proton.
        if part[i] != part[j]
        and (symbols[i] == "H") == (symbols[j] == "H")
        and distances[i, j] < CLASH_SHARE * (VAN_DER_WAALS_ANGSTROM[symbols[i]] + VAN_DER_WAALS_ANGSTROM[symbols[j]])
    ]
    return [
        Failure(
            FailureCode.CLASH,
            STAGE,
            f"{symbols[i]} {{0}} and {symbols[j]} {{1}} are {distances[i, j]:.2f} Å apart",
            {"atoms": [i, j], "distance_angstrom": rounded(distances[i, j])},
        )
        for i, j in near_metal + contacts
    ]
