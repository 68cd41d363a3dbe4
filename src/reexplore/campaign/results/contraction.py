"""The lanthanide contraction in each ligand's labelled complexes: a quality figure of their geometries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

import numpy as np

from reexplore.campaign.ledger.ledger import Ledger
from reexplore.campaign.ledger.rows import LabelKeys
from reexplore.chemistry.candidates import Candidate
from reexplore.chemistry.metals import LANTHANIDES
from reexplore.structures.contraction import FEWEST_METALS, Sphere, fit_contraction, sphere
from reexplore.tracking.records import ContractionRow

_Member = tuple[Candidate, Sphere]


def contraction_rows(
    pool: Mapping[str, Candidate], labels: Mapping[str, LabelKeys], ledger: Ledger
) -> tuple[ContractionRow, ...]:
    """Return the contraction of every ligand and stoichiometry with at least three labelled lanthanides.

    Metal-donor distances come from the relaxed geometries that the labels were computed on; a
    sketched geometry has none and makes no row. Yttrium and scandium are left out: GFN2-xTB places
    them off the line of the lanthanides.
    """
    found: dict[str, list[_Member]] = defaultdict(list)
    for key, label in labels.items():
        # A slope is that of one coordination number.
        candidate = label.complex_of(pool[key]).closed
        distances = ledger.value(label.structure).get("donor_distances_angstrom")
        if distances and candidate.metal in LANTHANIDES:
            series = f"{candidate.ligand.identity}|{candidate.group.stoichiometry}"
            found[series].append((candidate, sphere(candidate, distances, series=series)))
    rows = [_row(members) for members in found.values() if len(members) >= FEWEST_METALS]
    return tuple(sorted(rows, key=lambda row: (row.ligand, row.ligands, row.waters, row.co_ligands)))


def _row(members: list[_Member]) -> ContractionRow:
    members = sorted(members, key=lambda member: LANTHANIDES.index(member[0].metal))
    candidate = members[0][0]
    spheres = [one for _, one in members]
    fit = fit_contraction(spheres)
    (slope,) = fit.series.values()
    return ContractionRow(
        ligand=candidate.ligand.name,
        smiles=candidate.ligand.canonical_smiles,
        ligands=candidate.ligands,
        waters=candidate.waters,
        co_ligands=candidate.group.co_ligands,
        metals=tuple(one.metal.symbol for one in spheres),
        mean_distances_angstrom=tuple(round(float(np.mean(one.distances_angstrom)), 4) for one in spheres),
        slope=round(slope.value, 3),
        slope_error=round(slope.standard_error, 3),
        donor_slopes={donor: round(line.value, 3) for donor, line in fit.donors.items()},
        warnings=candidate.ligand.warnings,
    )
