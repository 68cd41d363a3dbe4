"""What a person can say to a campaign between two starts: try again, never again, and do not trust this.

Each verb is looked at before it is done. What was chosen stays chosen and what a closed round taught stays on record,
except for the last round: when labels go, it is opened again, so that the next choice rests on what is trusted.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from reexplore.campaign.ledger.conditions import parse_where
from reexplore.campaign.ledger.ledger import Ledger
from reexplore.campaign.ledger.rows import Calculation
from reexplore.errors import RUN_ONLY, Failure, FailureCode, InputError
from reexplore.execution.kinds import KINDS
from reexplore.execution.store import Outcome, Store

#: Failures that are in this campaign's ledger only; all others are in the store too, for every campaign.
RETRIED = RUN_ONLY | {FailureCode.QUARANTINED}


@dataclass(frozen=True)
class Change:
    """What a verb would do: calculations planned again, labels, aqua ions and finalists pending, a round opened."""

    verb: str
    calculations: tuple[Calculation, ...]
    candidates: tuple[str, ...]
    metals: tuple[str, ...]
    finalists: tuple[str, ...]
    round_reopened: int | None

    @property
    def keys(self) -> tuple[str, ...]:
        """Return the calculations' keys."""
        return tuple(c.key for c in self.calculations)

    def sentence(self) -> str:
        """Return what it comes to."""
        parts = [f"calculations planned again: {len(self.calculations)}"]
        if self.candidates:
            parts.append(f"candidates labelled again: {len(self.candidates)}")
        if self.metals:
            parts.append(f"aqua ions computed again: {', '.join(self.metals)}")
        if self.finalists:
            parts.append(f"finalists labelled again: {len(self.finalists)}")
        if self.round_reopened is not None:
            parts.append(f"round {self.round_reopened} learns again from the labels as they will be")
        return "; ".join(parts)


def find_calculation(ledger: Ledger, wanted: str) -> Calculation:
    """Return the calculation with this key, the beginning of its key, or this name; raise `InputError` otherwise."""
    found = [c for c in ledger.calculations() if c.key.startswith(wanted) or c.title == wanted]
    if len(found) == 1:
        return found[0]
    if not found:
        raise InputError(f"no calculation of this campaign has '{wanted}' for its key, its beginning, or its name")
    told = ", ".join(f"{c.key[:12]} ({c.kind} of {c.title})" for c in found[:6])
    raise InputError(f"{len(found)} calculations answer to '{wanted}': give one of their keys: {told}")


def retry(ledger: Ledger, code: FailureCode) -> Change:
    """Return what trying everything of one class of failures again would do."""
    if code not in RETRIED:
        raise InputError(
            f"'{code.value}' is a result, not an accident: it would come out the same;"
            f' after a change of method: `reexplore campaign invalidate --where "code={code.value}"`'
        )
    calculations = [c for c in ledger.calculations() if c.failure and c.failure.code is code]
    candidates = [key for key, failure in ledger.label_failures().items() if failure.code is code]
    labels = ledger.labels().items()
    candidates += [key for key, label in labels if any(failure.code is code for failure in label.failures.values())]
    metals = [metal for metal, failure in ledger.aqua_failures().items() if failure.code is code]
    # Aqua ions relaxed at the level are entered with the finalists.
    finalists = [key for key, failure in ledger.finalist_failures().items() if failure.code is code]
    return _change(ledger, "retry", calculations, candidates, metals, finalists=finalists)


def invalidate(ledger: Ledger, where: str) -> Change:
    """Return what distrusting the results that `where` describes would do."""
    matches = parse_where(where)
    finished = [c for c in ledger.calculations() if c.state in ("done", "failed") and matches(c)]
    calculations = [c for c in finished if KINDS[c.kind].is_chemistry]
    if finished and not calculations:
        raise InputError(f"'{where}' names parts of the learned model only: it is learned anew when labels change")
    keys = {c.key for c in calculations}
    failed = [c.failure for c in calculations if c.failure]
    resting = [
        key
        for key, label in ledger.labels().items()
        if keys & set(label.calculations) or any(failure in failed for failure in label.failures.values())
    ]
    refused = [key for key, failure in ledger.label_failures().items() if failure in failed]
    metals = [metal for metal, aqua in ledger.aqua_ions().items() if keys & {aqua.structure, aqua.energy}]
    metals += [metal for metal, failure in ledger.aqua_failures().items() if failure in failed]
    finalists = [key for key, found in ledger.finalists().items() if keys & found.calculations()]
    told = {(failure.code, failure.message) for failure in failed}
    # The stage of a finalist's failure names the part as well.
    finalists += [key for key, each in ledger.finalist_failures().items() if (each.code, each.message) in told]
    return _change(ledger, "invalidate", calculations, [*resting, *refused], metals, finalists=finalists)


def _change(
    ledger: Ledger,
    verb: str,
    calculations: list[Calculation],
    candidates: list[str],
    metals: list[str],
    *,
    finalists: list[str],
) -> Change:
    # The next label may have other waters, which its relaxed complex would not have.
    is_open = {key for key, label in ledger.labels().items() if label.waters is not None}
    relaxed = [key for key in candidates if key in is_open and key in ledger.finalists() and key not in finalists]
    finalists = [*finalists, *relaxed]
    rounds = ledger.rounds()
    reopened = rounds[-1].number if candidates and rounds and rounds[-1].finished_at is not None else None
    return Change(verb, tuple(calculations), tuple(candidates), tuple(metals), tuple(finalists), reopened)


def apply(ledger: Ledger, change: Change, said: str) -> None:
    """Do what was looked at, as one decision; the caller drives the campaign."""
    with ledger.transaction():
        ledger.plan_again(change.keys)
        ledger.withdraw(candidates=change.candidates, metals=change.metals, finalists=change.finalists)
        if change.round_reopened is not None:
            ledger.reopen_last_round()
        ledger.note(f"{change.verb} {said}: {change.sentence()}")


def set_results_aside(store: Store, keys: Iterable[str]) -> Path | None:
    """Move results out of the store into a folder with the date; return it, or None when there was none to move.

    To be done before `apply`: what is in the store when a driver starts is found there and used.
    """
    aside = store.root.parent / "_invalidated" / time.strftime("%Y-%m-%dT%H-%M-%S")
    moved = [key for key in keys if store.withdraw(key, aside)]
    return aside if moved else None


def quarantine(ledger: Ledger, wanted: Iterable[str]) -> list[Calculation]:
    """Let some calculations never be submitted again: whatever needs them fails with the code `quarantined`."""
    found = [find_calculation(ledger, each) for each in wanted]
    for calculation in found:
        name = f"{calculation.kind} of {calculation.title} ({calculation.key[:12]})"
        if not KINDS[calculation.kind].is_chemistry:
            raise InputError(f"{name} belongs to the learned model, without which no round ends: it is not set aside")
        if calculation.state == "done":
            raise InputError(
                f"{name} is done; if its result is not to be trusted:"
                f' `reexplore campaign invalidate --where "key={calculation.key}"`'
            )
    with ledger.transaction():
        for calculation in found:
            failure = Failure(FailureCode.QUARANTINED, calculation.kind, "set aside by a person", {})
            ledger.finish(calculation.key, Outcome(None, failure, {}), reused=False)
        ledger.note("quarantine " + ", ".join(c.key for c in found))
    return found
