"""A campaign that is done without all it was asked for says so, and does not end with 0."""

from types import SimpleNamespace

import pytest

from reexplore.campaign.declaration.assembled import pool_of
from reexplore.campaign.results import shortcomings as module
from reexplore.campaign.results.shortcomings import shortcomings
from reexplore.chemistry.families import families
from reexplore.errors import Failure, FailureCode, IncompleteError
from tests.campaign.test_loop import small


def _failure(code):
    return Failure(code, "quality", "gone", {})


@pytest.fixture
def setting(tmp_path, monkeypatch):
    setup = small(tmp_path)
    pool = pool_of(setup, ())
    candidates = list(pool.candidates())

    def told(labelled=(), failed=(), parts=(), finalists=(), setup=setup):
        screening = SimpleNamespace(refused=dict, parts=parts)
        monkeypatch.setattr(module, "recall_screening", lambda *_: screening)
        ledger = SimpleNamespace(
            labels=lambda: dict.fromkeys(c.key for c in labelled),
            label_failures=lambda: {c.key: f for c, f in failed},
            finalist_failures=lambda: {c.key: f for c, f in finalists},
            proposed=list,
        )
        return shortcomings(setup, ledger)

    return candidates, told, setup


def test_nothing_is_missing(setting):
    candidates, told, _ = setting
    assert told(labelled=candidates[:4]) == ()
    assert told(labelled=candidates[:4], failed=[(candidates[5], _failure(FailureCode.DONOR_LOST))]) == ()


def test_nothing_was_labelled(setting):
    candidates, told, _ = setting
    assert told() == ("nothing was labelled: no candidate was chosen",)
    failed = [(c, _failure(FailureCode.DONOR_LOST)) for c in candidates[:3]]
    failed += [(candidates[3], _failure(FailureCode.CRASHED))]
    assert told(failed=failed) == ("nothing was labelled: donor_lost 3, crashed 1",)


def test_a_group_of_which_all_failed(setting):
    candidates, told, _ = setting
    group = candidates[0].group
    mine = [c for c in candidates if c.group == group]
    failed = [(c, _failure(FailureCode.WATER_LOST)) for c in mine]
    others = [c for c in candidates if c.group != group]
    assert told(labelled=others[:1], failed=failed) == (
        f"no candidate of {group.name} is left: water_lost {len(mine)}",
    )
    assert told(labelled=[*others[:1], mine[0]], failed=failed[1:]) == ()


def test_a_scaffold_that_a_crash_took_away(setting):
    candidates, told, setup = setting
    family = next(iter(families(setup.space)))
    crashed = SimpleNamespace(family=family, failure=_failure(FailureCode.CRASHED))
    impossible = SimpleNamespace(family=family, failure=_failure(FailureCode.BUILD_FAILED))
    (sentence,) = told(labelled=candidates[:1], parts=[crashed, crashed])
    assert sentence.startswith(f"the scaffold {family.scaffold.name} (1 L, 6 H2O) is missing")
    assert "retry --class crashed" in sentence
    # What chemistry refuses is no crash.
    assert told(labelled=candidates[:1], parts=[impossible]) == ()


def test_finalists_that_were_asked_for(setting, tmp_path):
    candidates, told, _ = setting
    lost = [(candidates[0], _failure(FailureCode.NOT_CONVERGED)), (candidates[1], _failure(FailureCode.TIMEOUT))]
    asking = small(tmp_path, theory={"level": "teacher", "builders": ["sketch"], "relax": "dft"})
    assert told(labelled=candidates[:4], finalists=lost, setup=asking) == (
        "2 finalists are not relaxed: not_converged 1, timeout 1",
    )
    assert told(labelled=candidates[:4], finalists=lost) == ()


def test_the_exit_code_is_its_own():
    assert IncompleteError("x").exit_code == 7
