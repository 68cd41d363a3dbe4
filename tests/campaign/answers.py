"""Stand-ins for the dispatcher that answer at once."""

from reexplore.campaign.steps.labelling import label
from reexplore.energies.teacher import teacher_energy
from reexplore.execution.kinds import KINDS
from reexplore.execution.store import Outcome
from reexplore.structures.structure import Structure


class AtOnce:
    """Answers every job with `outcome_of(task)`, without ledger, store or workers."""

    def run(self, tasks, *, stage):  # noqa: ARG002 - the dispatcher's signature
        yield from ()
        return {task.key: self.outcome_of(task) for task in tasks}

    def finish(self, job):
        try:
            next(job)
        except StopIteration as ended:
            return ended.value
        raise AssertionError("a job waits although everything is answered at once")

    def side_by_side(self, due, *, after_turn):
        for name, job in due(()).items():
            self.finish(job)
            after_turn([name])


#: What tasks came to in this process, by their keys: sketches and invented energies are the same for every test.
_values = {}


class Remembering(AtOnce):
    """Stands in for the dispatcher: computes at once and in this process, and fails where told."""

    def __init__(self, ledger, failures):
        self.ledger, self.failures, self.asked = ledger, failures, []

    def outcome_of(self, task):
        self.asked.append(task)
        if (known := self.ledger.outcome(task.key)) is not None:
            return known
        failure = self.failures.get((task.kind, task.title))
        computed = _energy if task.kind == "energy" else lambda task: KINDS[task.kind].load()(task.inputs, None)
        if not failure and task.key not in _values:
            _values[task.key] = computed(task)
        outcome = Outcome(None if failure else _values[task.key], failure, {})
        self.ledger.plan([task])
        self.ledger.finish(task.key, outcome, reused=False)
        return outcome


def _energy(task):
    return teacher_energy(Structure.from_extxyz(task.inputs["extxyz"])).to_dict()


def labelled(context, batch):
    """Label some candidates one after the other."""
    for candidate in batch:
        context.dispatcher.finish(label(context, candidate))
