"""The commands about the store of results, which all campaigns of a workspace share."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from reexplore.cli.options import WorkspaceOption
from reexplore.terminal import new_console

store = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    help="Look at the store of results, and put finished results into a few files.",
)

_console = new_console()


def _root(workspace: Path) -> Path:
    return workspace.resolve() / "runs" / "_store"


@store.command()
def show(
    workspace: WorkspaceOption = Path(),
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON list.")] = False,
) -> None:
    """Say what the store holds, in entries, files and bytes; folders count as files, as quotas do.

    Example: `reexplore store show`
    """
    from reexplore.execution.packing import contents
    from reexplore.execution.store import Store

    found = contents(Store(_root(workspace)))
    if as_json:
        print(json.dumps([asdict(part) for part in found]))
        return
    table = Table("", "entries", "files", "MB", title=escape(str(_root(workspace))), title_justify="left")
    for column in table.columns[1:]:
        column.justify = "right"
    for part in found:
        table.add_row(part.part, f"{part.entries:,}", f"{part.files:,}", f"{part.bytes / 1e6:,.1f}")
    _console.print(table)


@store.command()
def pack(
    workspace: WorkspaceOption = Path(),
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what it would do; change nothing.")] = False,
) -> None:
    """Put finished results into a few archives, where they are found as before, and remove what kills left behind.

    Example: `reexplore store pack --dry-run`
    """
    from reexplore.execution import packing
    from reexplore.execution.store import Store

    done = packing.pack(Store(_root(workspace)), dry_run=dry_run)
    verbs = ("would be put", "would be removed") if dry_run else ("put", "removed")
    _console.print(
        f"{done.results:,} results {verbs[0]} into an archive, {done.leftovers:,} leftovers {verbs[1]}:"
        f" {done.files_before:,} files {'would become' if dry_run else 'became'} {done.files_after:,}"
    )
