"""The contraction of a ligand series against measured distances and against lines of a known slope."""

import pytest

from reexplore.campaign.ledger.rows import LabelKeys
from reexplore.campaign.results.contraction import contraction_rows
from reexplore.chemistry.candidates import Candidate
from reexplore.chemistry.library import SCAFFOLDS, SUBSTITUENTS
from reexplore.chemistry.ligands import assemble
from reexplore.chemistry.metals import METALS

CAM = assemble(SCAFFOLDS["CAM"], (SUBSTITUENTS["methyl"],))

# M-O in aqua ions from X-ray scattering and EXAFS, Å (P. Li, L. F. Song, K. M. Merz, J. Phys. Chem. B 2015,
# 119, 883, table 1).
MEASURED_ANGSTROM = {"La": 2.52, "Nd": 2.47, "Sm": 2.44, "Gd": 2.39, "Dy": 2.37, "Er": 2.36, "Lu": 2.34}


class Shelf:
    """Holds results as the ledger does."""

    def __init__(self, results):
        self._results = results

    def value(self, key):
        return self._results[key]


def rows_of(distances, *, ligand=CAM, ligands=1, waters=6, found=None):
    """Return the rows of a ledger that holds these metal-donor distances, by metal.

    `found` are the waters of labels whose number was open.
    """
    pool, labels, results = {}, {}, {}
    for metal, lengths in distances.items():
        candidate = Candidate(ligand, METALS[metal], ligands, waters, waters_open=found is not None)
        pool[candidate.key] = candidate
        labels[candidate.key] = LabelKeys(
            f"geometry of {metal}", "", "", "", "", waters=found[metal] if found else None
        )
        results[f"geometry of {metal}"] = {} if lengths is None else {"donor_distances_angstrom": lengths}
    return contraction_rows(pool, labels, Shelf(results))


def line(slope, metal):
    return 1.4 + slope * METALS[metal].shannon_radius_angstrom


def test_measured_distances_contract_as_the_radii_do():
    (row,) = rows_of({metal: [length] * 8 for metal, length in MEASURED_ANGSTROM.items()})
    assert row.slope == pytest.approx(1.0, abs=0.15)
    assert 0 < row.slope_error < 0.15


def test_ligand_and_waters_have_slopes_of_their_own():
    distances = {m: [line(0.3, m)] * 2 + [line(0.6, m)] * 6 for m in ("Lu", "La", "Eu", "Dy")}
    (row,) = rows_of(distances)
    assert row.donor_slopes == {"O": 0.3, "water": 0.6}
    assert row.slope == pytest.approx((2 * 0.3 + 6 * 0.6) / 8)
    assert row.metals == ("La", "Eu", "Dy", "Lu")
    assert row.name == "CAM-methyl (1 L, 6 H2O)"
    assert row.warnings == CAM.warnings


def test_without_waters_there_is_no_slope_of_waters():
    (row,) = rows_of({m: [line(0.5, m)] * 8 for m in ("La", "Gd", "Lu")}, ligands=4, waters=0)
    assert (row.slope, row.donor_slopes) == (0.5, {"O": 0.5})


def test_yttrium_is_no_lanthanide_and_two_metals_are_no_series():
    assert rows_of({m: [line(0.5, m)] * 8 for m in ("La", "Lu", "Y")}) == ()


def test_sketches_have_no_distances_and_make_no_series():
    assert rows_of(dict.fromkeys(("La", "Gd", "Lu"))) == ()


def test_complexes_of_two_coordination_numbers_are_not_on_one_line():
    found = {"La": 7, "Pr": 7, "Nd": 7, "Dy": 6, "Er": 6, "Lu": 6}
    distances = {metal: [line(1.0, metal) + 0.05 * (waters - 6)] * (2 + waters) for metal, waters in found.items()}
    eight, nine = rows_of(distances, found=found)
    assert (eight.name, eight.metals) == ("CAM-methyl (1 L, 6 H2O)", ("Dy", "Er", "Lu"))
    assert (nine.name, nine.metals) == ("CAM-methyl (1 L, 7 H2O)", ("La", "Pr", "Nd"))
    assert (eight.slope, nine.slope) == (pytest.approx(1.0), pytest.approx(1.0))
