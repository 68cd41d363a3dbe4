"""What is left in the folder, what is printed, and what a plan quotes."""

import io
from dataclasses import replace

import pytest
from rich.console import Console

from reexplore.backtest.result import plan_quotes, read_result, result_table, write_result
from reexplore.errors import InputError
from tests.tracking.test_backtest_record import RECORD


def test_what_is_written_is_read_again(tmp_path):
    names = {path.name for path in write_result(RECORD, tmp_path)}
    assert names == {"backtest.json", "backtest.csv", "by-labels.png", "by-core-hours.png"}
    assert {path.name for path in tmp_path.iterdir()} == names
    assert read_result(tmp_path) == RECORD


def test_the_table_keeps_its_numbers_on_eighty_columns():
    console = Console(width=80, file=io.StringIO(), record=True)
    console.print(result_table(RECORD))
    text = console.export_text()
    assert "8 count as the best 5 %" in text.replace("\n", " ")
    # At 5 and 10 % of the pool, and at the end.
    found = [line.split() for line in text.splitlines() if line.startswith(" random")]
    assert [words[1:5] for words in found] == [
        ["8", "0.10", "±", "0.05"],
        ["16", "0.15", "±", "0.05"],
        ["24", "0.20", "±", "0.05"],
    ]
    assert max(map(len, text.splitlines())) <= 80


def test_a_plan_quotes_the_policy_at_its_share_of_labels(tmp_path):
    (tmp_path / "backtest").mkdir()
    write_result(RECORD, tmp_path / "backtest")
    campaign = tmp_path / "mine.yaml"
    expected = (
        "backtest on mine.parquet (binding_energy_kcal_mol: lower): balanced, allegro found 0.50 ± 0.05 of the best 5 %"
        " with 16 of 160 labels, 5.0 times random"
    )
    assert plan_quotes(None, beside=campaign, policy="balanced", share=0.1) == [expected]
    assert plan_quotes(tmp_path / "backtest", beside=campaign, policy="balanced", share=0.1) == [expected]
    (sentence,) = plan_quotes(None, beside=campaign, policy="greedy", share=0.1)
    assert sentence.endswith("did not try the policy greedy: it tried balanced, random")


def test_a_folder_that_is_named_has_to_hold_a_result(tmp_path):
    assert plan_quotes(None, beside=tmp_path / "mine.yaml", policy="greedy", share=0.1) == []
    with pytest.raises(InputError, match="holds no result of a backtest"):
        plan_quotes(tmp_path, beside=tmp_path / "mine.yaml", policy="greedy", share=0.1)
    (tmp_path / "backtest.json").write_text("{}")
    with pytest.raises(InputError, match="cannot be read"):
        read_result(tmp_path)


def test_a_result_without_costs_has_one_plot(tmp_path):
    free = [replace(curve, points=tuple(replace(p, core_hours=None) for p in curve.points)) for curve in RECORD.curves]
    names = {path.name for path in write_result(replace(RECORD, curves=tuple(free)), tmp_path)}
    assert "by-core-hours.png" not in names
