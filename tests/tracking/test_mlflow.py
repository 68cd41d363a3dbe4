import json
import pickle
import shutil
import socket
import sqlite3
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import pytest
from mlflow import MlflowClient

from reexplore.tracking import TrackingError
from reexplore.tracking.candidate_runs import CANDIDATE, worth_a_run
from reexplore.tracking.exports import guide
from reexplore.tracking.mlflow import Tracker, _Mirror
from tests.tracking.sample import campaign, contraction_row


def content(store: Path):
    """Read the store behind MLflow's back: metrics, params and status of each run by its key."""
    with sqlite3.connect(f"file:{quote(str(store / 'mlflow.db'))}?mode=ro", uri=True) as database:
        keys = dict(database.execute("SELECT run_uuid, value FROM tags WHERE key = 'reexplore.key'"))
        rows = {
            "runs": database.execute("SELECT run_uuid, name, status, start_time, end_time FROM runs"),
            "metrics": database.execute("SELECT run_uuid, key, value, timestamp, step, is_nan FROM metrics"),
            "params": database.execute("SELECT run_uuid, key, value FROM params"),
        }
        return {name: sorted((keys[first], *rest) for first, *rest in found) for name, found in rows.items()}


def of_campaign(store):
    return {name: [row for row in rows if "/candidate/" not in row[0]] for name, rows in content(store).items()}


def newest(store):
    """Return the last value of each metric of each run."""
    points = sorted(content(store)["metrics"], key=lambda row: row[4])
    return {row[:2]: (row[2], row[5]) for row in points}


def artifacts(store: Path):
    with sqlite3.connect(f"file:{quote(str(store / 'mlflow.db'))}?mode=ro", uri=True) as database:
        runs = database.execute(
            "SELECT t.value, r.artifact_uri FROM runs r JOIN tags t USING (run_uuid) WHERE t.key = 'reexplore.key'"
        ).fetchall()
    folders = {key: Path(uri.removeprefix("file://")) for key, uri in runs}
    return {key: {str(p.relative_to(f)) for p in f.rglob("*") if p.is_file()} for key, f in folders.items()}, folders


@pytest.fixture(scope="module")
def record(tmp_path_factory):
    model = tmp_path_factory.mktemp("models") / "best.ckpt"
    model.write_bytes(b"weights")
    return campaign(files={"member-0": model, "member-1": model, "lost": model.with_name("lost.ckpt")})


@pytest.fixture(scope="module")
def store(record, tmp_path_factory):
    """A store that grew with its campaign and was sent everything twice."""
    folder = tmp_path_factory.mktemp("mlflow") / "store"
    running = replace(record.rounds[1], finished_at_ms=None, metrics={"mae_kcal_mol/ensemble": 99.0})
    Tracker(folder).sync(replace(record, rounds=(record.rounds[0], running), finished_at_ms=None))
    assert {row[0]: row[2] for row in content(folder)["runs"]}[record.key] == "RUNNING"
    Tracker(str(folder)).sync(record)
    first = content(folder)
    Tracker(folder).sync(record)
    assert content(folder) == first
    return folder


def test_one_run_for_the_campaign_and_one_for_each_round_and_candidate_worth_one(record, store):
    runs = {key: rest for key, *rest in content(store)["runs"]}
    candidates = {f"{record.key}/candidate/{row.key}" for row in worth_a_run(record)}
    assert set(runs) == {record.key} | {f"{record.key}/round/{n}" for n in range(3)} | candidates
    assert runs[record.key] == ["eu-cam", "FINISHED", record.started_at_ms, record.finished_at_ms]
    assert runs[f"{record.key}/round/1"][2:] == [record.rounds[1].started_at_ms, record.rounds[1].finished_at_ms]


def test_curves_have_one_point_a_round_with_the_ledgers_times(record, store):
    for key in (record.key, f"{record.key}/round/2"):
        points = [row[2:5] for row in content(store)["metrics"] if row[0] == key and row[1] == "mae_kcal_mol/ensemble"]
        rounds = record.rounds[1:] if key == record.key else record.rounds[2:]
        assert sorted(points, key=lambda point: point[2]) == [
            (r.metrics["mae_kcal_mol/ensemble"], r.finished_at_ms, r.number) for r in rounds
        ]
    best = [row for row in content(store)["metrics"] if row[1].startswith("best_kcal_mol/Eu")]
    assert sorted(row[4] for row in best) == [0, 1, 2]


def test_doubts_and_contraction_are_in_the_mirror(record, tmp_path):
    doubtful = replace(record, contraction=(contraction_row(),))
    Tracker(tmp_path / "store").sync(doubtful)
    _, folders = artifacts(tmp_path / "store")
    batch = folders[f"{record.key}/round/0"]
    for row in record.rounds[0].batch:
        assert "; ".join(row.warnings) in (batch / "batch.csv").read_text()
        assert list(row.warnings) in [r["warnings"] for r in json.loads((batch / "batch.json").read_text())]
    (series,) = json.loads((folders[record.key] / "contraction.json").read_text())["series"]
    assert series["warnings"] == list(contraction_row().warnings)
    assert (folders[record.key] / "contraction.csv").exists()
    for doubt in doubtful.doubts:
        assert f"⚠ {doubt}" in guide(doubtful)


def test_a_second_store_gets_the_same_content(record, store, tmp_path):
    Tracker(tmp_path / "again").sync(record)
    # Numbers of a candidate are as of a round: a store that grew has those of earlier rounds as well.
    assert of_campaign(tmp_path / "again") == of_campaign(store)
    assert newest(tmp_path / "again") == newest(store)
    assert artifacts(tmp_path / "again")[0].keys() == artifacts(store)[0].keys()
    for key, names in artifacts(tmp_path / "again")[0].items():
        # An earlier last round keeps the page it had when it was the last one.
        assert names <= artifacts(store)[0][key]


def test_artifacts_lie_in_the_store_and_are_complete(record, store):
    names, folders = artifacts(store)
    provenance = {"campaign.yaml", "environment.json"}
    assert names[record.key] == {"top_candidates.html", "learning_curve.png", "best_per_group.png"} | provenance
    last = f"{record.key}/round/2"
    models = {"models/member-0/best.ckpt", "models/member-1/best.ckpt"}
    tables = {"batch.csv", "batch.json", "labels.csv"}
    assert names[last] == tables | {"parity.png", "top_candidates.html"} | provenance | models
    assert all(folder.is_relative_to(store) for folder in folders.values())
    batch = json.loads((folders[last] / "batch.json").read_text())
    assert [row["key"] for row in batch] == [row.key for row in record.rounds[2].batch]
    assert not Path("mlruns").exists()


def test_each_round_has_the_labels_it_learned_from_as_its_dataset(record, store):
    with sqlite3.connect(store / "mlflow.db") as database:
        found = database.execute("SELECT name, dataset_profile FROM datasets ORDER BY name").fetchall()
        inputs = database.execute("SELECT count(*) FROM inputs").fetchone()[0]
    expected = [(f"eu-cam labels after round {r.number}", r.labels) for r in record.rounds]
    assert {(name, json.loads(profile)["num_rows"]) for name, profile in found} >= set(expected)
    # What was sent while the round was open, and twice since, is no further input.
    assert inputs == len(found) == len(expected)


def test_an_experiment_of_another_name_is_the_same_and_nothing_is_doubled(record, tmp_path):
    tracker = Tracker(tmp_path / "store")
    tracker.sync(record)
    before = content(tmp_path / "store")
    client = MlflowClient(tracking_uri=tracker.uri)
    experiment = client.get_experiment_by_name("reexplore")
    client.rename_experiment(experiment.experiment_id, "extractants")
    tracker.sync(record)
    assert content(tmp_path / "store") == before
    assert {each.name for each in client.search_experiments()} - {"Default"} == {"extractants"}
    # What people say there is heard.
    run = next(r for r in client.search_runs([experiment.experiment_id]) if CANDIDATE in r.data.tags)
    client.set_tag(run.info.run_id, "review", "promote")
    assert [said.verdict for said in tracker.decisions(record.key).decisions] == ["promote"]
    # One from before there were tags has its name alone, and is marked when it is sent to.
    client.rename_experiment(experiment.experiment_id, "reexplore")
    client.delete_experiment_tag(experiment.experiment_id, "reexplore.experiment")
    tracker.sync(record)
    assert client.get_experiment(experiment.experiment_id).tags == {"reexplore.experiment": "true"}


def test_the_database_is_in_wal_mode(store):
    with sqlite3.connect(store / "mlflow.db") as database:
        assert database.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_an_interrupted_sync_is_completed_by_the_next(record, store, tmp_path, monkeypatch):
    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    folder = tmp_path / "store"
    with monkeypatch.context() as patch:
        patch.setattr(_Mirror, "_send_campaign", full)
        with pytest.raises(TrackingError, match="No space left on device"):
            Tracker(folder).sync(record)
    Tracker(folder).sync(record)
    assert of_campaign(folder) == of_campaign(store)
    assert newest(folder) == newest(store)


def test_links_lead_to_the_runs_and_to_the_page(record, store):
    links = {link.title: link.url for link in Tracker(store).links("http://localhost:5000/")}
    assert links["all runs"] == "http://localhost:5000/#/experiments/1/runs?workflowType=machine_learning"
    assert links["eu-cam: top candidates"].endswith("/artifacts/top_candidates.html?workflowType=machine_learning")
    assert "/model-metrics?" in links["eu-cam: curves"]
    assert f"reexplore.candidate_of%60%20%3D%20%27{record.key}%27" in links["eu-cam: candidates as runs"]


def test_a_server_that_is_down_is_told_in_a_moment(record):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        started = time.monotonic()
        with pytest.raises(TrackingError, match="Nothing is lost"):
            Tracker(f"http://127.0.0.1:{closed.getsockname()[1]}").sync(record)
    assert time.monotonic() - started < 10


def test_a_store_that_cannot_be_made_is_a_tracking_error(record, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(TrackingError, match="Nothing is lost"):
        Tracker(tmp_path / "file" / "store").sync(record)


def test_a_deleted_store_is_noticed_and_a_new_process_rebuilds_it(record, store, tmp_path):
    folder = tmp_path / "store"
    Tracker(folder).sync(record)
    shutil.rmtree(folder)
    with pytest.raises(TrackingError, match="a new process"):
        Tracker(folder).sync(record)
    code = (
        "import sys; from pathlib import Path; from tests.tracking.sample import campaign;"
        "from reexplore.tracking.mlflow import Tracker; model = Path(sys.argv[2]);"
        "files = {'member-0': model, 'member-1': model, 'lost': model.with_name('lost.ckpt')};"
        "Tracker(sys.argv[1]).sync(campaign(files=files))"
    )
    model = record.rounds[0].files["member-0"]
    root = Path(__file__).parents[2]
    subprocess.run([sys.executable, "-c", code, str(folder), str(model)], cwd=root, check=True, timeout=180)
    assert of_campaign(folder) == of_campaign(store)
    assert newest(folder) == newest(store)


def test_a_round_that_was_opened_again_keeps_what_it_came_to_before(record, tmp_path):
    folder, last = tmp_path / "store", record.rounds[-1]
    Tracker(folder).sync(record)
    again = replace(last, params=last.params | {"policy": "explore"}, finished_at_ms=last.finished_at_ms + 1000)
    changed = replace(record, rounds=(*record.rounds[:-1], again))
    for _ in range(2):
        Tracker(folder).sync(changed)
    found = content(folder)
    key = f"{record.key}/round/{last.number}"
    of_round = {k: dict(row[1:] for row in found["params"] if row[0] == k) for k, *_ in found["runs"] if key in k}
    before = next(k for k in of_round if k.startswith(f"{key}/before/"))
    assert set(of_round) == {key, before}
    assert of_round[key]["policy"] == "explore"
    assert of_round[before]["policy"] == last.params["policy"]
    assert next(row[1] for row in found["runs"] if row[0] == before).endswith("before it was opened again")


@pytest.mark.parametrize("name", ["?", "a?b#c%d", "what? now=1&x"])
def test_a_folder_s_name_is_no_question_to_a_database(record, tmp_path, name):
    place = tmp_path / name / "_mlflow"
    Tracker(place).sync(record)
    assert content(place)["metrics"]
    assert {path.name for path in tmp_path.iterdir()} == {name}


def test_a_moved_or_copied_store_leads_to_its_own_artifacts(record, store, tmp_path):
    """MLflow notes absolute addresses: a copy would write into what it was made of."""
    before = {path: path.read_bytes() for path in store.rglob("*") if path.is_file() and "mlflow.db" not in path.name}
    copy = shutil.copytree(store, tmp_path / "a copy, by a colleague's hand" / "store")
    later = replace(record, warnings=(*record.warnings, "said after the copy"))
    subprocess.run(
        [
            sys.executable,
            "-c",
            "import pickle, sys; from reexplore.tracking.mlflow import Tracker;"
            "Tracker(sys.argv[1]).sync(pickle.load(sys.stdin.buffer))",
            copy,
        ],
        input=pickle.dumps(later),
        check=True,
    )
    assert {p: p.read_bytes() for p in store.rglob("*") if p.is_file() and "mlflow.db" not in p.name} == before
    _, folders = artifacts(copy)
    assert all(folder.is_relative_to(copy.as_uri().removeprefix("file://")) for folder in folders.values())
    here = [path for path in copy.rglob("top_candidates.html") if "said after the copy" in path.read_text()]
    assert here
    # What was sent before the copy is not sent again.
    assert content(copy)["metrics"] == content(store)["metrics"]


def test_a_round_is_not_sent_again_when_its_candidates_change_their_ranks(record, tmp_path, monkeypatch):
    Tracker(tmp_path).sync(record)
    sent = []
    log_figure = MlflowClient.log_figure
    monkeypatch.setattr(
        MlflowClient, "log_figure", lambda *given, **named: sent.append(given[3]) or log_figure(*given, **named)
    )

    def moved(row):
        return replace(row, rank=None if row.rank is None else row.rank + 1, predicted_kcal_mol=-1.0)

    rounds = tuple(replace(r, batch=tuple(map(moved, r.batch))) for r in record.rounds)
    Tracker(tmp_path).sync(replace(record, rows=tuple(map(moved, record.rows)), rounds=rounds))
    assert sent == ["learning_curve.png", "best_per_group.png"]
    # A label that was corrected is another matter.
    (first, *rest) = rounds
    wrong = next(row for row in first.batch if row.dft_kcal_mol is not None)
    mended = replace(first, batch=tuple(replace(r, dft_kcal_mol=-1.0) if r is wrong else r for r in first.batch))
    sent.clear()
    Tracker(tmp_path).sync(replace(record, rounds=(mended, *rest)))
    assert "parity.png" in sent
