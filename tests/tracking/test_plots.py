import math
from dataclasses import replace

from reexplore.tracking.plots import best_per_group, learning_curve, parity_plot
from tests.tracking.sample import campaign


def words(figure):
    (axes,) = figure.axes
    legend = [t.get_text() for t in axes.get_legend().get_texts()] if axes.get_legend() else []
    return " ".join([*(t.get_text() for t in axes.texts), *legend])


def test_parity_has_every_label_and_the_errors_of_all_models():
    round_ = campaign().rounds[1]
    figure = parity_plot(round_)
    (axes,) = figure.axes
    (points,) = [c.lines[0] for c in axes.containers]
    assert list(points.get_xdata()) == [p.observed_kcal_mol for p in round_.parity]
    assert list(points.get_ydata()) == [p.predicted_kcal_mol for p in round_.parity]
    assert axes.get_xlim() == axes.get_ylim()
    for text in ("ensemble 4.50", "composition 10.00", "Morgan + ridge 7.07", "predicted before labelling"):
        assert text in words(figure)


def test_parity_keeps_fitted_points_apart():
    round_ = campaign().rounds[1]
    mixed = replace(round_, parity=(*round_.parity[:1], replace(round_.parity[1], before_labelling=False)))
    (axes,) = parity_plot(mixed).axes
    assert [len(c.lines[0].get_xdata()) for c in axes.containers] == [1, 1]
    assert "fitted" in words(axes.figure)


def test_learning_curve_has_one_line_per_model_over_the_labels_in_hand():
    rounds = campaign().rounds
    (axes,) = learning_curve(rounds).axes
    lines = {line.get_label(): line for line in axes.lines}
    assert set(lines) == {"ensemble", "composition", "Morgan + ridge"}
    assert list(lines["ensemble"].get_xdata()) == [r.labels for r in rounds[1:]]
    assert list(lines["ensemble"].get_ydata()) == [4.5, 3.0]


def test_best_per_group_ends_at_the_strongest_label_and_says_what_it_leaves_out():
    record = campaign()
    (axes,) = best_per_group(record, groups=1).axes
    (line,) = axes.lines
    labels = [r.dft_kcal_mol for r in record.rows if r.group == line.get_label() and r.dft_kcal_mol is not None]
    assert line.get_ydata()[-1] == min(labels)
    assert axes.get_title("right") == "1 of 2 groups"


def test_nothing_to_show_is_said(tmp_path):
    record = replace(campaign(), rows=(), rounds=())
    empty = replace(campaign().rounds[0], parity=(), metrics={"mae_kcal_mol/ensemble": math.nan})
    figures = [parity_plot(empty), learning_curve(()), best_per_group(record)]
    for number, figure in enumerate(figures):
        assert words(figure)
        figure.savefig(tmp_path / f"{number}.png")
        assert (tmp_path / f"{number}.png").stat().st_size > 1000
