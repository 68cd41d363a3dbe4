"""Backtests whose result is known: chance finds its share, an oracle finds all, and nothing is lost by a kill."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import psutil
import pytest

from reexplore.acquisition.policy import load_policy
from reexplore.backtest import trial as trial_module
from reexplore.backtest.measures import best_of, standings
from reexplore.backtest.run import Asked, backtest
from reexplore.backtest.trial import Bought, read_trial
from reexplore.chemistry.library import SCAFFOLDS, SUBSTITUENTS
from reexplore.config import SurrogateEntry
from reexplore.dataset.files import write_pool
from reexplore.errors import CalculationFailed, ExecutionError, FailureCode, InputError
from reexplore.surrogate.known import SURROGATES
from tests.backtest.models import NeedsGeometry, Oracle
from tests.dataset.sample import geometries_of, pool, rows

POLICIES = Path(__file__).parents[2] / "policies"
REEXPLORE = Path(sys.executable).parent / "reexplore"
COLUMN = "binding_energy_kcal_mol"


@pytest.fixture(autouse=True)
def _models(monkeypatch):
    monkeypatch.setitem(SURROGATES.here, "oracle", Oracle)
    monkeypatch.setitem(SURROGATES.here, "needy", NeedsGeometry)


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    made = pool()
    return write_pool(made, tmp_path_factory.mktemp("pool") / "mine", energy_key="e", energy=COLUMN)[0]


def asked(file, *policies, surrogate="oracle", **changes):
    size = {"start": 8, "batch": 8, "labels": 40, "seeds": 3} | changes
    return Asked(
        pool=file,
        column=size.pop("column", COLUMN),
        metals=size.pop("metals", None),
        direction=size.pop("direction", "lower"),
        policies=tuple(load_policy(POLICIES / f"{name}.yaml") for name in policies),
        surrogates=(SurrogateEntry(model=surrogate, members=2),),
        **size,
    )


def run(file, folder, *policies, workers=1, **changes):
    return backtest(asked(file, *policies, **changes), folder, workers=workers, say=lambda _: None)


def measure(record, policy, name, labels):
    (curve,) = [curve for curve in record.curves if curve.policy == policy]
    return curve.at(labels).measures[name]


def test_chance_finds_its_share_and_an_oracle_all(file, tmp_path):
    record = run(file, tmp_path, "greedy", "random", seeds=30)
    assert record.candidates == 120
    # Two metals and two charges: four groups of thirty, of which 5 % are two and 1 % is one.
    assert (record.groups, record.best) == (4, {"top1": 4, "top5": 8})
    assert measure(record, "greedy", "recall_top5", 40).mean == 1.0
    assert measure(record, "greedy", "regret", 40).mean == 0.0
    assert measure(record, "greedy", "recall_top1", 24).mean > 0.95
    for labels in (16, 24, 32, 40):
        chance = measure(record, "random", "recall_top5", labels)
        assert chance.low < labels / 120 < chance.high or abs(chance.mean - labels / 120) < 0.04
        assert measure(record, "random", "enrichment_top5", labels).mean == pytest.approx(1, abs=0.25)
    assert measure(record, "random", "regret", 40).mean > 0.5
    assert "coverage_90" not in record.curves[1].points[-1].measures


def test_costs_are_counted(file, tmp_path):
    record = run(file, tmp_path, "random")
    assert [point.core_hours for point in record.curves[0].points] == [2.0, 4.0, 6.0, 8.0, 10.0]


def test_intervals_of_an_oracle_hold_as_often_as_its_floor_says(file, tmp_path):
    # With few residuals, all of them zero, the declared floor stands: every interval holds.
    record = run(file, tmp_path, "greedy")
    assert measure(record, "greedy", "coverage_90", 40).mean == 1.0
    assert measure(record, "greedy", "batch_mae", 40).mean == pytest.approx(0.0, abs=1e-9)


def test_the_other_end_can_be_sought(file, tmp_path):
    record = run(file, tmp_path, "greedy", direction="higher", surrogate="composition")
    question = asked(file, "greedy", direction="higher").question()
    values = question.pool.values(COLUMN)
    for keys in best_of(question, 0.01):
        group = question.traits[keys[0]].group
        assert values[keys[0]] == max(v for k, v in values.items() if question.traits[k].group == group)
    assert record.objective == f"{COLUMN}: higher"


def test_selectivity_is_the_difference_of_two_metals(file, tmp_path):
    record = run(file, tmp_path, "greedy", metals=("Lu", "La"))
    question = asked(file, "greedy", metals=("Lu", "La")).question()
    values = question.pool.values(COLUMN)
    assert len(question.units) == 60
    for unit in question.units:
        lanthanum, lutetium = unit.keys
        assert unit.truth == pytest.approx(values[lutetium] - values[lanthanum])
    # One ranking across charges, in which the free ligand cancels: 5 % of sixty.
    assert (record.groups, record.best["top5"]) == (1, 3)
    assert measure(record, "greedy", "recall_top5", 40).mean == 1.0
    assert measure(record, "greedy", "coverage_90", 40).mean == 1.0


def test_what_is_expected_of_a_difference_lets_common_errors_cancel(file, tmp_path):
    run(file, tmp_path, "greedy", metals=("Lu", "La"), surrogate="composition", seeds=1)
    (trial,) = (tmp_path / "trials").iterdir()
    bought = [one for batch in read_trial(trial)[1:] for one in batch]
    assert all(one.sigma > 0 and len(one.keys) == 2 for one in bought)


@pytest.mark.parametrize("policy", sorted(path.stem for path in POLICIES.glob("*.yaml")))
def test_every_policy_runs_and_buys_nothing_twice(file, tmp_path, policy):
    run(file, tmp_path, policy, seeds=1, surrogate="composition")
    (trial,) = (tmp_path / "trials").iterdir()
    bought = [key for batch in read_trial(trial) for one in batch for key in one.keys]
    assert len(bought) == len(set(bought)) == 40


def test_policies_share_the_first_batch_of_a_seed(file, tmp_path):
    run(file, tmp_path, "greedy", "ucb", "random", seeds=2)
    firsts = [tuple(one.keys for one in read_trial(path)[0]) for path in (tmp_path / "trials").iterdir()]
    assert sorted(firsts.count(first) for first in set(firsts)) == [3, 3]


def test_a_trial_that_was_killed_ends_as_if_it_had_not_been(file, tmp_path, monkeypatch):
    undisturbed = run(file, tmp_path / "one", "balanced", surrogate="composition", seeds=2)
    bought = []

    def killed_after_five(*args, **kwargs):
        if len(bought) == 5:
            raise KeyboardInterrupt
        bought.append(1)
        return original(*args, **kwargs)

    original = trial_module._next
    monkeypatch.setattr(trial_module, "_next", killed_after_five)
    with pytest.raises(KeyboardInterrupt):
        run(file, tmp_path / "two", "balanced", surrogate="composition", seeds=2)
    monkeypatch.setattr(trial_module, "_next", original)
    assert run(file, tmp_path / "two", "balanced", surrogate="composition", seeds=2) == undisturbed


def test_a_finished_backtest_costs_nothing_and_more_is_added_to_it(file, tmp_path, monkeypatch):
    first = run(file, tmp_path, "greedy", seeds=2)
    more = run(file, tmp_path, "greedy", "balanced", seeds=3, labels=48)
    monkeypatch.setattr(trial_module, "_next", lambda *_, **__: pytest.fail("computed again"))
    assert run(file, tmp_path, "greedy", seeds=2) == first
    assert run(file, tmp_path, "greedy", "balanced", seeds=3, labels=48) == more
    assert len(list((tmp_path / "trials").iterdir())) == 6
    assert more.curves[0].points[-1].labels == 48


def test_the_whole_pool_may_be_bought(file, tmp_path):
    record = run(file, tmp_path, "greedy", labels=120, batch=50, seeds=1)
    assert [point.labels for point in record.curves[0].points] == [8, 58, 108, 120]
    assert record.curves[0].points[-1].measures["recall_top5"].mean == 1.0


def test_geometries_reach_a_surrogate_that_needs_them(tmp_path):
    made = pool(scaffolds=2)
    made = pool(made.table, geometries_of(made.table))
    bare = write_pool(pool(scaffolds=2), tmp_path / "bare", energy_key="e", energy=COLUMN)[0]
    whole = write_pool(made, tmp_path / "whole", energy_key="e", energy=COLUMN)[0]
    with pytest.raises(InputError, match="needs geometries, and 60 of 60 candidates have none"):
        run(bare, tmp_path / "out", "greedy", surrogate="needy", labels=16)
    assert run(whole, tmp_path / "out", "greedy", surrogate="needy", labels=16, seeds=1)


def test_a_damaged_trial_is_named(file, tmp_path):
    run(file, tmp_path, "random", seeds=1)
    (trial,) = (tmp_path / "trials").iterdir()
    trial.write_text(trial.read_text()[:-20])
    with pytest.raises(ExecutionError, match=f"{trial.name} is damaged: remove it"):
        run(file, tmp_path, "random", seeds=1)


def test_a_model_that_cannot_be_trained_stops_the_backtest_with_a_sentence(file, tmp_path, monkeypatch):
    def fails(*_):
        raise CalculationFailed(FailureCode.NOT_CONVERGED, "training", "the network's error is not a number")

    monkeypatch.setattr(Oracle, "train", staticmethod(fails))
    with pytest.raises(ExecutionError, match="oracle could not be trained on 8 labels with seed 0: not_converged"):
        run(file, tmp_path, "greedy")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"start": 2}, "a model needs 3 labels at least"),
        ({"start": 48}, "--start 48 is more than --labels 40"),
        ({"labels": 200}, "more than the pool has (120)"),
        ({"batch": 113}, "more than the pool has left after the start (112)"),
        ({"labels": 42}, "from 8 in batches of 8 take 40 or 48"),
        ({"column": "size"}, "no property 'size'"),
        ({"metals": ("Lu", "Gd")}, "no ligand of the pool has labels with both Lu and Gd"),
        ({"metals": ("Lu", "Lu")}, "Lu"),
        ({"metals": ("Lu", "Fe")}, "Fe"),
        ({"metals": ("Lu", "La"), "batch": 7}, "each ligand is labelled with 2 metals"),
    ],
)
def test_what_cannot_be_asked_is_said_before_anything_runs(file, tmp_path, changes, message):
    with pytest.raises(InputError) as refused:
        run(file, tmp_path / "out", "greedy", **changes)
    assert message in str(refused.value)
    assert not (tmp_path / "out").exists()


def test_a_pool_of_single_candidates_has_nothing_to_rank(tmp_path):
    made = pool()
    alone = made.table.groupby(["metal", "ligand_charge"]).head(1)
    lonely = write_pool(pool(alone), tmp_path / "a", energy_key="e", energy=COLUMN)[0]
    with pytest.raises(InputError, match="every group has a single one"):
        run(lonely, tmp_path / "out", "greedy", start=3, batch=1, labels=4)


def test_regret_of_a_group_without_a_label_is_that_of_its_mean(file):
    question = asked(file, "greedy").question()
    (first, *_), *others = question.groups.values()
    (found,) = standings(question, [[Bought(first.keys, "seed")]])
    gaps = [first.truth - min(unit.truth for unit in question.groups[first.group])]
    gaps += [np.mean([u.truth for u in units]) - min(u.truth for u in units) for units in others]
    assert found.measures["regret"] == pytest.approx(np.mean(gaps))


@pytest.mark.engine
def test_processes_give_what_one_gives_and_a_killed_driver_leaves_none(file, tmp_path):
    # A surrogate of this file is not known in other processes: the composition line is.
    one = run(file, tmp_path / "one", "balanced", surrogate="composition", seeds=2, labels=24)
    command = [
        *(str(REEXPLORE), "backtest", str(file), "--labels", "24", "--start", "8"),
        *("--batch", "8", "--seeds", "2", "--members", "2", "--surrogate", "composition", "--workers", "2"),
        *("--out", str(tmp_path / "two"), "-w", str(tmp_path), "--json"),
    ]
    driver = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
    trials = tmp_path / "two" / "trials"
    while not (trials.is_dir() and list(trials.glob("*.json"))) and driver.poll() is None:
        time.sleep(0.1)
    workers = psutil.Process(driver.pid).children(recursive=True)
    os.kill(driver.pid, signal.SIGKILL)
    driver.wait()
    _, alive = psutil.wait_procs(workers, timeout=20)
    assert alive == []
    again = subprocess.run(command, capture_output=True, text=True, check=True)
    told = json.loads(again.stdout)
    (mine,) = [curve for curve in told["curves"] if curve["policy"] == "balanced"]
    expected = json.loads(json.dumps(replace(one.curves[0]).__dict__, default=lambda value: value.__dict__))
    assert mine["points"] == expected["points"]
    assert (tmp_path / "two" / "by-labels.png").stat().st_size > 10_000
    assert {Path(f).name for f in told["files"]} >= {"backtest.json", "backtest.csv", "by-labels.png"}


@pytest.mark.parametrize("surrogate", ["tabular", "stack"])
def test_models_of_ligands_need_no_geometry_but_the_parts_of_ligands(file, tmp_path, surrogate):
    table = pd.DataFrame(rows(1, 8, energy=lambda _, hydrogens, metal: 3.0 * hydrogens + (metal == "Lu")))
    scaffold = SCAFFOLDS["HOPO"]
    groups = [each.smiles for each in list(SUBSTITUENTS.values())[:8]]
    table["scaffold_smiles"] = scaffold.smiles
    table["substituent_smiles"] = [[groups[int(key[2:4])]] for key in table["key"]]
    whole = write_pool(pool(table), tmp_path / "parts", energy_key="e", energy=COLUMN)[0]
    record = run(whole, tmp_path / "out", "balanced", surrogate=surrogate, start=4, batch=4, labels=12, seeds=1)
    assert [point.labels for point in record.curves[0].points] == [4, 8, 12]
    assert record.curves[0].points[-1].measures["coverage_90"].mean >= 0.0
    with pytest.raises(InputError, match="the pool has no column scaffold_smiles"):
        run(file, tmp_path / "none", "balanced", surrogate=surrogate)


def _sum(carbons, hydrogens, metal):
    """Return what a composition line can learn, and noise that it cannot."""
    noise = float(np.random.default_rng([carbons, hydrogens, len(metal)]).normal(scale=0.5))
    return 3.0 * carbons - 2.0 * hydrogens + (4.0 if metal == "Lu" else 0.0) + noise


def _written(folder, name, table):
    return write_pool(pool(table), folder / name, energy_key="e", energy=COLUMN)[0]


def test_labels_of_others_are_worth_labels(tmp_path):
    everything = rows(scaffolds=8, energy=_sum)
    mine = [row for row in everything if row["scaffold"] in {"S0", "S1", "S2", "S3"}]
    theirs = [row for row in everything if row not in mine]
    file, other = _written(tmp_path, "mine", mine), _written(tmp_path, "theirs", [*theirs, *mine[:5]])
    size = {"surrogate": "composition", "seeds": 2, "start": 4, "batch": 4, "labels": 16}
    alone = run(file, tmp_path / "out", "greedy", **size)
    made = sorted((tmp_path / "out" / "trials").iterdir())
    record = run(file, tmp_path / "out", "greedy", learn_from=other, **size)
    without, beside = record.curves
    assert (without,) == alone.curves
    assert beside.name == "greedy, composition, with theirs"
    assert set(made) < set((tmp_path / "out" / "trials").iterdir())
    assert beside.points[0].measures == without.points[0].measures
    ratio = record.shipped_labels_ratio["greedy, composition"]
    assert ratio.mean < 1
    assert ratio.low <= ratio.mean <= ratio.high
    # What the pool has itself is not known before it is bought.
    assert any("learned from 120 labels of theirs" in note for note in record.notes)
    with pytest.raises(InputError, match="has no label"):
        run(file, tmp_path / "none", "greedy", learn_from=file, **size)


def test_labels_of_another_level_are_refused(file, tmp_path):
    other = _written(tmp_path, "other", [row | {"level": "quick"} for row in rows(scaffolds=6)])
    with pytest.raises(InputError, match="level is quick there and gfn2 in the pool"):
        run(file, tmp_path, "greedy", learn_from=other)
