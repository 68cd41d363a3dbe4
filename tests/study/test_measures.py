"""Measures against numbers that scikit-learn and SciPy give, and what intervals follow."""

import numpy as np
import pytest
from scipy.stats import spearmanr
from sklearn.metrics import mean_absolute_error, r2_score, root_mean_squared_error

from reexplore.study.measures import measured
from reexplore.tracking.study_record import Predicted


def made(ligands=12, each=5, *, seed=0, shift=0.0, noise=1.0):
    random = np.random.default_rng(seed)
    found = []
    for ligand in range(ligands):
        off = shift * random.normal()
        for number in range(each):
            label = float(random.normal(scale=10))
            said = label + off + noise * float(random.normal())
            found.append(Predicted(f"{ligand}-{number}", "La", f"L{ligand}", f"L{ligand}", "part 1", label, said))
    return found


def test_measures_are_those_of_other_libraries():
    some = made(shift=2.0)
    label = [each.label_kcal_mol for each in some]
    said = [each.predicted_kcal_mol for each in some]
    found = {name: interval.mean for name, interval in measured(some).items()}
    assert found["mae"] == pytest.approx(mean_absolute_error(label, said))
    assert found["rmse"] == pytest.approx(root_mean_squared_error(label, said))
    assert found["r2"] == pytest.approx(r2_score(label, said))
    assert found["spearman"] == pytest.approx(spearmanr(label, said).statistic)


def test_an_error_that_a_group_shares_is_gone_within_it():
    found = measured(made(shift=20.0, noise=0.0))
    assert found["mae"].mean > 5
    assert found["mae_within"].mean == pytest.approx(0, abs=1e-9)


def test_groups_of_one_tell_nothing_of_what_is_within():
    assert "mae_within" not in measured(made(each=1))


def test_intervals_are_of_ligands_and_not_of_complexes():
    # What a ligand's complexes err together widens the interval: twelve ligands are twelve numbers.
    alone, together = measured(made(shift=0.0, noise=3.0))["mae"], measured(made(shift=3.0, noise=0.1))["mae"]
    assert together.high - together.low > 2 * (alone.high - alone.low)
    assert alone.low < alone.mean < alone.high


def test_an_interval_holds_as_often_as_it_says():
    truth = np.sqrt(2 / np.pi)
    inside = [found.low <= truth <= found.high for s in range(40) for found in [measured(made(30, 1, seed=s))["mae"]]]
    assert 0.75 < np.mean(inside) <= 0.975


def test_few_ligands_have_no_interval_and_equal_labels_no_order():
    found = measured(made(ligands=4))
    assert found["mae"].low is None
    flat = [Predicted(str(n), "La", "L", "L", "p", 1.0, 1.0 + n) for n in range(9)]
    assert measured(flat).keys() == {"mae", "rmse", "mae_within"}
