"""What a person says to a campaign is done as a whole, shown first, and a resume ends as it should."""

import json
import shutil
from contextlib import closing
from pathlib import Path

import pytest

from reexplore.campaign.ledger import corrections
from reexplore.campaign.ledger.ledger import Ledger
from reexplore.campaign.running import stopping
from reexplore.campaign.running.lock import sole_driver
from reexplore.errors import FailureCode, InputError
from reexplore.execution import packing
from reexplore.execution.store import Store
from tests import commands
from tests.campaign import crashing
from tests.campaign.crashing import LEDGER, apart, differences, executions, files, ledger_rows

pytestmark = pytest.mark.engine


@pytest.fixture(scope="module")
def golden(tmp_path_factory):
    """Return the workspace of a campaign that ran to its end, with one candidate lost to a crash."""
    workspace = tmp_path_factory.mktemp("golden") / "w"
    workspace.mkdir()
    with crashing.stand_ins():
        crashing.run(workspace)
        yield workspace


@pytest.fixture
def finished(golden, tmp_path):
    """Return a copy of that workspace."""
    return Path(shutil.copytree(golden.parent, tmp_path / "copy") / "w")


def ledger_of(workspace, *, read_only=True):
    return closing(Ledger(workspace / LEDGER, read_only=read_only))


def reexplore(workspace, verb, *arguments, given=""):
    return commands.reexplore("campaign", verb, "small.yaml", *arguments, cwd=workspace, given=given)


def nothing_crashes():
    crashing.CRASHING = ""


def test_what_crashed_is_tried_again_and_its_candidate_labelled(golden, finished):
    told = reexplore(finished, "retry", "--class", "crashed", "--yes")
    assert told.returncode == 0, told.stderr
    assert "calculations planned again: 1; candidates labelled again: 1; round 2 learns again" in told.stdout
    again = shutil.copytree(finished.parent, finished.parents[2] / "again") / "w"
    assert apart(finished, first=nothing_crashes) == 0
    with ledger_of(golden) as before, ledger_of(finished) as after:
        [gained] = after.labels().keys() - before.labels().keys()
        assert gained in before.label_failures()
        assert after.picks() == before.picks()
        # What closed rounds taught stays on record, what the last one taught has the new label in it.
        assert [r.learned for r in after.rounds()][:2] == [r.learned for r in before.rounds()][:2]
        assert after.rounds()[2].learned.labels == len(after.labels()) == len(before.labels()) + 1
        assert [said.split(":")[0] for _, said in after.notes()] == ["retry --class crashed"]
    # Killed on its way, it ends alike.
    assert apart(again, first=nothing_crashes, kill_at=60) == crashing.KILLED
    assert apart(again, first=nothing_crashes) == 0
    assert differences(ledger_rows(finished / LEDGER), ledger_rows(again / LEDGER), "table") == []


@pytest.mark.parametrize("packed", [False, True])
def test_invalid_results_leave_the_store_and_come_back_as_they_were(golden, finished, packed):
    if packed:
        assert packing.pack(Store(finished / "runs" / "_store")).results > 0
    told = reexplore(finished, "invalidate", "--where", "kind=energy and label=Lu(HOPO-H)*", "--yes")
    assert told.returncode == 0, told.stderr
    [aside] = (finished / "runs" / "_invalidated").iterdir()
    [key] = [path.name for path in aside.iterdir()]
    assert json.loads((aside / key / "result.json").read_text())["key"] == key
    assert Store(finished / "runs" / "_store").outcome(key) is None
    assert apart(finished) == 0, (finished / "error.txt").read_text()
    assert {line.split()[0] for line in executions(finished) - executions(golden)} == {key}
    rows, expected = ledger_rows(finished / LEDGER), ledger_rows(golden / LEDGER)
    assert len(rows.pop("steering")) == 1
    expected.pop("steering")
    assert differences(expected, rows, "table") == []
    if not packed:
        shutil.rmtree(aside.parent)
        assert differences(files(golden), files(finished), "file") == []


def test_what_would_be_invalidated_is_shown_and_asked_for(finished):
    before = ledger_rows(finished / LEDGER), files(finished)
    told = reexplore(finished, "invalidate", "--where", "kind=energy", given="n\n")
    assert "energy" in told.stdout
    assert "candidates labelled again: 4" in told.stdout
    assert "nothing was changed" in told.stdout
    assert (ledger_rows(finished / LEDGER), files(finished)) == before


def test_the_learned_model_and_results_of_chemistry_are_not_steered(finished):
    with ledger_of(finished) as ledger:
        with pytest.raises(InputError, match="learned anew when labels change"):
            corrections.invalidate(ledger, "kind=member")
        with pytest.raises(InputError, match=r"'donor_lost' is a result, not an accident.+--where \"code=donor_lost\""):
            corrections.retry(ledger, FailureCode.DONOR_LOST)
        [member, *_] = [c for c in ledger.calculations() if c.kind == "member"]
        [done, *_] = [c for c in ledger.calculations() if c.kind == "energy"]
        with pytest.raises(InputError, match="belongs to the learned model"):
            corrections.quarantine(ledger, [member.key])
        with pytest.raises(InputError, match=f'is done; .+invalidate --where "key={done.key}"'):
            corrections.quarantine(ledger, [done.key])
        with pytest.raises(InputError, match="no calculation of this campaign has 'nothing'"):
            corrections.quarantine(ledger, ["nothing"])


def test_a_quarantined_calculation_is_not_submitted_and_its_candidate_says_so(golden, tmp_path):
    workspace = tmp_path / "w"
    workspace.mkdir()
    with ledger_of(golden) as ledger:
        named = [c for c in ledger.calculations() if (c.kind, c.title) == ("complex", "Lu(HOPO-H)(H2O)6")]
    [lost] = named
    kill_at = 0
    while True:
        # Until it is planned and not yet done.
        kill_at += 40
        assert apart(workspace, kill_at=kill_at) == crashing.KILLED
        with ledger_of(workspace) as ledger:
            known = {c.key: c.state for c in ledger.calculations()}
        if lost.key in known:
            break
    assert known[lost.key] != "done"
    assert reexplore(workspace, "quarantine", lost.key[:10]).returncode == 0
    before = executions(workspace)[f"{lost.key} complex {lost.title}"]
    assert apart(workspace) == 0
    with ledger_of(workspace) as ledger:
        assert [f.code for f in ledger.label_failures().values()].count(FailureCode.QUARANTINED) == 1
    assert executions(workspace)[f"{lost.key} complex {lost.title}"] == before


@pytest.mark.parametrize("why", ["paused", "spent"])
def test_a_held_campaign_ends_with_76_and_goes_on_later(golden, tmp_path, why):
    workspace = tmp_path / "w"
    workspace.mkdir()
    held = stopping.paused(workspace) if why == "paused" else stopping.spent(lambda: 1.0, 1.0, unit="core")
    (workspace / stopping.PAUSE).touch()
    assert apart(workspace, stop=stopping.StopRequest(held)) == 76
    told = (workspace / "error.txt").read_text()
    assert told.startswith("paused" if why == "paused" else "1.0 of 1 core-hours are spent")
    with ledger_of(workspace) as ledger:
        assert {c.state for c in ledger.calculations()} == {"planned"}
    assert apart(workspace) == 0
    assert differences(ledger_rows(golden / LEDGER), ledger_rows(workspace / LEDGER), "table") == []


def test_pausing_what_nobody_drives_is_refused(finished):
    told = reexplore(finished, "pause")
    assert (told.returncode, "there is nothing to pause" in told.stderr) == (2, True)
    assert not (finished / "runs" / "small" / stopping.PAUSE).exists()
    with sole_driver(finished / "runs" / "small"):
        assert reexplore(finished, "pause").returncode == 0
        assert (finished / "runs" / "small" / stopping.PAUSE).exists()
        status = json.loads(reexplore(finished, "status", "--json").stdout)
    assert (status["paused"], status["driver"] is not None) == (True, True)


def test_status_watch_and_log(finished):
    status = json.loads(reexplore(finished, "status", "--json").stdout)
    assert status["failures_by_code"] == {"crashed": 1, "donor_lost": 1}
    assert (status["labels"], status["driver"], status["in_flight"]) == (4, None, [])
    assert status["calculations_per_hour"] > 0
    assert status["hours_left"] == 0
    told = reexplore(finished, "status").stdout
    assert "nobody drives it now" in told
    assert "failures: " in told
    # Nobody drives it: one look, and it ends.
    watched = reexplore(finished, "watch")
    assert watched.stdout.count("\n") == 1
    assert "4 of 4 labels" in watched.stdout
    failed = reexplore(finished, "log", "La(HOPO-methyl)(H2O)6").stdout
    assert "complex of La(HOPO-methyl)(H2O)6" in failed
    assert "crashed in complex: ended by signal SIGSEGV" in failed
    assert "computing La(HOPO-methyl)(H2O)6" in failed
    labelled = reexplore(finished, "log", "Lu(HOPO-H)(H2O)6").stdout
    assert labelled.count("core-seconds") == 5
    assert "computing H2O" in labelled


def test_status_changes_nothing_not_even_a_file(finished):
    before = {path: path.stat().st_mtime_ns for path in finished.rglob("*")}
    assert reexplore(finished, "status").returncode == 0
    assert {path: path.stat().st_mtime_ns for path in finished.rglob("*")} == before
