"""What a calculation has printed, wherever it lies: running, stored, or kept as the evidence of a failure."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from reexplore.campaign.declaration.setup import Setup
from reexplore.campaign.ledger.corrections import find_calculation
from reexplore.campaign.ledger.ledger import Ledger
from reexplore.campaign.ledger.rows import Calculation
from reexplore.errors import InputError
from reexplore.execution.child import LOG
from reexplore.execution.store import Store


@dataclass(frozen=True)
class Output:
    """A calculation of the ledger and its output; None where there is none or it is gone."""

    calculation: Calculation
    place: str
    text: str | None


def outputs_of(setup: Setup, ledger: Ledger, wanted: str) -> list[Output]:
    """Return the output of a calculation, or those of everything a candidate's label or failure rests on.

    `wanted` is a candidate's name or key, or a calculation's key, its beginning, or its name. Raises `InputError`
    when it is nothing of this campaign.
    """
    keys = _of_candidate(setup, ledger, wanted) or [find_calculation(ledger, wanted).key]
    known = {c.key: c for c in ledger.calculations()}
    return [_output(Store(setup.store), known[key]) for key in keys if key in known]


def _of_candidate(setup: Setup, ledger: Ledger, wanted: str) -> list[str]:
    picked = {pick.candidate for pick in ledger.picks()}
    named = (c for c in setup.space.candidates() if wanted in (c.key, c.name, *(each.name for each in c.settled)))
    candidate = next(named, None)
    if candidate is None:
        return []
    if (label := ledger.labels().get(candidate.key)) is not None:
        failed = label.failures.values()
        return [*label.calculations, *(c.key for c in ledger.calculations() if c.failure and c.failure in failed)]
    failure = ledger.label_failures().get(candidate.key)
    if failure is None:
        state = "is under way" if candidate.key in picked else "was not chosen yet"
        raise InputError(f"{candidate.name} {state}: `reexplore campaign status` shows what runs, with keys to ask for")
    found = [c.key for c in ledger.calculations() if c.failure == failure]
    if not found:
        raise InputError(f"{candidate.name} failed in {failure.stage} ({failure.code.value}): {failure.message}")
    return found


def _output(store: Store, calculation: Calculation) -> Output:
    failure, key = calculation.failure, calculation.key
    if failure and (path := failure.evidence.get("path")):
        log = Path(path) / LOG
        # The folder may have been removed since; the ledger keeps its end.
        text = _text(log) if log.is_file() else failure.evidence.get("output")
        return Output(calculation, str(log), text)
    if (stored := store.file(key, LOG)) is not None:
        return Output(calculation, str(store.folder(key) / LOG), stored.decode(errors="replace"))
    for log in sorted((store.root / "_work").glob(f"{key}-*/{LOG}")):
        return Output(calculation, f"{log} (running)", _text(log))
    return Output(calculation, "no output is kept", None)


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace")
