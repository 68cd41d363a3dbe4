"""What a campaign had cost, and what had failed, when each of its rounds was closed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from reexplore.campaign.ledger.rows import Calculation, Round


def spent(calculations: Iterable[Calculation], current: Round) -> dict[str, float]:
    """Return core-hours, GPU-hours and failures by class up to the end of a round, named as they are tracked."""
    if current.finished_at is None:
        return {}
    done = [c for c in calculations if c.finished_at is not None and c.finished_at <= current.finished_at]
    failures = Counter(c.failure.code.value for c in done if c.failure is not None)
    found = {"core_hours": sum(c.core_s for c in done) / 3600}
    if gpu_s := sum(c.gpu_s for c in done):
        found["gpu_hours"] = gpu_s / 3600
    return found | {f"failures/{code}": float(count) for code, count in failures.items()}
