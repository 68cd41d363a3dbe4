"""A backtest as it is drawn, tracked and written."""

import csv
import io
import json
from dataclasses import replace

import pytest

from reexplore.tracking.backtest_record import MEASURES, BacktestRecord, Curve, CurvePoint, Interval
from reexplore.tracking.mlflow import Tracker
from reexplore.tracking.plots import backtest_curves
from tests.tracking.test_mlflow import artifacts, content


def point(labels, found, *, hours=None, **more):
    measures = {"recall_top1": found, "recall_top5": found, "enrichment_top5": 10 * found, "regret": 1 - found} | more
    return CurvePoint(labels, hours, {name: Interval(m, m - 0.05, m + 0.05) for name, m in measures.items()})


RECORD = BacktestRecord(
    key="0123456789abcdef",
    pool="mine.parquet",
    objective="binding_energy_kcal_mol: lower",
    unit="kcal/mol",
    candidates=160,
    groups=4,
    best={"top1": 4, "top5": 8},
    start=8,
    batch=8,
    labels=24,
    notes=("invented",),
    curves=(
        Curve(
            "balanced",
            "allegro",
            3,
            (point(8, 0.1, hours=2.0), point(16, 0.5, hours=4.0, coverage_90=0.9), point(24, 0.9, hours=6.0)),
        ),
        Curve("random", "", 3, (point(8, 0.1, hours=2.0), point(16, 0.15, hours=4.0), point(24, 0.2, hours=6.0))),
    ),
)


def test_it_survives_json():
    assert BacktestRecord.from_dict(json.loads(json.dumps(RECORD.to_dict()))) == RECORD


def test_the_table_has_every_point_with_its_interval():
    rows = list(csv.DictReader(io.StringIO(RECORD.to_csv())))
    assert [(row["policy"], row["labels"]) for row in rows][:4] == [
        *(("balanced", labels) for labels in ("8", "16", "24")),
        ("random", "8"),
    ]
    assert (rows[1]["recall_top5"], rows[1]["recall_top5_low"], rows[1]["coverage_90"]) == ("0.5", "0.45", "0.9")
    assert rows[0]["coverage_90"] == ""
    assert set(MEASURES) <= set(rows[0])


def test_an_interval_is_read_with_its_longer_half():
    assert str(Interval(0.9, 0.7, 1.0)) == "0.90 ± 0.20"
    assert str(Interval(0.9, None, None)) == "0.90"


@pytest.mark.parametrize("against_cost", [False, True])
def test_every_curve_is_drawn_where_it_has_points(against_cost):
    figure = backtest_curves(RECORD, against_cost=against_cost)
    recall, _, regret, coverage = figure.axes
    lines = {line.get_label(): line for line in recall.lines}
    assert list(lines) == ["balanced, allegro", "random"]
    assert list(lines["random"].get_xdata()) == ([2.0, 4.0, 6.0] if against_cost else [8, 16, 24])
    assert list(lines["random"].get_ydata()) == [0.1, 0.15, 0.2]
    assert "kcal/mol" in regret.get_title("left")
    assert [line.get_label() for line in coverage.lines][:1] == ["balanced, allegro"]
    assert {text.get_text() for text in recall.get_legend().get_texts()} == set(lines)


def test_without_costs_nothing_is_drawn_against_them():
    free = [replace(curve, points=tuple(replace(p, core_hours=None) for p in curve.points)) for curve in RECORD.curves]
    assert not backtest_curves(replace(RECORD, curves=tuple(free)), against_cost=True).axes[0].lines


def test_mlflow_has_a_run_for_each_curve_and_is_told_once(tmp_path):
    Tracker(tmp_path / "store").send_backtest(RECORD)
    first = content(tmp_path / "store")
    Tracker(tmp_path / "store").send_backtest(RECORD)
    assert content(tmp_path / "store") == first
    key = f"backtest/{RECORD.key}"
    assert {row[0] for row in first["runs"]} == {key, f"{key}/balanced, allegro", f"{key}/random"}
    found = {(row[1], row[4]): row[2] for row in first["metrics"] if row[0] == f"{key}/balanced, allegro"}
    assert found["recall_top5", 16] == 0.5
    assert found["recall_top5 low", 16] == 0.45
    assert artifacts(tmp_path / "store")[0][key] == {"backtest.json", "backtest.csv", "by-labels.png"}
