"""The lanthanide contraction in each ligand's labelled complexes: a quality figure of their geometries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from reexplore.campaign.ledger import LabelKeys, Ledger
from reexplore.chemistry.candidates import Candidate
from reexplore.chemistry.metals import LANTHANIDES, Metal
from reexplore.tracking.records import ContractionRow

#: A line through fewer points says nothing about its scatter.
_FEWEST_METALS = 3


@dataclass(frozen=True)
class _Sphere:
    """Mean metal-donor distances of one complex in Å; absent where there is no such donor."""

    metal: Metal
    all_donors: float
    ligand_donors: float
    waters: float | None


def contraction_rows(
    pool: Mapping[str, Candidate], labels: Mapping[str, LabelKeys], ledger: Ledger
) -> tuple[ContractionRow, ...]:
    """Return the contraction of every ligand and stoichiometry with at least three labelled lanthanides.

    Metal-donor distances come from the relaxed geometries that the labels were computed on; a
    sketched geometry has none and makes no row. Yttrium and scandium are left out: GFN2-xTB places
    them off the line of the lanthanides.
    """
    found: dict[tuple[str, int, int], list[tuple[Candidate, _Sphere]]] = defaultdict(list)
    for key, label in labels.items():
        candidate = pool[key]
        distances = ledger.value(label.structure).get("donor_distances_angstrom")
        if distances and candidate.metal in LANTHANIDES:
            series = (candidate.ligand.identity, candidate.ligands, candidate.waters)
            found[series].append((candidate, _sphere(candidate, distances)))
    rows = [_row(members) for members in found.values() if len(members) >= _FEWEST_METALS]
    return tuple(sorted(rows, key=lambda row: (row.ligand, row.ligands, row.waters)))


def _sphere(candidate: Candidate, distances: list[float]) -> _Sphere:
    # The order is that of `Layout.donors`: the ligands' first, then the waters'.
    bound = candidate.ligands * candidate.ligand.denticity
    waters = float(np.mean(distances[bound:])) if candidate.waters else None
    return _Sphere(candidate.metal, float(np.mean(distances)), float(np.mean(distances[:bound])), waters)


def _row(members: list[tuple[Candidate, _Sphere]]) -> ContractionRow:
    members = sorted(members, key=lambda member: LANTHANIDES.index(member[0].metal))
    candidate = members[0][0]
    spheres = [sphere for _, sphere in members]
    slope, error = _line(spheres, [s.all_donors for s in spheres])
    waters = [s.waters for s in spheres if s.waters is not None]
    return ContractionRow(
        ligand=candidate.ligand.name,
        smiles=candidate.ligand.canonical_smiles,
        ligands=candidate.ligands,
        waters=candidate.waters,
        metals=tuple(s.metal.symbol for s in spheres),
        mean_distances_angstrom=tuple(round(s.all_donors, 4) for s in spheres),
        slope=slope,
        slope_error=error,
        ligand_slope=_line(spheres, [s.ligand_donors for s in spheres])[0],
        water_slope=_line(spheres, waters)[0] if waters else None,
        warnings=candidate.ligand.warnings,
    )


def _line(spheres: list[_Sphere], distances: list[float]) -> tuple[float, float]:
    """Return the slope of distance against Shannon radius and its standard error, both in Å per Å."""
    from scipy.stats import linregress

    fit = linregress([s.metal.shannon_radius_angstrom for s in spheres], distances)
    return round(float(fit.slope), 3), round(float(fit.stderr), 3)
