"""The drawing of anchors: agreement rises, lines stay inside of their axes, candidates stand on the computed axis."""

import re
from dataclasses import replace

import pytest

from reexplore.tracking.anchor_records import AnchorPanel, AnchorRow, Line, Marked
from reexplore.tracking.anchors_view import anchor_plot
from reexplore.tracking.axes import BOTTOM, LEFT, RIGHT, TOP
from reexplore.tracking.estimates import Estimated


def row(name, measured, computed):
    return AnchorRow(name, "C", "Gd", "shipped", measured, computed, None, -1.364 * computed, 9, 9, "shipped")


@pytest.fixture
def panel():
    return AnchorPanel(
        title="L charge -1, Gd",
        charge=-1,
        metal="Gd",
        metals=("Gd",),
        measured="log K1",
        computed="log K1",
        unit="log units",
        rows=(row("a", 4.0, 9.0), row("b", 3.0, 8.0), row("c", 2.0, 7.0)),
        spearman=1.0,
        calibration=Line(1.0, -5.0, 0.5),
        regression=None,
        candidates=(Marked("Gd(HOPO-H)(H2O)6", -10.2, 7.5, Estimated(2.5, 0.5)),),
        among=1,
    )


def ends(path):
    return [tuple(map(float, pair)) for pair in re.findall(r"([\d.]+) ([\d.]+)", path)]


def test_anchors_lie_on_the_calibration_that_fits_them(panel):
    plot = anchor_plot(panel)
    (x1, y1), (x2, y2) = ends(plot.calibration)
    for spot in plot.anchors:
        assert spot.y == pytest.approx(y1 + (spot.x - x1) * (y2 - y1) / (x2 - x1), abs=0.3)
    (candidate,) = plot.candidates
    assert candidate.y == BOTTOM
    assert candidate.top == pytest.approx(y1 + (candidate.x - x1) * (y2 - y1) / (x2 - x1), abs=0.3)


def test_lines_stay_inside_of_the_axes_and_a_line_outside_of_them_is_none(panel):
    plot = anchor_plot(panel)
    points = [*ends(plot.calibration), *ends(plot.band)]
    assert all(LEFT <= x <= RIGHT and TOP <= y <= BOTTOM for x, y in points)
    # Computed constants are five too high: equality is not on this drawing.
    assert plot.equal == ""


def test_of_energies_the_stronger_are_to_the_right(panel):
    energies = tuple(replace(one, computed=one.energy_kcal_mol) for one in panel.rows)
    plot = anchor_plot(
        replace(panel, unit="kcal/mol", computed="exchange energy", rows=energies, candidates=(), calibration=None)
    )
    strongest, *_, weakest = plot.anchors
    assert strongest.x > weakest.x
    assert strongest.y < weakest.y
    assert (plot.equal, plot.calibration, plot.band) == ("", "", "")


def test_one_anchor_is_drawn(panel):
    plot = anchor_plot(replace(panel, rows=panel.rows[:1], candidates=(), calibration=None, spearman=None))
    assert len(plot.anchors) == 1


def test_the_verdict_says_how_far_it_may_be_trusted(panel):
    assert panel.verdict == (
        "3 anchors; Spearman +1.00; calibration −5.0 log units, left out one by one they are off by 0.5"
    )
    few = replace(panel, rows=panel.rows[:1], calibration=None, spearman=None, metals=("Eu",))
    assert few.verdict == (
        "one anchor; with Gd, the nearest in size to Eu that was computed; too few for an order;"
        " too few for a calibration"
    )
