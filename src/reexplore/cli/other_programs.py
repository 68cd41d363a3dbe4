"""`reexplore campaign export` and `import`: energies that another program computes."""

from __future__ import annotations

from contextlib import closing
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from reexplore.cli.options import CampaignArgument, WorkspaceOption, campaign_setup
from reexplore.terminal import new_console

console = new_console()


class OtherProgram(StrEnum):
    """The programs for which inputs are written."""

    PYSCF = "pyscf"
    ORCA = "orca"


def export_inputs(
    reference: CampaignArgument,
    to: Annotated[OtherProgram, typer.Option(help="The program that will read the inputs.")],
    out: Annotated[Path, typer.Option(help="A folder for the inputs and their index.csv.")],
    workspace: WorkspaceOption = Path(),
) -> None:
    """Write the inputs of a campaign's energies for another program, with an index.csv to fill in.

    A campaign run with `--energies-elsewhere` has the energies written that it waits for; any other those it has
    computed, with its own results in the index, so that they can be checked.

    Example: `reexplore campaign export campaigns/cam.yaml --to orca --out inputs`
    """
    from reexplore.campaign.driver import open_ledger
    from reexplore.campaign.running.external_energies import INDEX, export_energies

    setup = campaign_setup(reference, workspace)
    with closing(open_ledger(setup)) as ledger:
        written = export_energies(setup, ledger, program=to.value, folder=out)
    index = written.folder / INDEX
    console.print(f"{written.inputs} inputs for {to.value} in {written.folder}")
    if to is OtherProgram.ORCA:
        console.print("[yellow]note:[/] ORCA inputs are written from its manual and were never run: read one first")
    console.print(
        f"fill in total_hartree, program and version in {index}, then `reexplore campaign import {reference} {index}`"
        if written.awaited
        else f"{index} holds the energies computed here, to compare with"
    )


def import_table(
    reference: CampaignArgument,
    table: Annotated[
        Path,
        typer.Argument(
            metavar="ENERGIES.csv", exists=True, dir_okay=False, help="The filled-in index.csv of an export."
        ),
    ],
    workspace: WorkspaceOption = Path(),
) -> None:
    """Take the energies another program computed for a campaign; the table is entered as a whole or not at all.

    Example: `reexplore campaign import campaigns/cam.yaml inputs/index.csv`
    """
    from reexplore.campaign.driver import open_ledger
    from reexplore.campaign.ledger.ledger import Ledger
    from reexplore.campaign.running.external_energies import import_energies
    from reexplore.campaign.running.lock import sole_driver

    setup = campaign_setup(reference, workspace)
    open_ledger(setup).close()
    with sole_driver(setup.folder), closing(Ledger(setup.ledger_path)) as ledger:
        entered = import_energies(setup, ledger, table)
    console.print(
        f"{entered.energies} energies and {entered.failures} failures imported, {entered.known} were there before,"
        f" {entered.awaited} are still awaited"
    )
    if entered.energies:
        console.print(
            f"[yellow]note:[/] these energies of {entered.program} stand as level '{setup.level.name}':"
            " that they are of this level is what you vouch for"
        )
    if not entered.awaited:
        console.print(f"go on with `reexplore campaign resume {reference}`")
