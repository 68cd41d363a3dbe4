"""The commands with which a person sees and steers a campaign that runs, or ran."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Group
from rich.live import Live
from rich.markup import escape
from rich.table import Table

from reexplore.cli.options import CampaignArgument, WorkspaceOption, campaign_setup
from reexplore.errors import FailureCode, InputError
from reexplore.terminal import new_console

if TYPE_CHECKING:
    from reexplore.campaign.declaration.setup import Setup
    from reexplore.campaign.ledger.corrections import Change
    from reexplore.campaign.ledger.ledger import Ledger
    from reexplore.campaign.results.status import Status

_console = new_console()
_SHOWN = 20

YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do it without asking.")]


@contextmanager
def _steered(setup: Setup) -> Iterator[Ledger]:
    """Open the ledger of a campaign for writing while nobody drives it."""
    from reexplore.campaign.driver import open_ledger
    from reexplore.campaign.ledger.ledger import Ledger
    from reexplore.campaign.running.lock import sole_driver

    open_ledger(setup).close()
    with sole_driver(setup.folder), closing(Ledger(setup.ledger_path)) as ledger:
        yield ledger


def _status(setup: Setup) -> Status:
    from reexplore.campaign.driver import open_ledger
    from reexplore.campaign.results.status import campaign_status

    with closing(open_ledger(setup)) as ledger:
        return campaign_status(setup, ledger)


def _shown(found: Status) -> Group:
    from reexplore.campaign.results.status import status_lines, status_table

    return Group(status_table(found), *(escape(line) for line in status_lines(found)))


def status(
    reference: CampaignArgument,
    workspace: WorkspaceOption = Path(),
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Say how far a campaign is and how it goes; it may be running meanwhile, also on another machine.

    Example: `reexplore campaign status cam --json`
    """
    setup = campaign_setup(reference, workspace)
    found = _status(setup)
    if as_json:
        print(json.dumps(found.to_dict()))
        return
    for sentence in found.fakes:
        _console.print(f"[bold white on red] FAKE [/] [bold red]{sentence}[/]")
    _console.print(_shown(found))


def watch(
    reference: CampaignArgument,
    workspace: WorkspaceOption = Path(),
    every: Annotated[float, typer.Option(min=0.5, help="Seconds between two looks.")] = 5.0,
) -> None:
    """Show the status until nobody drives the campaign any more; in a log, a line whenever something came back.

    Example: `reexplore campaign watch cam --every 30`
    """
    from reexplore.campaign.running.lock import Pulse

    setup = campaign_setup(reference, workspace)
    pulse, found = Pulse(setup.folder), _status(setup)
    if not _console.is_terminal:
        line = ""
        while True:
            if (now := _line(found)) != line:
                print(line := now, flush=True)
            if not pulse.beats():
                return
            time.sleep(every)
            found = _status(setup)
    with Live(_shown(found), console=_console, auto_refresh=False) as live:
        while pulse.beats():
            time.sleep(every)
            live.update(_shown(_status(setup)), refresh=True)
        live.update(_shown(_status(setup)), refresh=True)


def _line(found: Status) -> str:
    states = [sum(counts.get(state, 0) for counts in found.calculations.values()) for state in ("done", "failed")]
    round_ = "no round" if found.round_open is None else f"round {found.round_open}"
    return (
        f"{round_}, {found.labels} of {found.labels_wanted} labels, {states[0]} calculations done, {states[1]} failed,"
        f" {len(found.in_flight)} in flight, {found.core_hours:.2f} core-hours"
    )


def pause(reference: CampaignArgument, workspace: WorkspaceOption = Path()) -> None:
    """Let the driver of a campaign end after what is in flight, wherever it runs; `resume` goes on.

    Example: `reexplore campaign pause cam`
    """
    from reexplore.campaign.running.lock import holder
    from reexplore.campaign.running.stopping import PAUSE

    setup = campaign_setup(reference, workspace)
    driver = holder(setup.folder)
    if driver is None or driver.gone:
        raise InputError(f"nobody drives {setup.folder}: there is nothing to pause")
    (setup.folder / PAUSE).touch()
    _console.print(
        f"{driver} hands out no more work and ends when what is in flight has come back;"
        f" `reexplore campaign watch {reference}` shows it, `reexplore campaign resume {reference}` goes on"
    )


def quarantine(
    reference: CampaignArgument,
    calculations: Annotated[
        list[str],
        typer.Argument(metavar="CALCULATION...", help="Keys, as `status` shows them; their beginning will do."),
    ],
    workspace: WorkspaceOption = Path(),
) -> None:
    """Never submit these calculations again; what needs them fails with the code `quarantined`.

    `reexplore campaign retry cam --class quarantined` takes it back.

    Example: `reexplore campaign quarantine cam 3fa0c41b`
    """
    from reexplore.campaign.ledger.corrections import quarantine as set_aside

    with _steered(campaign_setup(reference, workspace)) as ledger:
        for each in set_aside(ledger, calculations):
            _console.print(f"{each.kind} of {escape(each.title)} ({each.key[:12]}) is not submitted again")


def retry(
    reference: CampaignArgument,
    code: Annotated[FailureCode, typer.Option("--class", help="What they failed with.")],
    workspace: WorkspaceOption = Path(),
    yes: YesOption = False,
) -> None:
    """Try everything again that failed in one way: `timeout`, `out_of_memory`, `crashed` or `quarantined`.

    Candidates that were refused for it are labelled in the round that is open then.

    Example: `reexplore campaign retry cam --class timeout`
    """
    from reexplore.campaign.ledger import corrections

    with _steered(campaign_setup(reference, workspace)) as ledger:
        change = corrections.retry(ledger, code)
        if _agreed(change, yes=yes):
            corrections.apply(ledger, change, f"--class {code.value}")
            _console.print(f"done: `reexplore campaign resume {reference}` goes on")


def invalidate(
    reference: CampaignArgument,
    where: Annotated[
        str,
        typer.Option(help="Conditions NAME=VALUE joined by ` and `: kind, label, key, host, code, before, after."),
    ],
    workspace: WorkspaceOption = Path(),
    yes: YesOption = False,
) -> None:
    """Distrust results: they leave the store for a dated folder, and what rests on them is computed anew.

    In a value `*` stands for anything; before and after are about the time they were finished.

    Example: `reexplore campaign invalidate cam --where "kind=energy and host=n17* and after=2026-11-20"`
    """
    from reexplore.campaign.ledger import corrections
    from reexplore.execution.store import Store

    setup = campaign_setup(reference, workspace)
    with _steered(setup) as ledger:
        change = corrections.invalidate(ledger, where)
        if _agreed(change, yes=yes):
            aside = corrections.set_results_aside(Store(setup.store), change.keys)
            corrections.apply(ledger, change, f'--where "{where}"')
            if aside is not None:
                _console.print(f"their results lie in {aside}; other campaigns keep the values they have entered")
            _console.print(f"done: `reexplore campaign resume {reference}` goes on")


def _agreed(change: Change, *, yes: bool) -> bool:
    """Show what would change and return whether it is wanted."""
    if not change.calculations and not change.candidates:
        _console.print("no calculation and no candidate answers to that: nothing was changed")
        return False
    table = Table("key", "kind", "of", "state", "failure", "host")
    for each in change.calculations[:_SHOWN]:
        code = each.failure.code.value if each.failure else ""
        row = (each.key[:12], each.kind, each.title, each.state, code, each.host or "")
        table.add_row(*(escape(cell) for cell in row))
    _console.print(table)
    if (more := len(change.calculations) - _SHOWN) > 0:
        _console.print(f"and {more} more")
    _console.print(change.sentence())
    if yes or typer.confirm("do it?"):
        return True
    _console.print("nothing was changed")
    return False


def log(
    reference: CampaignArgument,
    wanted: Annotated[
        str, typer.Argument(metavar="CALCULATION|CANDIDATE", help="A key or its beginning, or a candidate's name.")
    ],
    workspace: WorkspaceOption = Path(),
    lines: Annotated[int, typer.Option(min=0, help="Lines shown of each output, its end; 0 for all.")] = 40,
) -> None:
    """Show what a calculation has printed, or all those of a candidate: the first place to look when one failed.

    Example: `reexplore campaign log cam "Lu(CAM-H)(H2O)6"`, `reexplore campaign log cam 3fa0c41b --lines 0`
    """
    from reexplore.campaign.driver import open_ledger
    from reexplore.campaign.results.logs import outputs_of

    setup = campaign_setup(reference, workspace)
    with closing(open_ledger(setup)) as ledger:
        found = outputs_of(setup, ledger, wanted)
    for output in found:
        each, failure = output.calculation, output.calculation.failure
        head = f"{each.kind} of {each.title} ({each.key}): {each.state}, {each.attempts} attempts"
        _console.print(f"[bold]{escape(head)}[/], {each.core_s:.0f} core-seconds, {escape(each.host or 'no host')}")
        if failure:
            _console.print(f"{failure.code.value} in {escape(failure.stage)}: {escape(failure.message)}")
        _console.print(f"[dim]{escape(output.place)}[/]")
        if output.text:
            print("\n".join(output.text.splitlines()[-lines:]))
