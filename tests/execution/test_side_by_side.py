"""Work in other processes comes back by its job, and on one thread each."""

import os

import pytest

from reexplore.errors import ExecutionError
from reexplore.execution.side_by_side import side_by_side


def told(number):
    return number**2, os.environ["OMP_NUM_THREADS"], os.getpid()


def killed(number):
    os.kill(os.getpid(), 9)


def test_every_job_comes_back_from_another_process_that_has_one_thread():
    before = os.environ.get("OMP_NUM_THREADS")
    found = dict(side_by_side(told, {"two": (2,), "three": (3,)}, workers=2, of="a test"))
    assert {job: (square, threads) for job, (square, threads, _) in found.items()} == {
        "two": (4, "1"),
        "three": (9, "1"),
    }
    assert os.getpid() not in {process for _, _, process in found.values()}
    assert os.environ.get("OMP_NUM_THREADS") == before


def test_a_process_that_is_killed_is_told_in_a_sentence():
    with pytest.raises(ExecutionError, match="a process of a test was killed"):
        list(side_by_side(killed, {"one": (1,)}, workers=1, of="a test"))
