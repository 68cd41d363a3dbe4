"""How everything is printed: no emoji where a text has colons, and a substitute for what the terminal cannot show."""

from __future__ import annotations

import io
import sys

from rich.console import Console


def new_console(*, stderr: bool = False, soft_wrap: bool = True) -> Console:
    """Return a console that prints texts as they are; colours come from markup alone."""
    return Console(stderr=stderr, highlight=False, soft_wrap=soft_wrap, emoji=False)


def show_what_can_be_shown() -> None:
    """Let a terminal or file that is not UTF-8 get a substitute for a letter it lacks, instead of an error."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
