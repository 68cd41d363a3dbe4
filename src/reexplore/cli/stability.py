"""`reexplore stability`: stability constants of one ligand with some metals, beside measured ones."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from reexplore.cli.options import JsonOption, WorkspaceOption
from reexplore.cli.structures import DonorsOption, NameOption, failures_shown
from reexplore.terminal import new_console

console = new_console()


class Reference(StrEnum):
    """What the free ligand is counted from."""

    ANION = "anion"
    ACID = "acid"


def stability(  # noqa: PLR0917 - options of a command
    smiles: Annotated[
        str | None, typer.Argument(metavar="[SMILES]", help="The free ligand as it binds, deprotonated where it is.")
    ] = None,
    ligand: NameOption = None,
    donors: DonorsOption = None,
    metals: Annotated[str, typer.Option(help="Rare earths, joined by commas.")] = "La,Gd,Lu",
    pka: Annotated[
        str | None,
        typer.Option(help="The ligand's pKa, that of the last proton to leave first, joined by commas: `9.3,2.6`."),
    ] = None,
    ph: Annotated[
        float | None,
        typer.Option("--pH", help="Give the constants as they act at this pH as well; pKa not given are computed."),
    ] = None,
    reference: Annotated[
        Reference | None,
        typer.Option(
            help="Count the free ligand as it binds, or as its acid, which the solvent model treats better.",
            show_default="acid where the pKa are known, else anion",
        ),
    ] = None,
    level: Annotated[str, typer.Option(help="The level of theory; `reexplore levels list` shows them.")] = "standard",
    seed: Annotated[int, typer.Option(help="The seed of the search.")] = 1,
    workspace: WorkspaceOption = Path(),
    as_json: JsonOption = False,
) -> None:
    """Compute the stability constants K1 of one ligand, and its separation factors.

    For every metal complexes of coordination number 8 and 9 are searched, relaxed to a minimum with vibrations, and
    computed in water; the lower free energy counts, for the aqua ion too. Beside the constant as it was computed stands
    the calibrated one: with what anchors, ligands of the same charge whose constants were measured, lack on average.

    Examples:

    * `reexplore stability 'O=C([O-])c1ccccn1' --donors 2,8 --pka 5.2 --metals La,Lu`

    * `reexplore stability --ligand CAM-methyl --pka 13,8.5 --pH 7`
    """
    from reexplore.cli.stability_tables import stability_json, stability_lines
    from reexplore.workbench.stability_request import answered, asked

    wanted = asked(
        smiles,
        name=ligand,
        donors=donors,
        metals=metals,
        pka=pka,
        ph=ph,
        reference=None if reference is None else reference.value,
        level=level,
    )
    progress = new_console(stderr=True) if as_json else console
    with failures_shown(as_json=as_json):
        found = answered(wanted, workspace=workspace, seed=seed, console=progress)
    if as_json:
        print(json.dumps(stability_json(found)))
        return
    for line in stability_lines(found):
        console.print(line)
