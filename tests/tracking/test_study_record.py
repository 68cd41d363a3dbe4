"""A study as tables and figures: nothing is lost on the way to CSV, and every model has its panel."""

import csv
import io

from reexplore.tracking.backtest_record import Interval
from reexplore.tracking.study_plots import parity_plots
from reexplore.tracking.study_record import Predicted, StudyRecord, StudyRow, predictions_csv


def made(models=("mean", "allegro"), *, metals=("La", "Lu"), absurd=0.0):
    measures = {"mae": Interval(1.5, 1.0, 2.0), "rmse": Interval(2.0, None, None), "r2": Interval(0.5, 0.4, 0.6)}
    rows = [StudyRow(model, "delta-binding", "random", ("part 1",), 30, 4, 4, measures) for model in models]
    some = tuple(
        Predicted(f"k{n}", metals[n % len(metals)], f"L{n}", f"L{n}", "part 1", -100.0 - n, -100.5 - n + absurd)
        for n in range(4)
    )
    return StudyRecord("k", "mine", "e", 40, 9, 2, ("a note",), tuple(rows)), [(row, some) for row in rows]


def test_rows_and_predictions_go_to_csv_whole():
    record, predictions = made()
    first, second = csv.DictReader(io.StringIO(record.to_csv()))
    assert (first["model"], first["mae"], first["mae_low"], first["mae_high"]) == ("mean", "1.5", "1.0", "2.0")
    assert (second["model"], second["rmse_low"], second["spearman"]) == ("allegro", "", "")
    told = list(csv.DictReader(io.StringIO(predictions_csv(predictions))))
    assert len(told) == 8
    assert float(told[-1]["predicted_kcal_mol"]) == -103.5
    assert record.panels == (("delta-binding", "random"),)


def test_every_model_has_a_panel_with_all_points_on_equal_axes():
    record, predictions = made(("mean", "one-hot", "boosting", "allegro"))
    ((name, figure),) = parity_plots(record, predictions).items()
    assert name == "parity-delta-binding-random.png"
    panels = [axes for axes in figure.axes if axes.get_visible()]
    assert [axes.get_title(loc="left") for axes in panels] == ["mean", "one-hot", "boosting", "allegro"]
    for axes in panels:
        assert axes.get_xlim() == axes.get_ylim()
        assert sum(len(points.get_offsets()) for points in axes.collections) == 4
        assert axes.get_xlim()[0] < -103.5 < -100 < axes.get_xlim()[1]
    # Two columns of a journal, at what journals ask for.
    assert (figure.get_size_inches()[0], figure.dpi) == (7.0, 300)


def test_absurd_predictions_are_counted_and_do_not_set_the_axes():
    record, predictions = made(("mean",), absurd=1e6)
    (figure,) = parity_plots(record, predictions).values()
    axes = figure.axes[0]
    assert axes.get_xlim()[1] < 0
    assert any("4 outside" in text.get_text() for text in axes.texts)
