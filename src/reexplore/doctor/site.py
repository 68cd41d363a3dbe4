"""Does a site file work? One block is submitted, and a worker of each executor says what it sees."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import wait
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from reexplore.errors import ExecutionError
from reexplore.execution.machine import machine
from reexplore.shipped import resolve

_CHECK_EVERY_S = 5.0


@dataclass(frozen=True)
class WorkerReport:
    """What one worker found on its machine; `fault` is None when a campaign can run there."""

    executor: str
    host: str
    python: str
    cores: int
    memory_gb: float
    gpus: list[str]
    versions: dict[str, str]
    fault: str | None

    def to_dict(self) -> dict[str, Any]:
        """Return the report as JSON-ready values."""
        return asdict(self)


def examine_site(
    reference: str, options: Sequence[str], *, folder: Path, say: Callable[[str], None]
) -> list[WorkerReport]:
    """Start one block of each executor of a site and return what a worker in it reports.

    `options` are given as `key=value`, Parsl's logs go to `folder`. It waits as long as the queue takes. Raises
    `InputError` for the site file or its options, `ExecutionError` when blocks fail.
    """
    from reexplore.execution.parsl import ParslExecutor
    from reexplore.execution.run_folder import plainly_named
    from reexplore.execution.sites import load_site, parse_options

    folder = folder.resolve()
    site, given = resolve("parsl_configs", reference), parse_options(options)
    load_site(site, run_dir=folder, options=given)
    config = load_site(site, run_dir=plainly_named(folder), options=given)
    for executor in config.executors:
        executor.provider.max_blocks = 1
    labels = [executor.label for executor in config.executors]
    with ParslExecutor(config, store=folder, evidence=folder, say=say) as workers:
        asked = {workers.call(label, machine, str(folder)): label for label in labels}
        say(f"waiting for a block of {', '.join(labels)}")
        waiting = set(asked)
        while waiting:
            _, waiting = wait(waiting, timeout=_CHECK_EVERY_S)
            if waiting:
                workers.check()
        # Other makers' tools are often not where a worker finds them.
        on_cards = {each.label for each in config.executors if getattr(each, "maker", None) == "nvidia"}
        found = [_report(label, answer.exception() or answer.result()) for answer, label in asked.items()]
        return [_with_card(report) if report.executor in on_cards else report for report in found]


def _report(label: str, answer: dict[str, Any] | BaseException) -> WorkerReport:
    if isinstance(answer, BaseException):
        raise ExecutionError(f"a worker of executor '{label}' was lost: {type(answer).__name__}: {answer}")
    found = dict(answer)
    if not found.pop("sees_workspace"):
        found["fault"] = "the driver's folder is not there: start in one that all nodes share"
    return WorkerReport(label, **found)


def _with_card(report: WorkerReport) -> WorkerReport:
    """Return the report of a worker that its site pins to a card; it has a fault where there is none."""
    if report.gpus or report.fault:
        return report
    return replace(report, fault="the site pins its workers to NVIDIA cards, and nvidia-smi lists none on this node")


def worker_lines(report: WorkerReport) -> str:
    """Return a report as lines of text."""
    gpus = ", ".join(report.gpus) or "no GPU"
    stack = ", ".join(f"{name} {version}" for name, version in report.versions.items())
    return (
        f"{'FAIL' if report.fault else 'ok  '} {report.executor:<12} on {report.host}: {report.cores} cores,"
        f" {report.memory_gb:g} GB, {gpus}, Python {report.python}\n     {stack or 'nothing could be imported'}"
        + (f"\n     {report.fault}" if report.fault else "")
    )
