"""What several commands ask for in the same words."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

CampaignArgument = Annotated[
    str, typer.Argument(metavar="CAMPAIGN", help="A campaign file, or the name of a shipped one such as `quickstart`.")
]
WorkspaceOption = Annotated[
    Path, typer.Option("--workspace", "-w", help="The folder that holds `runs/`.", show_default="this folder")
]
