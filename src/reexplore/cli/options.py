"""What several commands ask for in the same words."""

from __future__ import annotations

from contextvars import ContextVar
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from reexplore.campaign.declaration.setup import Setup

CampaignArgument = Annotated[
    str, typer.Argument(metavar="CAMPAIGN", help="A campaign file, or the name of a shipped one such as `quickstart`.")
]
WorkspaceOption = Annotated[
    Path, typer.Option("--workspace", "-w", help="The folder that holds `runs/`.", show_default="this folder")
]
ParslOption = Annotated[
    str | None,
    typer.Option(
        "--parsl", metavar="SITE", help="Run here instead of where the campaign file says: a shipped site or a file."
    ),
]
SiteOptions = Annotated[
    list[str] | None,
    typer.Option("--option", metavar="KEY=VALUE", help="An option of that site; may be given several times."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


class EnergyUnit(StrEnum):
    """The unit of the energies of a file that is imported."""

    EV = "eV"
    HARTREE = "hartree"
    KCAL_MOL = "kcal/mol"


EnergyKeyOption = Annotated[str, typer.Option("--energy-key", help="The key of the energy in extended XYZ.")]
EnergyUnitOption = Annotated[EnergyUnit, typer.Option("--unit", help="The unit of that energy.")]
LigandChargeOption = Annotated[
    list[int] | None,
    typer.Option(
        "--ligand-charge",
        help="The charge of each ligand, where frames name no charge; of several the one that leaves it an even number"
        " of electrons.",
    ),
]

#: Whether `--allow-outside` was given, which stands before every command.
outside_allowed: ContextVar[bool] = ContextVar("outside_allowed", default=False)


def campaign_setup(
    reference: str, workspace: Path, parsl: str | None = None, options: list[str] | None = None
) -> Setup:
    """Return a campaign with everything its file names checked, on another site where one is asked for.

    Raises `InputError` or `MissingEngineError` with the first problem.
    """
    from reexplore.campaign.declaration.setup import prepare

    setup = prepare(reference, workspace=workspace, allow_outside=outside_allowed.get())
    return setup if parsl is None and not options else setup.on_site(parsl, options or [])
