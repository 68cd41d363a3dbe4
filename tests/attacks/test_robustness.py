"""A sample of the attacks of `benchmarks/robustness.py`, and whether they would notice."""

import importlib.util
from pathlib import Path

import pytest

from tests.attacks.folders import NAMES, names
from tests.attacks.inputs import cases
from tests.attacks.trial import Answer, ask, in_a_process, outside
from tests.calculations import without_parsl

pytestmark = pytest.mark.mlflow
PROGRAM = Path(__file__).parents[2] / "benchmarks" / "robustness.py"


@pytest.fixture
def robustness():
    """Return the benchmark as a module."""
    specification = importlib.util.spec_from_file_location("robustness", PROGRAM)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


@pytest.mark.engine
def test_a_sample_of_all_attacks_changes_nothing(robustness, tmp_path, tmp_path_factory, capfd):
    counts = {"inputs": 80, "folders": 1, "kills": 1, "damages": 0, "campaigns": 3}
    found = robustness.attack(tmp_path, seed=7, counts=counts)
    # Of the campaign that is damaged only the files are of interest. Its workspace has a short name: sockets need one.
    with without_parsl():
        found |= robustness.damages(tmp_path_factory.mktemp("d"), seed=7, count=2)
    wrong = ["tracebacks", "hangs", "outside", "words", "folders_failed", "processes_left", "damages_wrong"]
    wrong += ["without_key", "without_value", "without_remedy"]
    assert {name: found[name] for name in wrong} == dict.fromkeys(wrong, 0), capfd.readouterr().err
    assert (found["kills_identical"], found["campaigns_ended_well"]) == (found["kills"], found["campaigns_run"])
    assert min(found["inputs"], found["refusals_judged"], found["kills"], found["damages"], found["campaigns_run"]) > 0


@pytest.fixture
def workspace(tmp_path):
    (tmp_path / "place" / "workspace").mkdir(parents=True)
    return tmp_path / "place" / "workspace"


def test_what_a_trial_would_notice(workspace):
    def told(code, text="", *, limit_s=20.0):
        def work():
            print(text)
            return code

        return in_a_process(work, workspace, limit_s=limit_s).complaints()

    assert told(2, "error: 'budget.labels' should be a whole number") == []
    assert told(1, "error: a fault of reexplore itself; please report it") == ["tracebacks"]
    assert told(9) == ["tracebacks"]
    assert told(2, "error: not NoneType") == ["words"]
    assert told(2, "error: ValueError") == ["words"]
    assert Answer(0, "", 21.0, 0.0, 20.0).complaints() == ["hangs"]
    assert Answer(0, "", 1.0, 1001.0, 20.0).complaints() == ["hangs"]


@pytest.mark.parametrize(("load", "times"), [(0.5, 1), (2, 1), (20, 10)])
def test_a_machine_that_others_use_is_no_hang(workspace, monkeypatch, load, times):
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    monkeypatch.setattr("os.getloadavg", lambda: (load, 0, 0))
    assert in_a_process(lambda: 0, workspace, limit_s=20.0).limit_s == 20 * times


def test_a_command_is_given_in_the_workspace_and_what_it_leaves_beside_is_seen(workspace):
    answer = ask(("campaign", "validate", "nowhere.yaml"), workspace)
    assert (answer.code, answer.complaints()) == (2, [])
    assert outside(workspace) == []
    (workspace.parent / "tmp" / "pymp-x").mkdir()
    (workspace.parent / "beside").write_text("x")
    assert sorted(outside(workspace)) == ["beside", "tmp/pymp-x"]


def test_a_seed_gives_the_same_attacks_and_another_gives_others():
    assert list(cases(3, 40)) == list(cases(3, 40)) != list(cases(4, 40))
    assert len({case.way for case in cases(3, 40)}) > 8
    assert len(set(NAMES)) == len(NAMES) >= 60
    assert names(5, seed=1) == names(5, seed=1) != names(5, seed=2)
