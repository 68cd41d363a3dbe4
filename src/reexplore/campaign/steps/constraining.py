"""Which ligands the constraints of a campaign leave out, before anything is built."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from reexplore.campaign.running.context import CampaignContext
from reexplore.campaign.running.dispatcher import Job
from reexplore.chemistry.families import Family
from reexplore.errors import ExecutionError, Failure, FailureCode
from reexplore.execution.recipes import Constrained, ConstrainedList, Json
from reexplore.execution.task import Task

#: Listed ligands of one task, each of which is a family with a template of its own.
LISTED_TOGETHER = 1000
STAGE = "constraint"


@dataclass(frozen=True)
class Excluded:
    """Ligands of a family (its digest in the store) that are left out: by number which constraint did it, and why."""

    family: Family
    digest: str
    reasons: dict[int, tuple[str, str]]

    def failures(self) -> Iterator[tuple[str, Failure]]:
        """Yield the keys of all candidates that are left out, with the reason."""
        for row, (name, reason) in self.reasons.items():
            failure = Failure(FailureCode.EXCLUDED, STAGE, reason, {"constraint": name})
            yield from ((candidate.key, failure) for candidate in self.family.candidates_of(row))


def constrain(context: CampaignContext) -> Job[tuple[list[Family], tuple[Excluded, ...]]]:
    """Return the families with the ligands that keep all constraints, and what is left out."""
    whole, rules = context.pool.families, context.setup.rules
    if not rules.rules:
        return list(whole), ()
    chunks = [[(chunk, context.store.put_text(chunk.to_text())) for chunk in family.portions()] for family in whole]
    tasks = _tasks([part for family in chunks for part in family], tuple(rules.to_json()))
    outcomes = yield from context.dispatcher.run(
        list({task.key: task for task in tasks.values()}.values()), stage="constraints"
    )
    left: list[Family] = []
    excluded: list[Excluded] = []
    for family, parts in zip(whole, chunks, strict=True):
        gone: set[int] = set()
        start = 0
        for chunk, digest in parts:
            outcome = outcomes[tasks[digest].key]
            if outcome.value is None:
                raise ExecutionError(f"the constraints of {tasks[digest].title} were not told: {outcome.failure}")
            told = outcome.value["excluded"] if chunk.scaffold.sites else outcome.value["excluded_of"].get(digest, {})
            reasons = {int(row): (name, reason) for row, (name, reason) in told.items()}
            if reasons:
                excluded.append(Excluded(chunk, digest, reasons))
            gone |= {start + row for row in reasons}
            start += len(chunk.members)
        if len(gone) < len(family.members):
            left.append(family.without(gone))
    counted = excluded_by_constraint(excluded)
    if counted:
        named = ", ".join(f"{name} {count:,}" for name, count in counted.items())
        context.narrator.say(f"ligands left out by constraints: {named}")
    return left, tuple(excluded)


def _tasks(parts: Sequence[tuple[Family, str]], rules: tuple[Json, ...]) -> dict[str, Task]:
    """Return the task that judges each part, given by its digest; listed ligands share tasks."""
    tasks = {
        digest: Task.of(Constrained(digest, rules), title=f"{len(part.members)} ligands on {part.scaffold.name}")
        for part, digest in parts
        if part.scaffold.sites
    }
    listed = sorted(digest for part, digest in parts if not part.scaffold.sites)
    for start in range(0, len(listed), LISTED_TOGETHER):
        some = tuple(listed[start : start + LISTED_TOGETHER])
        tasks |= dict.fromkeys(some, Task.of(ConstrainedList(some, rules), title=f"{len(some)} listed ligands"))
    return tasks


def excluded_by_constraint(excluded: Sequence[Excluded]) -> dict[str, int]:
    """Return how many ligands each constraint leaves out, a ligand for each coordination it could have."""
    return dict(Counter(name for each in excluded for name, _ in each.reasons.values()))
