"""`reexplore study` from the command line."""

import csv
import json
from pathlib import Path

import pytest

from tests.commands import reexplore
from tests.study.sample import COLUMN, pool_file


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    found = tmp_path_factory.mktemp("pools")
    pool_file(found)
    return found


def test_a_study_leaves_tables_plots_and_runs_behind_and_says_the_same_again(folder, tmp_path):
    asked = ["study", str(folder / "mine.parquet"), "--model", "composition", "--split", "random", "--workers", "1"]
    ended = reexplore(*asked, "--seeds", "2", "--json", cwd=tmp_path)
    assert ended.returncode == 0, ended.stderr
    told = json.loads(ended.stdout)
    assert (told["column"], told["candidates"]) == (COLUMN, 32)
    names = {Path(file).name for file in told["files"]}
    plots = {"parity-binding-random.png", "parity-absolute-random.png"}
    assert names == {"study.json", "study.csv", "predictions.csv", *plots}
    place = tmp_path / "runs" / "studies" / "mine"
    assert all((place / name).stat().st_size > 100 for name in names)
    with (place / "predictions.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == sum(row["tested"] for row in told["rows"])
    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri=f"sqlite:///{tmp_path / 'runs' / '_mlflow' / 'mlflow.db'}")
    (experiment,) = [each for each in client.search_experiments() if each.name == "reexplore"]
    runs = client.search_runs([experiment.experiment_id])
    assert len(runs) == 1 + len(told["rows"])
    (one,) = [each for each in runs if each.data.params.get("model") == "one-hot" and "absolute" in each.info.run_name]
    (row,) = [each for each in told["rows"] if (each["model"], each["strategy"]) == ("one-hot", "absolute")]
    assert one.data.metrics["mae"] == pytest.approx(row["measures"]["mae"]["mean"])
    again = reexplore(*asked, "--seeds", "2", cwd=tmp_path)
    text = " ".join(again.stdout.split())
    assert "fits" not in text.partition("mine.parquet:")[0]
    assert "binding, random: 28 learned, 8 of" in text
    assert f"written to {place}" in text.replace(" /", " /")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere"], "nowhere is no pool file"),
        (["{pool}", "--model", "alegro"], "did you mean 'allegro'"),
        (["{pool}", "--strategy", "delta"], "unknown strategy 'delta'"),
        (["{pool}", "--split", "scaffold=HDVE"], "the file has no such scaffold"),
        (["{pool}", "--train", "4000"], "--train 4000: the split random leaves"),
        (["{pool}", "--beside", "nowhere.csv"], "--beside: nowhere.csv is no CSV file"),
    ],
)
def test_errors_are_one_sentence_and_change_nothing(folder, tmp_path, arguments, message):
    ended = reexplore("study", *(each.format(pool=folder / "mine.parquet") for each in arguments), cwd=tmp_path)
    assert ended.returncode == 2
    assert message in " ".join(ended.stderr.split())
    assert list(tmp_path.iterdir()) == []
