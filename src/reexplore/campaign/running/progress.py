"""Progress for people: bars on a terminal, plain lines in a log."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from reexplore.terminal import new_console


class Bar(Protocol):
    """One stage under way."""

    def advance(self, note: str) -> None:
        """Count one finished task; `note` says which, and is empty where that has been told."""


class Narrator:
    """Tells what the campaign does."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or new_console()
        self._started = time.monotonic()
        self._stages: dict[str, _Stage] = {}
        self._bars = Progress(
            TextColumn("       {task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=self._console,
            transient=True,
        )

    def say(self, text: str) -> None:
        """Print one line, with the time since the start."""
        minutes, seconds = divmod(int(time.monotonic() - self._started), 60)
        self._console.print(f"[dim]{minutes:3d}:{seconds:02d}[/dim]  {escape(text)}")
        sys.stdout.flush()

    @contextmanager
    def stage(self, name: str, total: int) -> Iterator[Bar]:
        """Show a stage of `total` tasks while it runs; those of one name at the same time are counted together."""
        if not self._stages and self._console.is_terminal:
            self._bars.start()
        stage = self._stages.setdefault(name, _Stage(self, name))
        stage.users += 1
        stage.total += total
        self.show(stage)
        try:
            yield stage
        finally:
            stage.users -= 1
            if not stage.users:
                self._end(name)

    def show(self, stage: _Stage, note: str = "") -> None:
        """Show how far a stage is, and what was finished last."""
        if not self._console.is_terminal:
            if note:
                self.say(f"  {stage.name} {stage.done}/{stage.total}: {note}")
            return
        if stage.bar is None:
            stage.bar = self._bars.add_task(stage.name)
        self._bars.update(stage.bar, completed=stage.done, total=stage.total)
        if note:
            self._console.print(f"       [dim]{escape(note)}[/dim]")

    def _end(self, name: str) -> None:
        stage = self._stages.pop(name)
        if stage.bar is not None:
            self._bars.remove_task(stage.bar)
        if not self._stages and self._console.is_terminal:
            self._bars.stop()


class _Stage:
    """What is under way by one name; `users` work under it."""

    def __init__(self, narrator: Narrator, name: str) -> None:
        self.name = name
        self.users = self.total = self.done = 0
        self.bar: TaskID | None = None
        self._narrator = narrator

    def advance(self, note: str) -> None:
        """Count one finished task and show it."""
        self.done += 1
        self._narrator.show(self, note)
