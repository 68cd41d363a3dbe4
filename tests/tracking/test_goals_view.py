"""What the page shows of an objective."""

from dataclasses import replace

import pytest

from reexplore.tracking.estimates import Estimated
from reexplore.tracking.exports import curves, objective_files
from reexplore.tracking.goals_view import front_plot, rankings, with_error
from reexplore.tracking.records import GoalRecord, LigandRow
from reexplore.tracking.review_page import review_page
from tests.tracking.sample import campaign

GOALS = (
    GoalRecord(
        "selectivity Lu over La", "kcal/mol", "lower", "the more negative, the more strongly Lu is held than La"
    ),
    GoalRecord("exchange energy Lu", "kcal/mol", "lower", "the more negative, the more strongly Lu is held"),
)


def row(name, values, *, status="labelled", front=False, number=0, group="1 L, 6 H2O, L charge -1", reason=""):
    both = tuple(Estimated(value, 0.2) for value in values)
    none = (None, None)
    return LigandRow(
        key=f"key-{name}",
        ligand=name,
        smiles="CC(=O)N[O-]",
        group=group,
        ligand_charge=-1,
        ligands=1,
        waters=6,
        status=status,
        labels=both if status == "labelled" else none,
        predicted=none if status == "failed" else both,
        rank=None if status == "failed" else 1,
        on_front=front,
        round=number if status != "predicted" else None,
        role="seed" if status != "predicted" else None,
        reason=reason,
    )


ROWS = (
    row("HOPO-H", (-3, -20), front=True),
    row("HOPO-methyl", (-1, -30), front=True, number=1),
    row("HOPO-<b>&", (0, -10)),
    row("HOPO-cyano", (-6, -25), status="predicted"),
    row("HOPO-nitro", (0, 0), status="failed", reason="Lu: donor lost"),
    row("CAM-H", (-2, -60), group="1 L, 6 H2O, L charge -2", front=True),
)


@pytest.fixture
def record():
    return replace(campaign(), goals=GOALS, by_goals=ROWS)


def test_every_ranking_has_its_labels_first_and_a_plot_of_two_goals(record):
    first, second = rankings(record)
    assert [r.ligand for r in first.rows] == ["HOPO-H", "HOPO-methyl", "HOPO-<b>&", "HOPO-cyano", "HOPO-nitro"]
    assert [point.kind for point in first.plot.points] == ["front", "front", "labelled", "predicted"]
    assert second.plot.steps.startswith("M")
    assert "L" not in second.plot.steps
    assert first.plot.steps.count("L") == 1


def test_lower_lies_left_and_below(record):
    plot = front_plot(ROWS[:2], GOALS)
    one, other = plot.points
    assert one.x < other.x
    # Pixels count downwards.
    assert one.y < other.y
    assert one.across == (one.x, one.x)


def test_the_page_shows_goals_front_and_reasons_and_obeys_nothing_in_a_name(record):
    page = review_page(record, top=10)
    assert "Ligands by the objective" in page
    assert "selectivity Lu over La, kcal/mol (lower wanted)" in page
    assert "Lu: donor lost" in page
    assert "HOPO-<b>" not in page
    assert "HOPO-&lt;b&gt;&amp;" in page
    assert "Ligands by the objective" not in review_page(campaign(), top=10)


def test_the_table_names_property_and_unit(record):
    (text,) = objective_files(record).values()
    header = text.splitlines()[0].split(",")
    assert "selectivity_Lu_over_La_kcal_mol" in header
    assert "exchange_energy_Lu_predicted_error_kcal_mol" in header
    assert len(text.splitlines()) == 1 + len(ROWS)
    assert objective_files(campaign()) == {}


def test_the_best_label_of_each_goal_is_a_curve(record):
    found = {(name, step): value for name, value, _, step in curves(record)}
    name = "best/exchange energy Lu kcal/mol/1 L, 6 H2O, L charge -1"
    assert found[name, 0] == -20
    assert found[name, 1] == -30
    higher = replace(record, goals=(replace(GOALS[0], direction="higher"), GOALS[1]))
    best = {(n, step): value for n, value, _, step in curves(higher)}
    assert best["best/selectivity Lu over La kcal/mol/1 L, 6 H2O, L charge -1", 1] == 0


def test_numbers_are_read_with_their_errors():
    assert with_error(Estimated(-3.14, 0.25)) == "−3.1 ± 0.2"
    assert with_error(Estimated(2.0, None)) == "2.0"
    assert with_error(None) == "–"
