"""Deciding from the command line: at once where nobody drives, through the inbox where somebody does."""

import json
from dataclasses import asdict

import pytest
from typer.testing import CliRunner

from reexplore.campaign.declaration.assembled import pool_of
from reexplore.campaign.driver import open_ledger
from reexplore.campaign.ledger.rows import Pick
from reexplore.campaign.loop import open_campaign
from reexplore.campaign.running.inbox import waiting
from reexplore.campaign.running.lock import Holder
from reexplore.cli.app import app
from reexplore.errors import InputError
from tests.campaign.test_loop import small


@pytest.fixture
def setup(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    setup = small(tmp_path)
    open_campaign(setup).close()
    return setup


def review(*arguments):
    ended = CliRunner().invoke(app, ["review", *arguments], env={"LOGNAME": "carol", "COLUMNS": "200"})
    if ended.exception is not None and not isinstance(ended.exception, SystemExit):
        raise ended.exception
    return ended.stdout


def first_of(setup):
    key, candidate = next(iter(pool_of(setup, ()).items()))
    return key, candidate.name


def test_decided_where_nobody_drives_it_is_entered_and_on_the_page(setup):
    key, name = first_of(setup)
    said = review("promote", "small.yaml", name, "--why", "I can make it")
    assert f"{name}: promote; the next choice takes it first" in said
    said = review("reject", "small.yaml", key, "--why", "<b>toxic</b>", "--by", "bob")
    assert "it was promoted by carol" in said
    decisions = open_ledger(setup).decisions()
    assert [(each.by, each.verdict, each.candidate) for each in decisions] == [
        ("carol", "promote", key),
        ("bob", "reject", key),
    ]
    assert not waiting(setup.folder)
    page = (setup.folder / "report" / "top_candidates.html").read_text()
    assert "&lt;b&gt;toxic&lt;/b&gt;" in page
    assert "<b>toxic" not in page
    assert "bob" in (setup.folder / "report" / "decisions.csv").read_text()
    listed = review("list", "small.yaml")
    assert "promoted until 2" in listed


def test_where_a_driver_is_alive_it_waits_for_it(setup):
    key, _ = first_of(setup)
    (setup.folder / "driver.json").write_text(json.dumps(asdict(Holder.me())))
    told = json.loads(review("hold", "small.yaml", "--where", "scaffold=CAM", "--json"))
    assert told["read"] is False
    assert "process" in told["driver"]
    assert [line["candidates"] for line in told["decided"]] == [6]
    assert open_ledger(setup).decisions() == []
    (left,) = waiting(setup.folder).values()
    assert (left.verdict, dict(left.family)) == ("hold", {"scaffold": "CAM"})
    (line,) = json.loads(review("list", "small.yaml", "--json"))["decisions"]
    assert line["read"] is False
    # It ended: whoever decides next enters both.
    (setup.folder / "driver.json").unlink()
    review("clear", "small.yaml", key)
    assert [each.verdict for each in open_ledger(setup).decisions()] == ["hold", "clear"]


def test_about_a_candidate_that_is_being_labelled_it_is_told_and_kept(setup):
    key, name = first_of(setup)
    ledger = open_campaign(setup)
    ledger.open_round(0, "seed", [Pick(key, 0, 0, "seed", None, None, None)])
    ledger.close()
    said = review("reject", "small.yaml", name, "--why", "too heavy")
    assert "it is being labelled in round 0, which goes on: that it was rejected is on record" in said
    assert [each.verdict for each in open_ledger(setup).decisions()] == ["reject"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["promote", "small.yaml"], "name candidates, or a family with --where"),
        (["promote", "small.yaml", "1", "--where", "scaffold=CAM"], "one of the two"),
        (["reject", "small.yaml", "--where", "scaffold=CAM"], "with the reason"),
        (["hold", "small.yaml", "--where", "scaffold=CAM", "--why", "x" * 2000], "at most 1000"),
        (["hold", "small.yaml", "La(CAM-x)(H2O)6"], "did you mean"),
    ],
)
def test_what_is_wrong_is_a_sentence_and_changes_nothing(setup, arguments, told):
    with pytest.raises(InputError, match=told):
        review(*arguments)
    assert open_ledger(setup).decisions() == []
    assert not waiting(setup.folder)


def test_a_campaign_that_has_not_begun(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    small(tmp_path)
    with pytest.raises(InputError, match="holds no campaign yet"):
        review("promote", "small.yaml", "La(CAM-H)(H2O)6")
    with pytest.raises(InputError, match="holds no campaign yet"):
        review("list", "small.yaml")


def test_nobody_has_decided_anything(setup):
    assert "nobody has decided anything" in review("list", "small.yaml")
