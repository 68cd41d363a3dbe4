"""The second step of the fit: heights that put the distances right, once forces have given the decays.

Pulls are compared at DFT geometries, but distances are where everything else has moved as well. Each probe is relaxed
on the corrected surface; what its distances miss, and how far they yield to a little more push (the compliance),
gives by least squares the change of f for every kind of donor, on the same parabola along the series. Twice is
enough. A DFT relaxation that was cut after a few steps has a pull left; its distance is taken where the compliance
says that ends.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from ase import Atoms
from distance_fit import APART, WATERS_LEFT_OUT, Pull, series_weights, structure_of
from numpy.typing import NDArray

from reexplore.errors import CalculationFailed
from reexplore.structures.donor_kinds import donor_kinds
from reexplore.structures.structure import Structure
from reexplore.structures.xtb.metal_donor import Push
from reexplore.structures.xtb.relax import relax
from reexplore.structures.xtb.surfaces import GFN2_M

Array = NDArray[np.float64]

#: How much more push the compliance is measured with, hartree/bohr.
_MORE = 2e-3
#: What a distance is trusted to, Å, and how far f may move from what the forces say, hartree/bohr.
_DISTANCE_ANGSTROM, _FREEDOM = 0.01, 5e-3
#: The aqua ion counts as so many probes, as among the forces.
_AQUA_COUNTS = 10
_ROUNDS = 2
_REACH_ANGSTROM = 3.3
#: A donor that has moved so far is in another minimum.
_LET_GO_ANGSTROM = 0.3


@dataclass(frozen=True)
class Target:
    """The end of a probe's DFT relaxation, its mean distance for each kind of donor, and the pull left on each."""

    metal: str
    probe: str
    end: Structure
    distances: dict[str, float]
    left_hartree_bohr: dict[str, float]


def target(metal: str, probe: str, last: Atoms, left: Sequence[Pull]) -> Target:
    """Return what a probe is refined to; `left` are the pulls of its last frame."""
    end = structure_of(last)
    pulled: dict[str, list[float]] = defaultdict(list)
    for pull in left:
        for kind, distance, direction in pull.donors:
            if distance < _REACH_ANGSTROM:
                pulled[kind].append(float(pull.left @ direction) / len(pull.donors))
    return Target(metal, probe, end, _distances(end, end), {kind: float(np.mean(v)) for kind, v in pulled.items()})


def refine(pushes: Sequence[Push], targets: Sequence[Target]) -> list[Push]:
    """Return the pushes with heights changed so that distances are those of DFT."""
    compliance = {(t.metal, t.probe): _compliance(pushes, t) for t in targets}
    first = _forces(pushes)
    now = list(pushes)
    for _ in range(_ROUNDS):
        misses = {(t.metal, t.probe): _miss(now, t, compliance[t.metal, t.probe]) for t in targets}
        now = _stepped(now, targets, misses, compliance, first)
    return now


def _stepped(
    pushes: Sequence[Push],
    targets: Sequence[Target],
    misses: Mapping[tuple[str, str], dict[str, float]],
    compliance: Mapping[tuple[str, str], dict[str, dict[str, float]]],
    first: Mapping[tuple[str, str], float],
) -> list[Push]:
    """Solve for the change of f on the nodes of the series and of the metals that stand apart."""
    kinds = list(dict.fromkeys(push.donor for push in pushes))
    series, weights_of = series_weights({t.metal for t in targets})
    columns = [(kind, node) for kind in kinds for node in range(series)]
    columns += [(kind, metal) for kind in kinds for metal in APART if any(t.metal == metal for t in targets)]
    index = {column: k for k, column in enumerate(columns)}

    def row_of(metal: str, kind: str) -> Array:
        row = np.zeros(len(columns))
        if metal in APART:
            row[index[kind, metal]] = 1.0
        else:
            for node, weight in enumerate(weights_of(metal)):
                row[index[kind, node]] = weight
        return row

    now = _forces(pushes)
    rows, wanted = [], []
    for t in targets:
        trust = np.sqrt(_AQUA_COUNTS if t.probe == "aqua" else 1.0) / _DISTANCE_ANGSTROM
        for kind, miss in misses[t.metal, t.probe].items():
            yields = compliance[t.metal, t.probe]
            rows.append(trust * sum(yields[pushed].get(kind, 0.0) * row_of(t.metal, pushed) for pushed in yields))
            wanted.append(-trust * miss)
    for metal in {t.metal for t in targets}:
        for kind in kinds:
            rows.append(row_of(metal, kind) / _FREEDOM)
            wanted.append((first[metal, kind] - now[metal, kind]) / _FREEDOM)
    change, *_ = np.linalg.lstsq(np.array(rows), np.array(wanted), rcond=None)
    stepped = []
    for push in pushes:
        force = max(now[push.metal, push.donor] + float(row_of(push.metal, push.donor) @ change), 0.0)
        stepped.append(replace(push, height_hartree=round(force / push.decay_per_bohr, 6)))
    return stepped


def _miss(pushes: Sequence[Push], t: Target, compliance: dict[str, dict[str, float]]) -> dict[str, float]:
    """Return by how much each kind's mean distance is too long on the corrected surface, Å."""
    found = _relaxed(pushes, t)
    if found is None:
        return {}
    # A pull inward that is left in DFT means that its minimum lies further in.
    ends = {
        kind: t.distances[kind] - t.left_hartree_bohr.get(kind, 0.0) * compliance.get(kind, {}).get(kind, 0.0)
        for kind in t.distances
    }
    left_out = "water" if t.probe in WATERS_LEFT_OUT else ""
    return {kind: found[kind] - ends[kind] for kind in ends if kind in found and kind != left_out}


def _compliance(pushes: Sequence[Push], t: Target) -> dict[str, dict[str, float]]:
    """Return how far each kind's mean distance moves for a unit of more push on each kind, Å/(hartree/bohr)."""
    before = _relaxed(pushes, t)
    if before is None:
        return {}
    found = {}
    for kind in t.distances:
        more = [
            replace(p, height_hartree=p.height_hartree + _MORE / p.decay_per_bohr) if p.donor == kind else p
            for p in pushes
        ]
        after = _relaxed(more, t)
        if after is not None:
            found[kind] = {other: (after[other] - before[other]) / _MORE for other in before if other in after}
    return found


def _relaxed(pushes: Sequence[Push], t: Target) -> dict[str, float] | None:
    surface = replace(GFN2_M, pushes=tuple(p for p in pushes if p.metal == t.metal))
    try:
        return _distances(relax(t.end, surface=surface).structure, t.end)
    except CalculationFailed:
        return None


def _distances(structure: Structure, like: Structure) -> dict[str, float]:
    """Return the mean distance of each kind of donor that holds the metal in `like`, Å, without those that let go."""
    there = np.linalg.norm(like.positions_angstrom - like.positions_angstrom[0], axis=1)
    here = np.linalg.norm(structure.positions_angstrom - structure.positions_angstrom[0], axis=1)
    by_kind: dict[str, list[float]] = defaultdict(list)
    moved: dict[str, float] = defaultdict(float)
    for atom, kind in donor_kinds(like).items():
        if there[atom] < _REACH_ANGSTROM:
            by_kind[kind].append(float(here[atom]))
            moved[kind] = max(moved[kind], abs(float(here[atom] - there[atom])))
    return {kind: float(np.mean(values)) for kind, values in by_kind.items() if moved[kind] < _LET_GO_ANGSTROM}


def _forces(pushes: Sequence[Push]) -> dict[tuple[str, str], float]:
    return {(p.metal, p.donor): p.height_hartree * p.decay_per_bohr for p in pushes}
