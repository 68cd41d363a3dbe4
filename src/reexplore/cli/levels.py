"""`reexplore levels`: which levels of theory there are, and what each decides."""

from __future__ import annotations

import json
from typing import Annotated

import typer
from rich.markup import escape

from reexplore.terminal import new_console

levels = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    help="""List the levels of theory and show what each decides.

    A level is everything that decides an energy: functional, dispersion, bases, core potentials, grid, solvent,
    thresholds. Energies of different levels are never combined.

    Examples:

    * `reexplore levels list` says which levels there are and how each describes the metals;

    * `reexplore levels show quick` shows every choice of one;

    * `reexplore levels show mine --campaign my.yaml` shows one that a campaign file declares.

    To use one: `reexplore label FILE.xyz --level quick`, or `theory: {level: quick}` in a campaign file. To add
    one: `theory.levels` in a campaign file, see docs/levels.md.
    """,
)

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]
CampaignOption = Annotated[
    str | None, typer.Option("--campaign", help="A campaign file whose own levels are known as well.")
]

console = new_console(soft_wrap=False)


@levels.command("list")
def list_levels(campaign: CampaignOption = None, as_json: JsonOption = False) -> None:
    """Say which levels there are, how each describes the metals, and which can be run.

    Example: `reexplore levels list --json`
    """
    from reexplore.campaign.declaration.setup import known_levels
    from reexplore.cli.level_tables import level_json, level_table

    known = known_levels(campaign)
    if as_json:
        print(json.dumps([level_json(level) for level in known.values()]))
        return
    console.print(level_table(known.values()))
    console.print("[dim]`reexplore levels show NAME` prints every choice of one.[/]")


@levels.command()
def show(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A level, such as `quick`.")],
    campaign: CampaignOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show every choice of one level, with units, and what its numbers must not be used for.

    Example: `reexplore levels show quick`
    """
    from reexplore.campaign.declaration.setup import known_level
    from reexplore.cli.level_tables import caveats, choice_table, level_json

    level = known_level(name, campaign)
    if as_json:
        print(json.dumps(level_json(level)))
        return
    console.print(f"[bold]{level.name}[/]: {escape(level.summary)}\n")
    console.print(choice_table(level))
    for sentence in caveats(level):
        console.print(f"\n[yellow]note:[/] {escape(sentence)}")
