"""Progress for people: bars on a terminal, plain lines in a log."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn


class Bar(Protocol):
    """One stage under way."""

    def advance(self, note: str) -> None:
        """Count one finished task; `note` says which."""


class Narrator:
    """Tells what the campaign does."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(stderr=False, highlight=False, soft_wrap=True)
        self._started = time.monotonic()

    def say(self, text: str) -> None:
        """Print one line, with the time since the start."""
        minutes, seconds = divmod(int(time.monotonic() - self._started), 60)
        self._console.print(f"[dim]{minutes:3d}:{seconds:02d}[/dim]  {escape(text)}")
        sys.stdout.flush()

    @contextmanager
    def stage(self, name: str, total: int) -> Iterator[Bar]:
        """Show a stage of `total` tasks while it runs."""
        if self._console.is_terminal:
            columns = (
                TextColumn("       {task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                TimeElapsedColumn(),
            )
            with Progress(*columns, console=self._console, transient=True) as progress:
                task = progress.add_task(name, total=total)
                yield _RichBar(progress, task)
        else:
            yield _PlainBar(self, name, total)


class _RichBar:
    def __init__(self, progress: Progress, task: object) -> None:
        self._progress, self._task = progress, task

    def advance(self, note: str) -> None:
        self._progress.advance(self._task)  # type: ignore[arg-type]
        self._progress.console.print(f"       [dim]{escape(note)}[/dim]")


class _PlainBar:
    def __init__(self, narrator: Narrator, name: str, total: int) -> None:
        self._narrator, self._name, self._total, self._done = narrator, name, total, 0

    def advance(self, note: str) -> None:
        self._done += 1
        self._narrator.say(f"  {self._name} {self._done}/{self._total}: {note}")
