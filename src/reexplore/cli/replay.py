"""The command that makes a campaign's choices again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from reexplore.cli.options import CampaignArgument, WorkspaceOption, campaign_setup
from reexplore.terminal import new_console

_console = new_console()


def replay(
    reference: CampaignArgument,
    workspace: WorkspaceOption = Path(),
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Make every choice again from what was recorded with it, and compare; exit code 1 when one differs.

    Example: `reexplore campaign replay campaigns/cam.yaml`
    """
    from reexplore.campaign.driver import open_ledger
    from reexplore.campaign.results.replay import replay as choices_again

    setup = campaign_setup(reference, workspace)
    ledger = open_ledger(setup)
    found = list(choices_again(setup, ledger))
    differing = [each.choice.number for each in found if not each.agrees]
    rounds = {pick.round for pick in ledger.picks()} - {each.choice.round for each in found}
    if as_json:
        print(json.dumps({"choices": len(found), "differing": differing, "rounds_not_recorded": sorted(rounds)}))
    else:
        for each in found:
            told = "the same" if each.agrees else "DIFFERENT"
            _console.print(f"choice {each.choice.number}, round {each.choice.round}: {len(each.entered)} picks, {told}")
        if rounds:
            _console.print(f"{len(rounds)} rounds were chosen before choices were recorded: nothing to compare")
    if differing:
        raise typer.Exit(1)
