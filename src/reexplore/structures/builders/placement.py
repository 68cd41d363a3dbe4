"""Our own builder: rigid chelates and waters placed on the vertices of coordination polyhedra.

Seeded throughout: the same inputs give the same structures, bit by bit, in every process.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from importlib.metadata import version
from itertools import permutations

import numpy as np
from numpy.typing import NDArray

from reexplore.chemistry.candidates import Candidate
from reexplore.chemistry.ligands import Ligand
from reexplore.chemistry.metals import Metal
from reexplore.errors import CalculationFailed, FailureCode
from reexplore.structures.builders.base import NEWEST_ORDER
from reexplore.structures.builders.chelates import Chelate, chelates, metal_donor_angstrom
from reexplore.structures.builders.polyhedra import BIPYRAMID, POLYHEDRA, vertices
from reexplore.structures.conformers.free_ligand import water
from reexplore.structures.structure import Layout, Structure, expected_symbols

Array = NDArray[np.float64]

STAGE = "placement"

#: Conformers embedded per ligand, for a ring of so many atoms that holds the metal by several of them, and arrangements
#: tried for each structure that is asked for. One of twenty conformers of DOTA has the ring that crystals have.
_CHELATES, _CHELATES_OF_A_RING = 24, 96
_LARGE_RING = 9
_TRIALS_PER_STRUCTURE = 12
_FEWEST_TRIALS = 400
#: Up to so many donors every choice of vertices is tried; more look for theirs from random orientations.
_ENUMERATED_DONORS = 3
_ORIENTATIONS = 300
_REFINEMENTS = 4
#: A chelate fits a set of vertices when its donors are this near to them, root mean square, degrees.
#: Five-membered chelate rings bite 62-72° where polyhedra have edges of 70-76°.
_MISFIT_DEGREES = 22.0
#: Atoms of different parts nearer than this overlap, Å: two hydrogens 1.7, hydrogen and heavy 2.0, two heavy 2.6.
_CONTACT_ANGSTROM = ((1.7, 2.0), (2.0, 2.6))
_WATER_SPINS = 12
#: A hydrogen bond may form, a bond may not.
_WATER_CLEAR_ANGSTROM = 1.6
#: How often all ligands of an arrangement have the same conformer.
_ALIKE = 0.5
#: In the order of arrangements another one of the same conformer counts as so much more overlap, and strain as well:
#: a macrocycle that overlaps nothing would else give all its places to one conformer.
_REPEATED_ANGSTROM, _STRAIN_ANGSTROM_PER_KCAL_MOL = 0.3, 0.05
#: Conformers more strained than this are left out, but never the best few.
_MOST_STRAIN_KCAL_MOL, _FEWEST_CHELATES = 40.0, 4


@dataclass(frozen=True, eq=False)
class _Arrangement:
    """Positions of a whole complex, and the conformers that its ligands have."""

    positions: Array
    conformers: tuple[int, ...]
    overlap_angstrom: float


@dataclass(frozen=True, eq=False)
class _Place:
    """A chelate in one of the ways in which it fits a polyhedron."""

    taken: frozenset[int]
    positions: Array


@dataclass(frozen=True, eq=False)
class _Spot:
    """A vertex on which a water may stand: where its oxygen is, its dipole's axis, and a water along that."""

    oxygen: Array
    axis: Array
    water: Array


def placement_version() -> str:
    """Return what a placed structure depends on, for the records."""
    return f"placement {NEWEST_ORDER}, rdkit {version('rdkit')}"


def place_complexes(
    candidate: Candidate, *, count: int, seed: int, order: int = NEWEST_ORDER, axial: bool = False
) -> list[Structure]:
    """Return up to `count` unrelaxed structures of a complex, those with the least overlap first.

    For each polyhedron of the coordination number, ligand conformers are drawn at random onto sets of
    vertices that suit their donors, one after the other, then co-ligands, and waters onto the vertices left. The
    polyhedra share `count` equally, and so do the ligand's conformers, strained ones last; in the first version of
    the `order` only overlap counted. With `axial` the ligands stand on the two ends of a pentagonal bipyramid.
    Raises `CalculationFailed` when the ligands find no room.
    """
    random = np.random.default_rng(seed)
    names = (BIPYRAMID,) if axial else POLYHEDRA.get(candidate.coordination_number, ())
    shapes: list[Chelate] = []
    kinds: list[tuple[range, int]] = []
    for ligand, number_of in candidate.kinds:
        found_of = _conformers(ligand, candidate.metal, seed=seed, order=order) if number_of else []
        kinds.append((range(len(shapes), len(shapes) + len(found_of)), number_of))
        shapes += found_of
    strains = _strains_kcal_mol(shapes, kinds)
    contacts = _contacts_angstrom(candidate)
    per_polyhedron = -(-count // len(names)) if names else 0
    trials = max(_FEWEST_TRIALS // len(names), _TRIALS_PER_STRUCTURE * per_polyhedron) if names else 0
    best: list[_Arrangement] = []
    for name in names:
        corners = vertices(name)
        spots = [_spot(corner * metal_donor_angstrom("O", candidate.metal)) for corner in corners]
        fitting = [(number, _places(shape, corners, random)) for number, shape in enumerate(shapes)]
        places = {number: found for number, found in fitting if found}
        if axial:
            ends = frozenset(np.flatnonzero(np.abs(corners[:, 2]) > 0.5).tolist())
            held = {
                number: [place for place in places.get(number, []) if place.taken <= ends] for number in kinds[0][0]
            }
            places |= held
        found: list[_Arrangement] = []
        for _ in range(trials):
            arranged = _arrangement(kinds, places, spots, random)
            if arranged is not None:
                positions, conformers = arranged
                found.append(_Arrangement(positions, conformers, _overlap(positions, contacts)))
        found.sort(key=lambda arrangement: arrangement.overlap_angstrom)
        best += (found if order == 1 else _shared(found, strains))[:per_polyhedron]
    if not best:
        raise CalculationFailed(
            FailureCode.BUILD_FAILED,
            STAGE,
            f"{' and '.join(f'{count} × {ligand.smiles}' for ligand, count in candidate.kinds)} find no room on a"
            f" polyhedron of {candidate.coordination_number} vertices",
            smiles=candidate.ligand.smiles,
        )
    best.sort(key=lambda arrangement: arrangement.overlap_angstrom)
    return [Structure(expected_symbols(candidate), each.positions, candidate.charge) for each in best[:count]]


def _conformers(ligand: Ligand, metal: Metal, *, seed: int, order: int) -> list[Chelate]:
    """Return the conformers of a ligand that are placed, without those under great strain."""
    rings = [set(ring) for ring in ligand.mol.GetRingInfo().AtomRings() if len(ring) >= _LARGE_RING]
    holds = order > 1 and any(len(ring & set(ligand.donors)) > 1 for ring in rings)
    found = chelates(ligand, metal=metal, count=_CHELATES_OF_A_RING if holds else _CHELATES, seed=seed)
    if order == 1:
        return found
    energies = sorted(shape.energy_kcal_mol for shape in found)
    limit = max(energies[0] + _MOST_STRAIN_KCAL_MOL, energies[min(_FEWEST_CHELATES, len(energies)) - 1])
    return [shape for shape in found if shape.energy_kcal_mol <= limit]


def _strains_kcal_mol(shapes: list[Chelate], kinds: list[tuple[range, int]]) -> list[float]:
    """Return the energy of each conformer above the lowest of its ligand; `kinds` say whose numbers are which."""
    lowest = [min((shapes[number].energy_kcal_mol for number in numbers), default=0.0) for numbers, _ in kinds]
    return [
        shapes[number].energy_kcal_mol - low
        for (numbers, _), low in zip(kinds, lowest, strict=True)
        for number in numbers
    ]


def _shared(found: list[_Arrangement], strains_kcal_mol: list[float]) -> list[_Arrangement]:
    """Return arrangements, sorted by overlap, in the order in which their conformers take turns."""
    before: Counter[tuple[int, ...]] = Counter()
    scores = []
    for arrangement in found:
        strain_kcal_mol = sum(strains_kcal_mol[number] for number in arrangement.conformers)
        repeated = _REPEATED_ANGSTROM * before[arrangement.conformers]
        scores.append(arrangement.overlap_angstrom + repeated + _STRAIN_ANGSTROM_PER_KCAL_MOL * strain_kcal_mol)
        before[arrangement.conformers] += 1
    return [found[number] for number in np.argsort(scores, kind="stable")]


def _places(shape: Chelate, corners: Array, random: np.random.Generator) -> list[_Place]:
    """Return the ways in which a chelate's donors fit distinct vertices."""
    from scipy.spatial.transform import Rotation

    directions = shape.directions
    bites = _angles_degrees(directions)
    found = []
    for chosen in _assignments(directions, corners, random):
        wanted = corners[list(chosen)]
        # Opposite vertices, for one, suit no two donors and define no turn.
        if np.max(np.abs(_angles_degrees(wanted) - bites)) > 2 * _MISFIT_DEGREES:
            continue
        turn, _ = Rotation.align_vectors(wanted, directions)
        if len(directions) == 1:
            # One donor leaves the turn about its axis free.
            turn = Rotation.from_rotvec(random.uniform(0, 2 * np.pi) * wanted[0]) * turn
        cosines = np.clip(np.sum(turn.apply(directions) * wanted, axis=1), -1.0, 1.0)
        if np.degrees(np.sqrt(np.mean(np.arccos(cosines) ** 2))) < _MISFIT_DEGREES:
            found.append(_Place(frozenset(chosen), turn.apply(shape.positions_angstrom)))
    return found


def _angles_degrees(directions: Array) -> Array:
    return np.asarray(np.degrees(np.arccos(np.clip(directions @ directions.T, -1.0, 1.0))))


def _assignments(directions: Array, corners: Array, random: np.random.Generator) -> list[tuple[int, ...]]:
    """Return the vertices that donors may take: all of them for few donors, else what random turns lead to."""
    from scipy.optimize import linear_sum_assignment
    from scipy.spatial.transform import Rotation

    if len(directions) <= _ENUMERATED_DONORS:
        return list(permutations(range(len(corners)), len(directions)))
    found: dict[tuple[int, ...], None] = {}
    for turn in Rotation.random(_ORIENTATIONS, random):
        for _ in range(_REFINEMENTS):
            _, chosen = linear_sum_assignment(-(turn.apply(directions) @ corners.T))
            turn, _ = Rotation.align_vectors(corners[chosen], directions)  # noqa: PLW2901 - each turn is refined
        found[tuple(int(c) for c in chosen)] = None
    return list(found)


def _arrangement(
    kinds: list[tuple[range, int]],
    places: dict[int, list[_Place]],
    spots: list[_Spot],
    random: np.random.Generator,
) -> tuple[Array, tuple[int, ...]] | None:
    """Return positions and conformers of one random arrangement, or None when a ligand finds its vertices taken.

    `kinds` are the numbers of the conformers of each ligand, with how many of it there are; `places` are those of each
    conformer. In half of the arrangements all ligands have one conformer: n ligands of k conformers mix in k^n ways,
    but what holds one ligand best holds the others too.
    """
    taken: frozenset[int] = frozenset()
    parts, conformers = [np.zeros((1, 3))], []
    for own, count in kinds:
        numbers = [number for number in own if number in places]
        if count and not numbers:
            return None
        alike = random.integers(len(numbers)) if count and random.random() < _ALIKE else None
        for _ in range(count):
            number = numbers[random.integers(len(numbers)) if alike is None else alike]
            free = [place for place in places[number] if taken.isdisjoint(place.taken)]
            if not free:
                return None
            place = free[random.integers(len(free))]
            taken |= place.taken
            parts.append(place.positions)
            conformers.append(number)
    for k, spot in enumerate(spots):
        if k not in taken:
            parts.append(_water_on(spot, np.vstack(parts), random))
    return np.vstack(parts), tuple(sorted(conformers))


def _spot(oxygen: Array) -> _Spot:
    from scipy.spatial.transform import Rotation

    axis = oxygen / np.linalg.norm(oxygen)
    upright, _ = Rotation.align_vectors([axis], [[0.0, 0.0, 1.0]])
    return _Spot(oxygen, axis, water().positions_angstrom @ upright.as_matrix().T)


def _water_on(spot: _Spot, others: Array, random: np.random.Generator) -> Array:
    """Return a water on its spot, its dipole along the bond, spun at random but clear of `others` if it can be."""
    from scipy.spatial.transform import Rotation

    angles = 2 * np.pi * random.random(_WATER_SPINS)
    spun = Rotation.from_rotvec(angles[:, None] * spot.axis)
    trials = np.einsum("kij,aj->kai", spun.as_matrix(), spot.water) + spot.oxygen
    nearest = np.linalg.norm(trials[:, 1:, None] - others[None, None], axis=-1).min(axis=(1, 2))
    clear = np.flatnonzero(nearest > _WATER_CLEAR_ANGSTROM)
    return np.asarray(trials[clear[0] if len(clear) else np.argmax(nearest)])


def _contacts_angstrom(candidate: Candidate) -> tuple[Array, NDArray[np.bool_]]:
    """Return how near all pairs of atoms but the metal may come, and which pairs are of different parts."""
    heavy = np.array([symbol != "H" for symbol in expected_symbols(candidate)])
    sizes = [1, *Layout.of(candidate).sizes, *[3] * candidate.waters]
    part = np.repeat(np.arange(len(sizes)), sizes)
    kind = heavy[1:].astype(int)
    return np.array(_CONTACT_ANGSTROM)[kind[:, None], kind[None]], part[1:, None] != part[None, 1:]


def _overlap(positions: Array, contacts: tuple[Array, NDArray[np.bool_]]) -> float:
    """Return the summed depth in Å to which atoms of different parts overlap."""
    limits, apart = contacts
    distances = np.linalg.norm(positions[1:, None] - positions[None, 1:], axis=-1)
    return float(np.clip(limits - distances, 0.0, None)[apart].sum())
