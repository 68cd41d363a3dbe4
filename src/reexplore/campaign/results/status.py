"""How far a campaign is, and how it goes: read from the ledger, without touching it, from any machine."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from rich.table import Table

from reexplore.campaign.declaration.proposed import size_with
from reexplore.campaign.declaration.setup import Setup
from reexplore.campaign.ledger.borrowed import borrowed
from reexplore.campaign.ledger.ledger import Ledger
from reexplore.campaign.ledger.rows import Calculation
from reexplore.campaign.running.inbox import waiting
from reexplore.campaign.running.lock import holder
from reexplore.campaign.running.stopping import PAUSE
from reexplore.campaign.steps.constraining import excluded_by_constraint
from reexplore.campaign.steps.ending import ended, verdicts
from reexplore.campaign.steps.screening import recall_screening

_HOUR_S = 3600.0


@dataclass(frozen=True)
class Pace:
    """How fast calculations came back in the last hour in which any did, and what is left at that pace."""

    calculations_per_hour: float | None
    hours_left: float | None


@dataclass(frozen=True)
class Status:
    """A campaign's progress in numbers."""

    name: str
    level: str
    in_series: bool
    learn_from: str
    fakes: tuple[str, ...]
    driver: str | None
    paused: bool
    candidates: int
    ligands_proposed: int
    labels: int
    labels_wanted: int
    aqua_ions: tuple[str, ...]
    aqua_ions_failed: dict[str, str]
    finalists_relaxed: int
    finalists_confirmed: int
    finalists_failed_by_code: dict[str, int]
    rounds_closed: int
    round_open: int | None
    ended: str
    stopping_rules: dict[str, Any]
    stopping: tuple[dict[str, Any], ...]
    calculations: dict[str, dict[str, int]]
    in_flight: tuple[dict[str, Any], ...]
    failures_by_code: dict[str, int]
    ligands_refused_by_code: dict[str, int]
    ligands_excluded_by_constraint: dict[str, int]
    reused: int
    calculations_per_hour: float | None
    hours_left: float | None
    core_hours: float
    core_hours_left: float | None
    gpu_hours: float
    gpu_hours_left: float | None
    core_seconds_by_kind: dict[str, float]
    rounds_not_in_mlflow: int
    steered: tuple[str, ...]
    decisions: int
    decisions_waiting: int

    def to_dict(self) -> dict[str, Any]:
        """Return the status as JSON-ready values."""
        return asdict(self)


def campaign_status(setup: Setup, ledger: Ledger) -> Status:
    """Return the progress of a campaign."""
    calculations = ledger.calculations()
    states: dict[str, dict[str, int]] = {}
    seconds: dict[str, float] = {}
    for calculation in calculations:
        of_kind = states.setdefault(calculation.kind, {})
        of_kind[calculation.state] = of_kind.get(calculation.state, 0) + 1
        seconds[calculation.kind] = seconds.get(calculation.kind, 0.0) + calculation.core_s
    rounds = ledger.rounds()
    screening = recall_screening(setup, ledger)
    is_open = bool(rounds) and rounds[-1].finished_at is None
    driver = holder(setup.folder)
    budget = setup.file.budget
    labels = len(ledger.labels())
    end = ended(setup, ledger, candidates=screening.count) if screening else None
    pace = _pace(calculations, labels=labels, labels_left=0 if end else budget.labels - labels)
    return Status(
        name=setup.file.name,
        level=setup.level.name,
        in_series=setup.file.theory.geometry == "series",
        learn_from=others.told if (others := borrowed(ledger)) is not None else "",
        fakes=setup.fakes,
        driver=str(driver) if driver and not driver.gone else None,
        paused=(setup.folder / PAUSE).exists(),
        candidates=size_with(setup.space, proposed := len(ledger.proposed())),
        ligands_proposed=proposed,
        labels=labels,
        labels_wanted=budget.labels,
        aqua_ions=tuple(ledger.aqua_ions()),
        aqua_ions_failed={metal: failure.code.value for metal, failure in ledger.aqua_failures().items()},
        finalists_relaxed=0 if ledger.finalists_are_searched else len(ledger.finalists()),
        finalists_confirmed=len(ledger.finalists()) if ledger.finalists_are_searched else 0,
        finalists_failed_by_code=dict(Counter(f.code.value for f in ledger.finalist_failures().values())),
        rounds_closed=len(rounds) - is_open,
        round_open=rounds[-1].number if is_open else None,
        ended=str(end) if end else "",
        stopping_rules=budget.stop.rules if budget.stop else {},
        stopping=tuple(asdict(verdict) | {"ends": verdict.ends} for verdict in verdicts(ledger)),
        calculations=states,
        in_flight=tuple(_in_flight(calculations)),
        failures_by_code=dict(Counter(c.failure.code.value for c in calculations if c.failure)),
        ligands_refused_by_code=screening.refused_by_code if screening else {},
        ligands_excluded_by_constraint=excluded_by_constraint(screening.excluded) if screening else {},
        reused=sum(c.reused for c in calculations),
        calculations_per_hour=pace.calculations_per_hour,
        hours_left=pace.hours_left,
        core_hours=ledger.core_hours(),
        core_hours_left=_left(budget.core_hours, ledger.core_hours()),
        gpu_hours=ledger.gpu_hours(),
        gpu_hours_left=_left(budget.gpu_hours, ledger.gpu_hours()),
        core_seconds_by_kind={kind: round(value, 1) for kind, value in seconds.items()},
        rounds_not_in_mlflow=len(ledger.unsent_rounds()),
        steered=tuple(f"{_date(at)}: {said}" for at, said in ledger.notes()),
        decisions=ledger.decision_count(),
        decisions_waiting=len(waiting(setup.folder)),
    )


def _left(limit: float | None, used: float) -> float | None:
    return None if limit is None else max(limit - used, 0.0)


def _in_flight(calculations: Sequence[Calculation]) -> list[dict[str, Any]]:
    """Return what was handed out and has not come back, the oldest first."""
    out = [c for c in calculations if c.state == "submitted"]
    return [
        {
            "key": c.key,
            "kind": c.kind,
            "label": c.title,
            "attempts": c.attempts,
            # A clock may have been set back since.
            "since_s": max(round(time.time() - (c.submitted_at or time.time())), 0),
        }
        for c in sorted(out, key=lambda c: c.submitted_at or 0.0)
    ]


def _pace(calculations: Sequence[Calculation], *, labels: int, labels_left: int) -> Pace:
    """Return the pace, with None for what cannot be told yet: it needs finished calculations and a label."""
    timed = [
        (c.submitted_at, c.finished_at, c.core_s)
        for c in calculations
        if c.finished_at and c.submitted_at and not c.reused
    ]
    newest = max((finished for _, finished, _ in timed), default=0.0)
    recent = [each for each in timed if each[1] > newest - _HOUR_S]
    span_s = newest - min((max(submitted, newest - _HOUR_S) for submitted, _, _ in recent), default=newest)
    if span_s <= 0:
        return Pace(None, None)
    per_hour = len(recent) / span_s * _HOUR_S
    busy = sum(core_s for _, _, core_s in recent) / span_s
    if not (labels and busy):
        return Pace(per_hour, None)
    core_s_of_a_label = sum(c.core_s for c in calculations) / labels
    return Pace(per_hour, max(labels_left, 0) * core_s_of_a_label / busy / _HOUR_S)


def _date(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M UTC")


def status_lines(status: Status) -> list[str]:
    """Return what stands below the table, a sentence a line."""
    told = [f"driven by {status.driver}" if status.driver else "nobody drives it now"]
    told += ["labels are in series, each ligand grafted on its scaffold's template"] * status.in_series
    told += [status.learn_from] if status.learn_from else []
    if status.paused:
        told[0] += "; paused, `reexplore campaign resume` goes on"
    told += [f"{status.ligands_proposed} proposed ligands have joined the space"] * bool(status.ligands_proposed)
    told += [status.ended] if status.ended else _goes_on(status)
    cost = f"{status.core_hours:.2f} core-hours spent"
    if status.core_hours_left is not None:
        cost += f", {status.core_hours_left:.2f} left"
    if status.gpu_hours or status.gpu_hours_left is not None:
        cost += f"; {status.gpu_hours:.2f} GPU-hours"
    if status.gpu_hours_left is not None:
        cost += f", {status.gpu_hours_left:.2f} left"
    if status.calculations_per_hour is not None:
        cost += f"; {status.calculations_per_hour:.1f} calculations an hour"
    if status.hours_left:
        end = _date(time.time() + status.hours_left * _HOUR_S)
        cost += f"; at the pace of its last hour {status.hours_left:.1f} h more, until {end}"
    told.append(cost)
    told += [
        f"in flight for {c['since_s'] / 60:.0f} min: {c['kind']} of {c['label']} ({c['key'][:12]}),"
        f" attempt {c['attempts']}"
        for c in status.in_flight
    ]
    if status.finalists_relaxed:
        told.append(f"finalists relaxed at level '{status.level}': {status.finalists_relaxed}")
    if status.finalists_confirmed:
        told.append(f"finalists labelled again on searched geometries: {status.finalists_confirmed}")
    for what, found in (
        ("finalists that failed", status.finalists_failed_by_code),
        ("failures", status.failures_by_code),
        ("ligands left out by constraints", status.ligands_excluded_by_constraint),
        ("ligands without a screening geometry", status.ligands_refused_by_code),
        ("no exchange energies, the aqua ion failed", status.aqua_ions_failed),
    ):
        if found:
            told.append(f"{what}: " + ", ".join(f"{name} {said}" for name, said in found.items()))
    if status.rounds_not_in_mlflow:
        told.append(f"{status.rounds_not_in_mlflow} rounds are not in MLflow yet: `reexplore campaign sync`")
    if status.decisions or status.decisions_waiting:
        wait = f", {status.decisions_waiting} more wait for the next choice" if status.decisions_waiting else ""
        told.append(f"decisions about candidates: {status.decisions}{wait}: `reexplore review list`")
    return [*told, *status.steered]


def _goes_on(status: Status) -> list[str]:
    """Return by what the rules of the campaign file were judged last; nothing where it has none."""
    if not status.stopping_rules:
        return []
    if not status.stopping or status.stopping[-1]["rules"] != status.stopping_rules:
        return ["its stopping rules are judged after the next round"]
    last = status.stopping[-1]
    return [f"goes on after round {last['round']}: {each['rule']}: {each['told']}" for each in last["evidence"]]


def status_table(status: Status) -> Table:
    """Return the status as a table for the terminal."""
    where = f"round {status.round_open} under way" if status.round_open is not None else "no round under way"
    table = Table(
        title=f"{status.name}: {status.labels} of {status.labels_wanted} labels at level '{status.level}',"
        f" {status.rounds_closed} rounds closed, {where}",
        title_justify="left",
    )
    table.add_column("calculations")
    for state in ("planned", "submitted", "done", "failed"):
        table.add_column(state, justify="right")
    table.add_column("core-seconds", justify="right")
    for kind, counts in status.calculations.items():
        numbers = (str(counts.get(state, 0)) for state in ("planned", "submitted", "done", "failed"))
        table.add_row(kind, *numbers, f"{status.core_seconds_by_kind[kind]:,.0f}")
    return table
