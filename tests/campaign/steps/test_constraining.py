"""What constraints leave out is built, predicted and labelled nowhere, and says why."""

import csv
import io

import pytest

from reexplore.campaign.declaration.begun import difference, written_out
from reexplore.campaign.declaration.setup import prepare
from reexplore.campaign.results.plan import constraint_table, plan_campaign
from reexplore.campaign.results.snapshot import campaign_record
from reexplore.campaign.results.status import campaign_status
from reexplore.campaign.steps.screening import recall_screening
from reexplore.errors import FailureCode, InputError
from reexplore.tracking.exports import table
from reexplore.tracking.review_page import review_page
from tests.campaign.steps.test_screening import screened
from tests.campaign.test_loop import SMALL, small

#: Of HOPO and CAM with H, methyl and fluoro: all CAM, then fluoro.
RULES = [{"ligand_charge": [-1]}, {"without": ["F"]}]


def test_what_is_left_out_is_not_built_and_says_why(tmp_path):
    context, executor, screening = screened(tmp_path, changes={"constraints": RULES})
    # No template for CAM, of which nothing is left.
    assert sorted(executor.kinds) == ["constrain"] * 2 + ["screen", "template"]
    assert {context.pool[key].ligand.name for key in screening.available()} == {"HOPO-H", "HOPO-methyl"}
    left_out = dict(screening.left_out())
    assert set(left_out) | set(screening.available()) == set(context.pool)
    assert {failure.code for failure in left_out.values()} == {FailureCode.EXCLUDED}
    told = {context.pool[key].ligand.name: (f.evidence["constraint"], f.message) for key, f in left_out.items()}
    assert told["HOPO-fluoro"] == ("without", "it has F")
    assert told["CAM-fluoro"] == ("ligand_charge", "charge -2, not -1")


def test_table_page_and_status_say_what_is_left_out(tmp_path):
    context, _, _ = screened(tmp_path, changes={"constraints": RULES})
    status = campaign_status(context.setup, context.ledger)
    assert status.ligands_excluded_by_constraint == {"ligand_charge": 3, "without": 1}
    record = campaign_record(context.setup, context.ledger, pool=context.pool)
    rows = {row["name"]: row for row in csv.DictReader(io.StringIO(table(record.rows)))}
    assert rows["La(CAM-H)(H2O)6"]["verdict"] == "excluded: ligand_charge"
    assert rows["La(CAM-H)(H2O)6"]["reason"] == "charge -2, not -1"
    assert "it has F" in review_page(record, top=10)


def test_the_ledger_remembers_what_was_left_out(tmp_path):
    context, _, screening = screened(tmp_path, changes={"constraints": RULES})
    again = recall_screening(context.setup, context.ledger)
    assert dict(again.left_out()) == dict(screening.left_out())
    assert list(again.available()) == list(screening.available())


def test_without_constraints_nothing_is_asked_and_nothing_kept(tmp_path):
    context, executor, screening = screened(tmp_path)
    assert "constrain" not in executor.kinds
    assert screening.to_text().startswith("[")
    assert dict(screening.left_out()) == {}
    declared = context.setup.resolved()
    before = {key: value for key, value in declared.items() if key != "constraints"}
    assert difference(written_out(before), declared) == []


def test_the_plan_counts_what_each_leaves_out(tmp_path):
    plan = plan_campaign(small(tmp_path, constraints=RULES))
    assert (plan.counted.ligands, plan.counted.excluded, plan.counted.left) == (
        6,
        {"ligand_charge": 3, "without": 1},
        2,
    )
    assert plan.labels == 4
    shown = constraint_table(plan.counted, of=plan.ligands)
    assert [list(column.cells) for column in shown.columns] == [["ligand_charge", "without"], ["3", "1"], ["3", "2"]]
    assert plan_campaign(small(tmp_path)).counted is None


@pytest.mark.parametrize(
    ("rules", "told"),
    [
        (
            [{"ligand_charge": [-1]}, {"molecular_weight": {"at_most": 10}}],
            "of 6 ligands ligand_charge leaves out 3, molecular_weight leaves out 3",
        ),
        ([{"sa_score": {"at_most": "four"}}], "'constraints.sa_score': at_most is 'four': give a number"),
        ([{"price": {"at_most": 100}}], "unknown constraint 'price'"),
        ([{"without": ["S"], "sa_score": {"at_most": 4}}], "constraints"),
        ([{}], "constraints"),
        (["sa_score"], "constraints"),
        ({"sa_score": {"at_most": 4}}, "constraints"),
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_is_made(tmp_path, rules, told):
    with pytest.raises(InputError, match=told):
        small(tmp_path, constraints=rules)
    assert [path.name for path in tmp_path.iterdir()] == ["small.yaml"]


def test_other_constraints_are_another_campaign(tmp_path):
    context, _, _ = screened(tmp_path, changes={"constraints": RULES})
    other = small(tmp_path, constraints=RULES[:1])
    lines = difference(context.setup.resolved(), other.resolved())
    assert [line.partition(":")[0] for line in lines] == ["constraints"]
    # What a file leaves open is as it was begun.
    assert prepare(str(tmp_path / "small.yaml"), workspace=tmp_path).rules == other.rules
    assert small(tmp_path, **SMALL).rules == context.setup.rules
