"""Calibration knows nothing of what it is judged by; a straight series gives back its slope."""

import pytest

from reexplore.anchors.calibration import calibration
from reexplore.anchors.comparison import TREND_METALS, by_charge, compared, rank_correlation, trends
from reexplore.anchors.computed import stability_kcal_mol
from reexplore.anchors.table import Anchor
from reexplore.chemistry.metals import METALS
from reexplore.energies.protons import KCAL_MOL_PER_LOG_UNIT as UNIT


def anchor(name, carbons, **log_k1):
    return Anchor(name, f"{'C' * carbons}C(=[O:11])[O-:12]", (4.5,), log_k1)


ONE, TWO, THREE = anchor("one", 1, Gd=1.0), anchor("two", 2, Gd=2.0), anchor("three", 3, Gd=3.0)
THREE_OF_THEM = (ONE, TWO, THREE)


def free(values):
    return {(name, "Gd"): -UNIT * value for name, value in values.items()}


def test_an_anchor_is_calibrated_on_the_others_alone():
    rows = {row.ligand: row for row in compared(THREE_OF_THEM, free({"one": 5.0, "two": 6.0, "three": 9.0}))}
    # The others are 4 and 6 too high: 5 on average.
    assert rows["one"].calibrated == pytest.approx(5.0 - (4.0 + 6.0) / 2)
    # What it is measured as does not matter to it.
    lower = anchor("one", 1, Gd=-3.0)
    again = compared((lower, TWO, THREE), free({"one": 5.0, "two": 6.0, "three": 9.0}))
    assert again[0].calibrated == pytest.approx(rows["one"].calibrated)


def test_an_anchor_that_is_asked_for_is_not_calibrated_on_its_own_constant():
    four = (*THREE_OF_THEM, anchor("four", 4, Gd=-30.0))
    rows = compared(four, free({"one": 5.0, "two": 6.0, "three": 7.0, "four": 8.0}))
    smiles = four[-1].single.ligand.canonical_smiles
    found = calibration(rows, charge=-1, metal="Gd", smiles=smiles)
    assert found.anchors == 3
    assert found.added_log_units == pytest.approx(-4.0)
    assert calibration(rows, charge=-1, metal="Gd").anchors == 4


def test_alone_in_its_charge_it_is_not_calibrated():
    (row,) = compared((ONE,), free({"one": 5.0}))
    assert row.calibrated is None


def test_a_constant_shift_is_calibrated_away_and_its_error_is_nothing():
    rows = compared(THREE_OF_THEM, free({"one": 5.0, "two": 6.0, "three": 7.0}))
    found = calibration(rows, charge=-1, metal="Gd")
    assert found.added_log_units == pytest.approx(-4.0)
    assert found.error_log_units == pytest.approx(0.0)
    assert found.anchors == 3
    # The nearest in size stands in for a metal that was not computed.
    assert calibration(rows, charge=-1, metal="Eu").metal == "Gd"
    assert calibration(rows, charge=-2, metal="Gd") is None
    assert "3 anchors of charge -1" in str(found)


def test_order_is_judged_within_a_charge():
    rows = compared(THREE_OF_THEM, free({"one": 5.0, "two": 6.0, "three": 5.5}))
    ((charge, each),) = by_charge(rows, metal="Gd").items()
    assert charge == -1
    assert rank_correlation(each) == pytest.approx(0.5)
    assert rank_correlation(each[:2]) is None


def test_a_straight_series_has_its_own_trend():
    one, other = anchor("one", 1, La=1.0, Lu=2.0), anchor("other", 2, La=1.0, Lu=3.0)
    flat = anchor("flat", 3, La=1.0, Lu=1.2)
    across = METALS["Lu"].shannon_radius_angstrom - METALS["La"].shannon_radius_angstrom
    values = {
        (name, metal): slope * (METALS[metal].shannon_radius_angstrom - 1.0) / across
        for name, slope in (("one", -2.0), ("other", -5.0), ("flat", -1.0))
        for metal in TREND_METALS
    }
    found = {trend.ligand: trend for trend in trends((one, other, flat), values)}
    # A difference within the scatter of the sources tells nothing.
    assert set(found) == {"one", "other"}
    assert found["one"].computed_kcal_mol == pytest.approx(-2.0)
    assert found["one"].measured_kcal_mol == pytest.approx(-UNIT)
    assert found["one"].calibrated_kcal_mol == pytest.approx(-2.0 - (-5.0 + 2 * UNIT))


def test_from_the_acid_the_protons_that_left_are_added():
    assert stability_kcal_mol(ONE, -10.0, reference="anion") == -10.0
    assert stability_kcal_mol(ONE, -10.0, reference="acid") == pytest.approx(-10.0 - 4.5 * UNIT)
    unknown = Anchor("unknown", "CC(=[O:11])[O-:12]", (), {"Gd": 1.0})
    assert stability_kcal_mol(unknown, -10.0, reference="acid") is None
