"""`reexplore dataset` and `reexplore backtest` from the command line."""

import json

import pytest

from reexplore.dataset.files import write_pool
from tests.commands import reexplore
from tests.dataset.sample import geometries_of, pool

COLUMN = "binding_energy_kcal_mol"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = pool()
    found = tmp_path_factory.mktemp("pools")
    write_pool(pool(made.table, geometries_of(made.table)), found / "mine", energy_key="total_energy", energy=COLUMN)
    return found


def test_import_writes_a_pool_and_says_what_is_in_it(folder, tmp_path):
    ended = reexplore(
        "dataset", "import", str(folder / "mine.extxyz.xz"), "--out", "again/mine", "--json", cwd=tmp_path
    )
    told = json.loads(ended.stdout)
    assert (told["labels"], told["groups"], told["properties"]) == (120, 4, [COLUMN])
    assert sorted(path.name for path in (tmp_path / "again").iterdir()) == ["mine.extxyz.xz", "mine.parquet"]


def test_a_backtest_says_what_it_found_and_where_it_lies(folder, tmp_path):
    asked = ["backtest", str(folder / "mine.parquet"), "--surrogate", "composition", "--labels", "24", "--workers", "1"]
    ended = reexplore(*asked, "--seeds", "2", "--start", "8", "--batch", "8", cwd=tmp_path)
    assert ended.returncode == 0, ended.stderr
    text = " ".join(ended.stdout.split())
    assert "4/4 trials: random, seed 1" in text
    assert "note: GFN2-xTB binds ligands to bare ions" in text
    assert f"written to {tmp_path / 'runs' / 'backtests' / 'mine'}" in text.replace(" /", " /")
    assert (tmp_path / "runs" / "backtests" / "mine" / "backtest.csv").is_file()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["backtest", "nowhere", "--labels", "24"], "nowhere is no pool file"),
        (["backtest", "{pool}"], "Missing option"),
        (["backtest", "{pool}", "--labels", "24", "--policy", "gredy"], "did you mean 'greedy'"),
        (["backtest", "{pool}", "--labels", "24", "--surrogate", "alegro"], "did you mean 'allegro'"),
        (["backtest", "{pool}", "--labels", "24", "--selectivity", "Lu"], "give two metals joined by a comma"),
        (["backtest", "{pool}", "--labels", "24", "--property", "size"], "has no property 'size'"),
        (["dataset", "import", "nowhere.extxyz", "--out", "x"], "cannot read nowhere.extxyz"),
        (["dataset", "export", "nowhere", "--out", "x"], "no campaign 'nowhere'"),
        (["dataset", "export", "quickstart", "--out", "x"], "holds no campaign yet"),
    ],
)
def test_errors_are_one_sentence_and_change_nothing(folder, tmp_path, arguments, message):
    ended = reexplore(*(each.format(pool=folder / "mine.parquet") for each in arguments), cwd=tmp_path)
    assert ended.returncode == 2
    assert message in " ".join(ended.stderr.split())
    assert "Traceback" not in ended.stderr
    assert list(tmp_path.iterdir()) == []
