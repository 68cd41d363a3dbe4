"""Batch jobs that hold workers: are they any good, and which did a dead driver leave behind?"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

#: So many blocks may fail in a row without a task coming back.
_BAD_BLOCKS = 3
#: So long may tasks wait though no worker is connected and no block is in the queue.
_SILENCE_S = 600.0
_ANSWER_S = 30.0
_TOLD_LINES = 3


class Watch:
    """Judges the blocks of one executor; what is wrong with them is never a calculation's fault."""

    def __init__(self, executor: Any) -> None:
        self._executor = executor
        self._forgiven: set[str] = set()
        self._lifeless_since: float | None = None

    def came_back(self) -> None:
        """Hear that a task came back: whatever failed until now did not matter."""
        self._forgiven = set(self._failed())

    def complaint(self) -> str | None:
        """Return what is wrong, as a sentence, or None."""
        if not self.interchange_lives:
            return f"Parsl's interchange of executor '{self._executor.label}' has died"
        bad = [status for block, status in self._failed().items() if block not in self._forgiven]
        if len(bad) >= _BAD_BLOCKS:
            return (
                f"{len(bad)} blocks of executor '{self._executor.label}' failed and no task came back from them:"
                f" {_last_words(bad[-1])}"
            )
        return self._silence()

    @property
    def interchange_lives(self) -> bool:
        """Return whether the process that carries every task runs, or has not been started yet."""
        process = self._executor.interchange_proc
        return process is None or process.poll() is None

    def _failed(self) -> dict[str, Any]:
        from parsl.jobs.states import JobState

        failed = (JobState.FAILED, JobState.MISSING)
        return {block: s for block, s in dict(self._executor.status_facade).items() if s.state in failed}

    def _silence(self) -> str | None:
        if self._executor.outstanding() == 0 or self._alive():
            self._lifeless_since = None
            return None
        now = time.monotonic()
        since = self._lifeless_since = self._lifeless_since or now
        if now - since < _SILENCE_S:
            return None
        return (
            f"{self._executor.outstanding()} tasks wait for executor '{self._executor.label}', but for"
            f" {_SILENCE_S / 60:.0f} minutes no worker was connected and no block was queued"
        )

    def _alive(self) -> bool:
        from parsl.jobs.states import JobState

        if any(status.state == JobState.PENDING for status in dict(self._executor.status_facade).values()):
            return True
        managers = self._managers()
        if managers is None:
            # It runs and does not answer: of no use, and it would keep Parsl from ending.
            self._executor.interchange_proc.kill()
        return bool(managers)

    def _managers(self) -> list[Any] | None:
        """Return the interchange's list of pools, None when it does not answer.

        Asked in a thread of its own: another of Parsl's may be waiting for the answer of an interchange that has just
        died, without a limit, and nobody else is let in meanwhile.
        """
        from parsl.executors.high_throughput.errors import CommandClientBadError, CommandClientTimeoutError

        answered: list[list[Any]] = []

        def ask() -> None:
            with suppress(CommandClientBadError, CommandClientTimeoutError):
                answered.append(self._executor.command_client.run("MANAGERS", timeout_s=_ANSWER_S))

        asking = threading.Thread(target=ask, name="which pools are there", daemon=True)
        asking.start()
        asking.join(timeout=2 * _ANSWER_S)
        return answered[0] if answered else None


def _last_words(status: Any) -> str:
    """Return the end of what a failed job wrote to its standard error, or what its provider said."""
    path = Path(status.stderr_path) if status.stderr_path else None
    text = path.read_text(errors="replace") if path and path.is_file() else ""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if lines:
        return f"{'; '.join(lines[-_TOLD_LINES:])} (see {path})"
    # Of a submission that was refused, Parsl's message ends with what the scheduler said.
    return " ".join((status.message or "it wrote nothing").rpartition("stderr=")[2].split())


class Jobs:
    """The batch jobs a driver has submitted, in a file: the next driver asks what became of them.

    That file stays when a driver ends as it should, for it cannot be sure that every job was cancelled.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def record(self, executor: Any) -> None:
        """Write down the id of every job that is submitted for this executor from now on."""
        if not _is_batch(executor.provider):
            return
        submit: Callable[..., Any] = executor.provider.submit

        def submit_and_record(*arguments: Any, **options: Any) -> Any:
            job = submit(*arguments, **options)
            with self._path.open("a", encoding="utf-8") as file:
                file.write(
                    json.dumps({"id": job, "executor": executor.label, "system": executor.provider.label}) + "\n"
                )
            return job

        self._path.parent.mkdir(parents=True, exist_ok=True)
        executor.provider.submit = submit_and_record

    def cancel_orphans(self, executors: Sequence[Any]) -> list[str]:
        """Cancel what a driver that died left queued or running, and return a sentence for each job found.

        Their workers belong to an interchange that is gone: they could only wait for it.
        """
        if not self._path.is_file():
            return []
        jobs, told = self._recorded()
        for job in jobs:
            provider = next((e.provider for e in executors if _is_batch(e.provider, job["system"])), None)
            if provider is None:
                told.append(
                    f"{job['system']} job {job['id']} of the driver before cannot be reached from this site file"
                )
            elif _still_there(provider, job["id"]):
                done = provider.cancel([job["id"]])[0]
                told.append(f"{job['system']} job {job['id']} of the driver before {_ENDED[done]}")
                del provider.resources[job["id"]]
        self._path.unlink()
        return told

    def _recorded(self) -> tuple[list[dict[str, str]], list[str]]:
        """Return the jobs of the file, and a sentence when there are lines in it that no driver wrote."""
        lines = self._path.read_text(encoding="utf-8", errors="replace").splitlines(keepends=True)
        # A driver may have been killed while it wrote the last line.
        jobs = [_job(line) for line in lines if line.endswith("\n")]
        sound = [job for job in jobs if job is not None]
        left_out = len(jobs) - len(sound)
        told = f"{self._path}: {left_out} of {len(jobs)} lines name no batch job and are left out"
        return sound, [told] if left_out else []


#: Job numbers of Slurm, PBS, LSF and their kin, which reach a shell: 123, 123_4, 123.server, 123[].server.
_JOB_ID = re.compile(r"[0-9]{1,20}(_[0-9]{1,10})?(\[[0-9]{0,10}\])?(\.[A-Za-z0-9.-]{1,100})?")


def _job(line: str) -> dict[str, str] | None:
    """Return the job of a line as it was written down, None when it cannot be one."""
    try:
        job = json.loads(line)
    except (ValueError, RecursionError):
        return None
    named = isinstance(job, dict) and all(isinstance(job.get(key), str) for key in ("id", "executor", "system"))
    return job if named and _JOB_ID.fullmatch(job["id"]) and job["system"].isprintable() else None


_ENDED = {True: "was cancelled", False: "could not be cancelled: look after it"}


def _is_batch(provider: Any, system: str | None = None) -> bool:
    from parsl.providers.cluster_provider import ClusterProvider

    return isinstance(provider, ClusterProvider) and system in (None, provider.label)


def _still_there(provider: Any, job: str) -> bool:
    """Ask the batch system; a provider that was not told of the job takes it for finished, hence the entry."""
    from parsl.jobs.states import JobState, JobStatus

    provider.resources[job] = {
        "job_id": job,
        "status": JobStatus(JobState.UNKNOWN),
        "job_stdout_path": None,
        "job_stderr_path": None,
    }
    state = provider.status([job])[0].state
    there = state in (JobState.PENDING, JobState.RUNNING, JobState.HELD)
    if not there:
        del provider.resources[job]
    return there
