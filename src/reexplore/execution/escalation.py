"""What a calculation that failed by its run alone is given for its next attempt, or that it gets none.

Chemistry has its own ladders inside the tasks, the rungs of the self-consistent field and the runners-up of a template,
because they change what is computed; here only limits change, which no result depends on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from reexplore.config import EscalationEntry
from reexplore.errors import Failure, FailureCode
from reexplore.execution.task import Task

#: Where a failure's evidence holds how many workers the calculation took down with it.
WORKERS_LOST = "workers_lost"
#: So many, and a calculation is not submitted again unasked.
POISON = 2


def next_attempt(task: Task, failures: Sequence[Failure], rules: EscalationEntry) -> Task | None:
    """Return the task with the limits of its next attempt, or None when its last failure stands.

    `task` has the limits of the first attempt, `failures` are those of all attempts so far in their order.
    """
    if not failures or poisonous(failures):
        return None
    spent = {code: sum(failure.code is code for failure in failures) for code in FailureCode}
    # The first lost worker says nothing yet: it is tried again whatever the rule for crashes.
    spent[FailureCode.CRASHED] -= sum(WORKERS_LOST in failure.evidence for failure in failures)
    tries = {
        FailureCode.OUT_OF_MEMORY: rules.out_of_memory.tries,
        FailureCode.TIMEOUT: rules.timeout.tries,
        FailureCode.CRASHED: rules.crashed.tries,
    }
    last = failures[-1].code
    if last not in tries or spent[last] > tries[last]:
        return None
    limits = task.resources
    # A single point that was refused before its start knows what it needs.
    known_gb = max((float(failure.evidence.get("needed_gb", 0.0)) for failure in failures), default=0.0)
    memory_gb = limits.memory_gb * rules.out_of_memory.memory_factor ** spent[FailureCode.OUT_OF_MEMORY]
    time_s = limits.time_s * rules.timeout.time_factor ** spent[FailureCode.TIMEOUT]
    return replace(task, memory_gb=max(memory_gb, known_gb), time_s=time_s)


def poisonous(failures: Sequence[Failure]) -> bool:
    """Return whether a calculation took its worker down twice: it is not to be submitted again unasked."""
    return sum(int(failure.evidence.get(WORKERS_LOST, 0)) for failure in failures) >= POISON
