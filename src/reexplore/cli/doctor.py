"""`reexplore doctor`: is every engine here, and does it compute what it should?"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from reexplore.cli.options import SiteOptions
from reexplore.terminal import new_console

console = new_console()


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON list.")] = False,
    parsl: Annotated[
        str | None, typer.Option("--parsl", metavar="SITE", help="Submit one block of this site and look from there.")
    ] = None,
    option: SiteOptions = None,
) -> None:
    """Report the version of every engine and run a short real check of each; or do so from a site's workers.

    Examples: `reexplore doctor`, `reexplore doctor --parsl slurm --option partition=debug`
    """
    if parsl is not None:
        _examine_site(parsl, option or [], as_json=as_json)
        return
    from reexplore.doctor.engines import examine, report_line

    reports = examine(on_result=None if as_json else lambda found: console.print(escape(report_line(found))))
    if as_json:
        print(json.dumps([found.to_dict() for found in reports]))
    if not all(found.ok for found in reports):
        raise typer.Exit(3)


def _examine_site(site: str, options: list[str], *, as_json: bool) -> None:
    from reexplore.doctor.site import examine_site, worker_lines

    def say(sentence: str) -> None:
        if not as_json:
            console.print(escape(sentence))

    reports = examine_site(site, options, folder=Path("runs/_doctor"), say=say)
    if as_json:
        print(json.dumps([found.to_dict() for found in reports]))
    for found in reports:
        say(worker_lines(found))
    if any(found.fault for found in reports):
        raise typer.Exit(3)
