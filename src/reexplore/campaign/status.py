"""How far a campaign is: read from the ledger, without touching it."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any

from rich.table import Table

from reexplore.campaign.ledger import Ledger
from reexplore.campaign.screening import recall_screening
from reexplore.campaign.setup import Setup


@dataclass(frozen=True)
class Status:
    """A campaign's progress in numbers."""

    name: str
    level: str
    fakes: tuple[str, ...]
    candidates: int
    labels: int
    labels_wanted: int
    aquo_ions: tuple[str, ...]
    aquo_ions_failed: dict[str, str]
    rounds_closed: int
    round_open: int | None
    calculations: dict[str, dict[str, int]]
    failures_by_code: dict[str, int]
    ligands_refused_by_code: dict[str, int]
    reused: int
    core_hours: float
    core_seconds_by_kind: dict[str, float]
    rounds_not_in_mlflow: int

    def to_dict(self) -> dict[str, Any]:
        """Return the status as JSON-ready values."""
        return asdict(self)


def campaign_status(setup: Setup, ledger: Ledger) -> Status:
    """Return the progress of a campaign."""
    calculations = ledger.calculations()
    states: dict[str, dict[str, int]] = {}
    seconds: dict[str, float] = {}
    for calculation in calculations:
        of_kind = states.setdefault(calculation["kind"], {})
        of_kind[calculation["state"]] = of_kind.get(calculation["state"], 0) + 1
        seconds[calculation["kind"]] = seconds.get(calculation["kind"], 0.0) + calculation["core_s"]
    rounds = ledger.rounds()
    screening = recall_screening(setup, ledger)
    is_open = bool(rounds) and rounds[-1].finished_at is None
    return Status(
        name=setup.file.name,
        level=setup.level.name,
        fakes=setup.fakes,
        candidates=setup.space.size,
        labels=len(ledger.labels()),
        labels_wanted=setup.file.budget.labels,
        aquo_ions=tuple(ledger.aquo_ions()),
        aquo_ions_failed={metal: failure.code.value for metal, failure in ledger.aquo_failures().items()},
        rounds_closed=len(rounds) - is_open,
        round_open=rounds[-1].number if is_open else None,
        calculations=states,
        failures_by_code=dict(Counter(c["failure"]["code"] for c in calculations if c["failure"])),
        ligands_refused_by_code=screening.refused_by_code if screening else {},
        reused=sum(c["reused"] for c in calculations),
        core_hours=sum(seconds.values()) / 3600,
        core_seconds_by_kind={kind: round(value, 1) for kind, value in seconds.items()},
        rounds_not_in_mlflow=len(ledger.unsent_rounds()),
    )


def status_table(status: Status) -> Table:
    """Return the status as a table for the terminal."""
    where = f"round {status.round_open} under way" if status.round_open is not None else "no round under way"
    table = Table(
        title=f"{status.name}: {status.labels} of {status.labels_wanted} labels at level '{status.level}',"
        f" {status.rounds_closed} rounds closed, {where}, {status.core_hours:.2f} core-hours",
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
