"""Candidates as runs of MLflow: what they hold, what comes back, and what people say in their tags."""

import os
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from reexplore.tracking.decisions import Decision
from reexplore.tracking.mlflow import EXPERIMENT, Tracker
from reexplore.tracking.records import TrackingError
from tests.tracking.sample import campaign


@pytest.fixture(scope="module")
def record():
    return campaign()


@pytest.fixture(scope="module")
def sent(record, tmp_path_factory):
    folder = tmp_path_factory.mktemp("mlflow") / "store"
    Tracker(folder).sync(record)
    Tracker(folder).sync(record)
    return folder


@pytest.fixture
def store(sent, tmp_path):
    """A copy, so that each test may say what it wants in its tags."""
    return shutil.copytree(sent, tmp_path / "moved" / "store")


def client(store):
    return Tracker(store)._client()


def runs(store, record, *, view=None):
    mlflow = client(store)
    experiment = mlflow.get_experiment_by_name(EXPERIMENT).experiment_id
    options = {"run_view_type": view} if view else {}
    found = mlflow.search_runs(
        [experiment], f"tags.`reexplore.candidate_of` = '{record.key}'", max_results=1000, **options
    )
    return {run.data.tags["reexplore.candidate"]: run for run in found}


def say(store, record, key, **tags):
    run = runs(store, record)[key]
    for name, value in tags.items():
        client(store).set_tag(run.info.run_id, name, value)


def heard(store, record):
    return Tracker(store).decisions(record.key)


def with_decision(record, key, *decisions):
    rows = tuple(replace(row, decisions=(*row.decisions, *decisions)) if row.key == key else row for row in record.rows)
    return replace(record, rows=rows)


def test_labelled_candidates_and_the_top_have_a_run_with_numbers_structure_and_picture(record, sent):
    found = runs(sent, record)
    labelled = [row for row in record.rows if row.dft_kcal_mol is not None]
    assert {row.key for row in labelled} <= found.keys()
    assert len(found) <= len(labelled) + 20
    parent = next(iter({run.data.tags["mlflow.parentRunId"] for run in found.values()}))
    assert client(sent).get_run(parent).data.tags["reexplore.key"] == record.key
    row = labelled[0]
    run = found[row.key]
    assert run.info.run_name == row.name
    assert run.info.status == "FINISHED"
    assert run.data.metrics["label_kcal_mol"] == pytest.approx(row.dft_kcal_mol)
    assert run.data.params["smiles"] == row.smiles
    names = {item.path for item in client(sent).list_artifacts(run.info.run_id)}
    assert names == {"structure.xyz", "ligand.svg"}
    picture = client(sent).download_artifacts(run.info.run_id, "ligand.svg")
    assert Path(picture).read_text().startswith("<svg xmlns")
    waiting = next(run for key, run in found.items() if key not in {row.key for row in labelled})
    assert waiting.info.status in {"SCHEDULED", "RUNNING", "FAILED"}


def test_the_first_of_every_group_comes_before_the_second_of_any(record):
    from reexplore.tracking.candidate_runs import worth_a_run

    bare = replace(record, rows=tuple(replace(row, dft_kcal_mol=None, status="predicted") for row in record.rows))
    bare = replace(bare, rows=tuple(replace(row, rank=n % 8 + 1) for n, row in enumerate(bare.rows)))
    groups = {row.group for row in bare.rows}
    assert Counter(row.group for row in worth_a_run(bare, top=len(groups))) == dict.fromkeys(groups, 1)


def test_a_run_that_was_deleted_comes_back_and_nothing_is_doubled(record, store):
    before = runs(store, record)
    gone = next(iter(before))
    say(store, record, gone, review="promote")
    client(store).delete_run(before[gone].info.run_id)
    # What was said on a deleted run is not heard, and what the ledger has counts.
    assert heard(store, record).decisions == ()
    Tracker(store).sync(record)
    after = runs(store, record)
    assert after.keys() == before.keys()
    assert after[gone].info.run_id != before[gone].info.run_id
    assert after[gone].data.metrics == before[gone].data.metrics
    assert after[gone].data.params == before[gone].data.params


@pytest.mark.parametrize(
    ("name", "word", "verdict"),
    [
        ("review", "promote", "promote"),
        ("Review", " Promoted ", "promote"),
        ("review", "REJECTED", "reject"),
        ("REVIEW", "on hold", "hold"),
        ("review", "On-Hold", "hold"),
        ("review", "undo", "clear"),
    ],
)
def test_a_tag_is_a_decision_in_whatever_spelling(record, store, name, word, verdict):
    key = next(iter(runs(store, record)))
    say(store, record, key, **{name: word, "Review Comment": "a\n\x1b[31mreason"})
    (decision,) = heard(store, record).decisions
    assert (decision.candidate, decision.verdict, decision.via) == (key, verdict, "MLflow")
    assert decision.comment == "a \N{REPLACEMENT CHARACTER}[31mreason"
    assert heard(store, record).decisions[0].identity == decision.identity


def test_a_word_that_is_not_understood_is_named_in_a_sentence_and_on_its_run(record, store):
    key = next(iter(runs(store, record)))
    say(store, record, key, review="rejcet")
    found = heard(store, record)
    assert found.decisions == ()
    (sentence,) = found.not_understood
    assert "'rejcet'" in sentence
    assert "did you mean reject?" in sentence
    assert runs(store, record)[key].data.tags["reexplore.review_problem"] == sentence
    # The mirror leaves what a person has to mend.
    Tracker(store).sync(with_decision(record, key, decision("promote", key)))
    assert runs(store, record)[key].data.tags["review"] == "rejcet"
    say(store, record, key, review="reject")
    assert [each.verdict for each in heard(store, record).decisions] == ["reject"]
    assert runs(store, record)[key].data.tags["reexplore.review_problem"] == ""


def decision(verdict, key, *, identity="1", comment="why"):
    return Decision(identity, 1.0, "anna", "command", verdict, comment, candidate=key)


def test_the_mirror_writes_what_holds_and_hears_only_what_was_said_since(record, store):
    key = next(iter(runs(store, record)))
    rejected = with_decision(record, key, decision("reject", key))
    Tracker(store).sync(rejected)
    tags = runs(store, record)[key].data.tags
    assert (tags["review"], tags["review_comment"]) == ("reject", "why")
    assert heard(store, record).decisions == ()
    # Another person says the opposite and leaves the comment, which belongs to the decision before.
    say(store, record, key, review="promote")
    (other,) = heard(store, record).decisions
    assert (other.verdict, other.comment) == ("promote", "")
    # A mirror that is sent before it was heard does not wipe it away.
    Tracker(store).sync(with_decision(rejected, key, decision("hold", key, identity="2")))
    assert runs(store, record)[key].data.tags["review"] == "promote"
    assert [each.verdict for each in heard(store, record).decisions] == ["promote"]
    entered = with_decision(rejected, key, other)
    Tracker(store).sync(entered)
    assert heard(store, record).decisions == ()
    # The same word once more, after something else was decided, is a decision of its own.
    Tracker(store).sync(with_decision(entered, key, decision("reject", key, identity="3")))
    say(store, record, key, review="promote")
    assert heard(store, record).decisions[0].identity != other.identity


def test_what_was_cleared_is_cleared_on_the_run(record, store):
    key = next(iter(runs(store, record)))
    Tracker(store).sync(with_decision(record, key, decision("reject", key)))
    Tracker(store).sync(with_decision(record, key, decision("reject", key), decision("clear", key, identity="2")))
    assert runs(store, record)[key].data.tags["review"] == ""
    assert heard(store, record).decisions == ()


def test_a_candidate_that_left_the_top_says_so_and_comes_back(record, store):
    labelled = {row.key for row in record.rows if row.dft_kcal_mol is not None}
    key = next(key for key in runs(store, record) if key not in labelled)
    without = replace(record, rows=tuple(row for row in record.rows if row.key != key))
    Tracker(store).sync(without)
    assert runs(store, record)[key].data.tags["status"] == "no longer among the top"
    Tracker(store).sync(record)
    assert runs(store, record)[key].data.tags["status"] == next(r.verdict for r in record.rows if r.key == key)


def test_names_and_comments_of_ill_will_are_texts(record, tmp_path):
    row = next(row for row in record.rows if row.dft_kcal_mol is not None)
    wicked = "<img src=x onerror=alert(1)>\n\x1b]0;x\x07'; DROP TABLE runs; --"
    comment = decision("reject", row.key, comment=wicked)
    worse = replace(
        row, name=wicked, ligand=wicked, smiles="<svg onload=alert(1)>", warnings=(wicked,), decisions=(comment,)
    )
    changed = replace(record, rows=tuple(worse if each is row else each for each in record.rows))
    Tracker(tmp_path / "store").sync(changed)
    run = runs(tmp_path / "store", record)[row.key]
    assert run.info.run_name.startswith("<img src=x onerror=alert(1)> ")
    assert "\n" not in run.info.run_name + run.data.tags["review_comment"]
    names = {item.path for item in client(tmp_path / "store").list_artifacts(run.info.run_id)}
    assert "ligand.svg" not in names


def test_nothing_is_made_by_reading(tmp_path):
    assert Tracker(tmp_path / "none").decisions("key").decisions == ()
    assert not (tmp_path / "none").exists()


def test_a_server_that_is_down_is_a_tracking_error():
    with pytest.raises(TrackingError, match="Nothing is lost"):
        Tracker("http://127.0.0.1:9").decisions("key")


def test_a_moved_folder_leads_to_its_own_runs(record, sent, tmp_path):
    moved = shutil.copytree(sent, tmp_path / "elsewhere" / "store")
    key = next(iter(runs(moved, record)))
    say(moved, record, key, review="hold")
    code = (
        "import sys; from reexplore.tracking.mlflow import Tracker;"
        "print(*(d.verdict + d.candidate for d in Tracker(sys.argv[1]).decisions(sys.argv[2]).decisions))"
    )
    said = subprocess.run(
        [sys.executable, "-c", code, moved, record.key], check=True, capture_output=True, text=True, env=os.environ
    )
    assert said.stdout.strip() == f"hold{key}"
    assert heard(sent, record).decisions == ()
