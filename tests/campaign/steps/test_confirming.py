"""Finalists of a series, labelled again on searched geometries: shown apart, and no model learns from them."""

import dataclasses

import pytest

from reexplore.campaign.ledger import corrections
from reexplore.campaign.ledger.labels import labels
from reexplore.campaign.ledger.relaxed_labels import relaxed_labels
from reexplore.campaign.ledger.rows import Pick
from reexplore.campaign.loop import open_campaign
from reexplore.campaign.results.shortcomings import shortcomings
from reexplore.campaign.results.shortlists import finalist_tables, shortlists
from reexplore.campaign.results.snapshot import campaign_record
from reexplore.campaign.results.status import campaign_status, status_lines
from reexplore.campaign.running.context import CampaignContext
from reexplore.campaign.running.progress import Narrator
from reexplore.campaign.steps.finalists import label_finalists
from reexplore.campaign.steps.labelling import label, observed_kcal_mol
from reexplore.errors import Failure, FailureCode
from reexplore.properties import Goals
from reexplore.tracking.exports import finalist_files
from reexplore.tracking.review_page import review_page
from tests.campaign.steps.test_screening import Here
from tests.campaign.test_loop import SMALL, small

CONFIRM = {"theory": SMALL["theory"] | {"geometry": "series", "confirm": 2}}
SPACE = {"scaffolds": ["HOPO"], "substituents": ["H", "methyl", "fluoro"], "metals": ["Lu"]}
LOST = Failure(FailureCode.DONOR_LOST, "quality", "invented: it lost a water", {})


@pytest.fixture
def context(tmp_path):
    """Return a context with the labels of three ligands in series, on sketches."""
    setup = small(tmp_path, space=SMALL["space"] | SPACE, **CONFIRM)
    made = CampaignContext(setup, open_campaign(setup), Here(setup.store), Narrator())
    picks = [Pick(key, 0, number, "seed", None, None, None) for number, key in enumerate(made.pool)]
    made.ledger.open_round(0, "seed", picks)
    for candidate in made.pool.values():
        made.dispatcher.finish(label(made, candidate))
    return made


def confirmed(context):
    label_finalists(context, after_turn=lambda _ended: None)
    found = labels(context.pool, context.ledger)
    return shortlists(found, Goals(), context.ledger)


def test_the_best_are_searched_for_and_the_labels_stay(context):
    before = observed_kcal_mol(context)
    (shortlist,) = confirmed(context)
    assert observed_kcal_mol(context) == before
    assert [row.before.value for row in shortlist.rows] == sorted(before.values())[:2]
    found = labels(context.pool, context.ledger)
    after = relaxed_labels(found, context.ledger)
    assert after.keys() == {row.key for row in shortlist.rows}
    for row in shortlist.rows:
        mine = after[row.key]
        # Only the complex is another one: ligand, ion and water are searched for in a series as well.
        assert {part for part in mine.parts if mine.parts[part] != found[row.key].parts[part]} <= {"complex"}
        assert mine.aqua == found[row.key].aqua
        assert row.after.value == pytest.approx(mine.binding.energy_kcal_mol)
    changed = [row for row in shortlist.rows if row.after.value != row.before.value]
    assert changed
    assert {row.rank_after for row in shortlist.rows} == {1, 2}


def test_it_is_the_label_of_a_campaign_that_searches(context, tmp_path):
    (shortlist,) = confirmed(context)
    folder = tmp_path / "search"
    folder.mkdir()
    setup = small(folder, space=SMALL["space"] | SPACE)
    other = CampaignContext(setup, open_campaign(setup), Here(setup.store), Narrator())
    other.ledger.open_round(0, "seed", [Pick(row.key, 0, 0, "seed", None, None, None) for row in shortlist.rows[:1]])
    other.dispatcher.finish(label(other, other.pool[shortlist.rows[0].key]))
    key = shortlist.rows[0].key
    assert shortlist.rows[0].after.value == pytest.approx(observed_kcal_mol(other)[key])
    assert context.ledger.finalists()[key].relaxed["complex"] == other.ledger.labels()[key].structure


def test_a_second_run_computes_nothing_and_enters_nothing_new(context):
    confirmed(context)
    asked = len(context.executor.kinds)
    before = context.ledger.finalists()
    confirmed(context)
    assert (len(context.executor.kinds), context.ledger.finalists()) == (asked, before)


def test_what_fails_is_told_and_ends_with_a_shortcoming(context):
    # The template of the bare scaffold is that of its own complex.
    context.executor.broken = ["methyl", "fluoro"]
    (shortlist,) = confirmed(context)
    failed = [row for row in shortlist.rows if row.after is None]
    assert failed
    assert all("build_failed" in row.reason for row in failed)
    assert any(f"{len(failed)} finalists are not confirmed: build_failed" in s for s in _missing(context))


def _missing(context):
    return shortcomings(context.setup, context.ledger)


def test_everything_people_look_at_tells_it(context):
    (shortlist,) = confirmed(context)
    (table,) = finalist_tables([shortlist], level="teacher")
    assert table.title.startswith("finalists labelled again on searched geometries (teacher): binding energy")
    headings = [str(column.header) for column in table.columns]
    assert headings == ["finalist", "rank", "before", "after", "geometry lower by"]
    assert shortlist.verdict.startswith("2 of 2 confirmed")
    record = campaign_record(context.setup, context.ledger)
    assert any("labels are in series" in warning for warning in record.warnings)
    page = review_page(record, top=5)
    assert "Finalists labelled again on searched geometries" in page
    assert "largest force" not in page
    assert finalist_files(record)["finalists.csv"].count("\n") == 3
    status = campaign_status(context.setup, context.ledger)
    assert (status.finalists_confirmed, status.finalists_relaxed, status.in_series) == (2, 0, True)
    told = "\n".join(status_lines(status))
    assert "labels are in series" in told
    assert "finalists labelled again on searched geometries: 2" in told


def test_a_distrusted_search_is_made_again(context):
    confirmed(context)
    finalist = next(iter(context.ledger.finalists()))
    structure = context.ledger.finalists()[finalist].relaxed["complex"]
    change = corrections.invalidate(context.ledger, f"key={structure}")
    assert finalist in change.finalists
    assert change.candidates == ()


def test_asked_for_a_relaxation_instead_the_searched_ones_go(context):
    confirmed(context)
    assert context.ledger.finalists_are_searched
    theory = context.setup.file.theory.model_copy(update={"confirm": None, "relax": "dft", "finalists": 1})
    file = context.setup.file.model_copy(update={"theory": theory})
    other = CampaignContext(
        dataclasses.replace(context.setup, file=file), context.ledger, context.executor, context.narrator
    )
    label_finalists(other, after_turn=lambda _ended: None)
    assert not context.ledger.finalists_are_searched
    (keys,) = context.ledger.finalists().values()
    assert "ligand" in keys.relaxed
    assert context.ledger.aqua_ions(relaxed=True).keys() == {"Lu"}
    confirmed(context)
    assert len(context.ledger.finalists()) == 2
    assert context.ledger.aqua_ions(relaxed=True) == {}
