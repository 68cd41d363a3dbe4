"""Whether a campaign ends before its labels are spent: the rules of its file, and what they were judged by.

They are judged at each choice, of which the expected improvement is a by-product. A verdict stands in the ledger with
its numbers; it is that of one model, one set of rules and the decisions of people that were known.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from math import hypot
from typing import Any, Self

from reexplore.campaign.declaration.setup import Setup
from reexplore.campaign.ledger.ledger import Ledger
from reexplore.campaign.ledger.ranked import Ranking, rankings
from reexplore.campaign.steps.learning import learned_from, newest_model
from reexplore.config import StopEntry
from reexplore.properties import Goals
from reexplore.properties.label import Label

#: Where the ledger keeps the verdicts, in the order in which they were reached.
_META = "ending"


@dataclass(frozen=True)
class Evidence:
    """What one rule was judged by: whether it holds, in words why, and the `value` that it looked at, if there was one.

    The value is in the unit of what is sought.
    """

    rule: str
    holds: bool
    told: str
    value: float | None = None


@dataclass(frozen=True)
class Verdict:
    """What the rules say after a round: whether the campaign ends there, and the evidence for each rule."""

    round: int
    model: str
    decisions: int
    rules: dict[str, Any]
    evidence: tuple[Evidence, ...]

    @property
    def ends(self) -> bool:
        """Return whether a rule holds."""
        return any(each.holds for each in self.evidence)

    @property
    def reason(self) -> str:
        """Return why the campaign ends, or of each rule why it goes on."""
        shown = [each for each in self.evidence if each.holds] or self.evidence
        return "; ".join(f"{each.rule}: {each.told}" for each in shown)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Read it from `dataclasses.asdict`."""
        return cls(**{**data, "evidence": tuple(Evidence(**each) for each in data["evidence"])})


def verdicts(ledger: Ledger) -> list[Verdict]:
    """Return every verdict that was reached, the newest last."""
    return [Verdict.from_dict(data) for data in json.loads(ledger.meta(_META) or "[]")]


def standing_verdict(setup: Setup, ledger: Ledger, *, decisions: int) -> Verdict | None:
    """Return the verdict on the newest model by the rules of the file; None where it was not reached yet."""
    stop, model = setup.file.budget.stop, newest_model(ledger.rounds())
    if stop is None or model is None:
        return None
    wanted = (model.forecast, decisions, stop.rules)
    return next((v for v in reversed(verdicts(ledger)) if (v.model, v.decisions, v.rules) == wanted), None)


def judged(
    setup: Setup,
    ledger: Ledger,
    labels: Mapping[str, Label],
    improvement: Sequence[float] | None,
    *,
    decisions: int,
) -> Verdict | None:
    """Return what the rules say of the newest model, and enter it; None without rules.

    `labels` are those that candidates are measured against, `improvement` is what the best free candidate is expected
    to improve each goal by.
    """
    stop, models = setup.file.budget.stop, {r.number: r.model for r in ledger.rounds() if r.model}
    if stop is None or not models:
        return None
    number, model = list(models.items())[-1]
    past = _Past(setup.goals, labels, tuple(learned_from(ledger, each) for each in models.values()))
    evidence = tuple(_evidence(stop, past, improvement))
    found = Verdict(number, model.forecast, decisions, stop.rules, evidence)
    others = [v for v in verdicts(ledger) if (v.model, v.decisions, v.rules) != (found.model, decisions, found.rules)]
    ledger.set_meta(**{_META: json.dumps([asdict(each) for each in (*others, found)], allow_nan=False)})
    return found


@dataclass(frozen=True)
class _Past:
    """The labels that each model was trained on, the newest last."""

    goals: Goals
    labels: Mapping[str, Label]
    known: tuple[set[str], ...]

    def ago(self, rounds: int) -> dict[tuple[str, str], Ranking] | None:
        """Return the rankings of so many rounds ago by group and title; None where there was no model yet."""
        if len(self.known) <= rounds:
            return None
        known = self.known[-1 - rounds]
        found = rankings({key: label for key, label in self.labels.items() if key in known}, self.goals)
        return {(ranking.group, ranking.title): ranking for ranking in found}

    def too_early(self, rounds: int) -> str:
        return f"it looks back {rounds} rounds, and {len(self.known) - 1} have followed on the first model"


def _evidence(stop: StopEntry, past: _Past, improvement: Sequence[float] | None) -> list[Evidence]:
    found = []
    if (count := stop.no_improvement_rounds) is not None:
        found.append(_improvement(past, count))
    if (limit := stop.expected_improvement_below) is not None:
        found.append(_expected(improvement, limit, [goal.quantity.unit for goal in past.goals.goals] or ["kcal/mol"]))
    if (same := stop.same_best) is not None:
        found.append(_same(past, same.best, same.rounds))
    return found


def _improvement(past: _Past, count: int) -> Evidence:
    rule, now, before = "no_improvement_rounds", past.ago(0) or {}, past.ago(count)
    if before is None:
        return Evidence(rule, False, past.too_early(count))
    found: list[tuple[float, float, str]] = []
    for which, ranking in now.items():
        if which not in before:
            return Evidence(rule, False, f"{ranking.group} has its first label in the last {count} rounds")
        first, last = (each.values[each.ordered[0]] for each in (before[which], ranking))
        by, error = ranking.sign * (first.value - last.value), hypot(first.error or 0.0, last.error or 0.0)
        told = f"{ranking.title} of {ranking.group}, by {by:.2f} {ranking.unit} (error {error:.2f})"
        found.append((by, error, told))
    if not found:
        return Evidence(rule, False, "nothing is ranked yet")
    by, error, told = max(found, key=lambda each: each[0] - each[1])
    return Evidence(rule, by <= error, f"in the last {count} rounds the best label improved most in {told}", by)


def _expected(improvement: Sequence[float] | None, limit: float, units: Sequence[str]) -> Evidence:
    rule = "expected_improvement_below"
    if not improvement:
        return Evidence(rule, False, "the choice was made by an earlier version, which did not tell it")
    by = ", ".join(f"{each:.2g} {unit}" for each, unit in zip(improvement, units, strict=True))
    told = f"the best free candidate is expected to improve by {by}, the limit is {limit:g}"
    return Evidence(rule, max(improvement) < limit, told, max(improvement))


def _same(past: _Past, best: int, count: int) -> Evidence:
    rule, now, then = "same_best", past.ago(0) or {}, past.ago(count)
    if then is None:
        return Evidence(rule, False, past.too_early(count))
    before = {which: set(ranking.ordered[:best]) for which, ranking in then.items()}
    for which, ranking in now.items():
        top, name = set(ranking.ordered[:best]), f"{ranking.title} of {ranking.group}"
        if len(top) < best:
            return Evidence(rule, False, f"{name} has {len(top)} labels, not {best} yet")
        if fresh := len(top - before.get(which, set())):
            told = f"of the best {best} in {name} {fresh} came in the last {count} rounds"
            return Evidence(rule, False, told, float(fresh))
    if not now:
        return Evidence(rule, False, "nothing is ranked yet")
    return Evidence(rule, True, f"the best {best} of every ranking are those of {count} rounds ago", 0.0)


@dataclass(frozen=True)
class Ended:
    """Why a campaign has ended, and what makes it go on."""

    why: str
    to_go_on: str

    def __str__(self) -> str:
        """Return both in one line."""
        return f"ended: {self.why}; to go on {self.to_go_on}"


def ended(setup: Setup, ledger: Ledger, *, candidates: int) -> Ended | None:
    """Return why a campaign that can choose among so many candidates has ended; None while it goes on."""
    rounds, labelled, budget = ledger.rounds(), set(ledger.labels()), setup.file.budget
    picked = {pick.candidate for pick in ledger.picks()}
    waiting = picked - labelled - ledger.label_failures().keys()
    if not rounds or rounds[-1].finished_at is None or waiting:
        return None
    resume = f"`reexplore campaign resume {setup.reference}`"
    verdict = standing_verdict(setup, ledger, decisions=ledger.decision_count())
    if len(labelled) >= budget.labels:
        return Ended(f"all {budget.labels} labels of its budget are there", f"raise budget.labels, then {resume}")
    if verdict is not None and verdict.ends:
        rules = " and ".join(f"budget.stop.{each.rule}" for each in verdict.evidence if each.holds)
        return Ended(f"{verdict.reason} (after round {verdict.round})", f"change or leave out {rules}, then {resume}")
    if candidates - len(picked) < setup.goals.unit_size:
        return Ended("no candidate is left", "widen the space in a campaign of another name")
    return None
