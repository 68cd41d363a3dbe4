"""What failed by its run alone gets more of what it lacked, so often and no oftener."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reexplore.config import EscalationEntry
from reexplore.errors import RUN_ONLY, Failure, FailureCode
from reexplore.execution.escalation import WORKERS_LOST, next_attempt, poisonous
from reexplore.execution.task import Task

TASK = Task("energy", {"x": 1}, "H2O", memory_gb=3.0, time_s=100.0)
DEFAULT = EscalationEntry()

tries = st.integers(0, 4)
factors = st.floats(1, 10)
rules = st.builds(
    lambda a, f, b, g, c: EscalationEntry.model_validate(
        {
            "out_of_memory": {"tries": a, "memory_factor": f},
            "timeout": {"tries": b, "time_factor": g},
            "crashed": {"tries": c},
        }
    ),
    tries,
    factors,
    tries,
    factors,
    tries,
)


def failed(code, **evidence):
    return Failure(code, "energy", "so it was", evidence)


OOM, LATE, CRASH = (failed(code) for code in (FailureCode.OUT_OF_MEMORY, FailureCode.TIMEOUT, FailureCode.CRASHED))
LOST = failed(FailureCode.CRASHED, **{WORKERS_LOST: 1})


@pytest.mark.parametrize(
    ("failures", "memory_gb", "time_s"),
    [
        ([OOM], 6, 100),
        ([OOM, OOM], 12, 100),
        ([LATE], 3, 200),
        ([CRASH], 3, 100),
        ([LATE, OOM], 6, 200),
        ([OOM, CRASH], 6, 100),
        ([LOST], 3, 100),
        ([LOST, CRASH], 3, 100),
        ([failed(FailureCode.OUT_OF_MEMORY, needed_gb=20.5)], 20.5, 100),
    ],
)
def test_the_next_attempt_has_more_of_what_was_lacking(failures, memory_gb, time_s):
    following = next_attempt(TASK, failures, DEFAULT)
    assert (following.memory_gb, following.time_s) == (memory_gb, time_s)


@pytest.mark.parametrize(
    "failures",
    [[], [OOM] * 3, [LATE] * 2, [CRASH] * 2, [LOST, OOM, LOST], [failed(FailureCode.NOT_CONVERGED)], [OOM, LATE, LATE]],
)
def test_a_failure_stands_when_its_tries_are_spent_or_it_is_chemistry(failures):
    assert next_attempt(TASK, failures, DEFAULT) is None


def test_what_took_its_worker_down_twice_is_poison_whatever_the_rules():
    generous = EscalationEntry.model_validate({"crashed": {"tries": 10}})
    assert not poisonous([LOST, CRASH, CRASH])
    assert poisonous([LOST, CRASH, LOST])
    assert next_attempt(TASK, [LOST, CRASH, LOST], generous) is None
    assert next_attempt(TASK, [failed(FailureCode.CRASHED, **{WORKERS_LOST: 2})], generous) is None


@given(rules, st.lists(st.sampled_from(sorted(FailureCode)), max_size=20))
def test_attempts_end_keep_their_key_and_never_get_less(rules, codes):
    attempt, failures = TASK, []
    for code in codes:
        failures.append(failed(code))
        following = next_attempt(TASK, failures, rules)
        if following is None:
            break
        assert code in RUN_ONLY
        assert following.key == TASK.key
        assert following.resources.memory_gb >= attempt.resources.memory_gb
        assert following.resources.time_s >= attempt.resources.time_s
        attempt = following
    assert len(failures) <= rules.out_of_memory.tries + rules.timeout.tries + rules.crashed.tries + 1
