"""`reexplore dataset`: labels as files that other programs read, and such files of others."""

from __future__ import annotations

import json
from contextlib import ExitStack, closing
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reexplore.cli.options import (
    EnergyKeyOption,
    EnergyUnit,
    EnergyUnitOption,
    JsonOption,
    LigandChargeOption,
    WorkspaceOption,
    campaign_setup,
)
from reexplore.terminal import new_console

if TYPE_CHECKING:
    from reexplore.dataset.pool import LabelledPool

dataset = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    help="""Labels as a pool file: a table in Parquet and the geometries in extended XYZ.

    A pool file is what `reexplore backtest` runs on, and what other programs train on.
    """,
)
console = new_console()


class Positions(StrEnum):
    """Which geometries a pool file has."""

    LABEL = "label"
    SCREENING = "screening"


OutOption = Annotated[Path, typer.Option("--out", help="Name of the files, without an ending.")]


@dataset.command()
def export(  # noqa: PLR0917 - options of a command
    campaigns: Annotated[list[str], typer.Argument(metavar="CAMPAIGN...", help="Campaign files, or shipped names.")],
    out: OutOption,
    positions: Annotated[
        Positions, typer.Option(help="The geometry each label was made on, or the one that learned models see.")
    ] = Positions.LABEL,
    energy_key: EnergyKeyOption = "total_energy",
    energy: Annotated[
        str, typer.Option(help="The property that stands under that key, in eV.")
    ] = "binding_energy_kcal_mol",
    workspace: WorkspaceOption = Path(),
    as_json: JsonOption = False,
) -> None:
    """Write the labels of campaigns as OUT.parquet and OUT.extxyz.xz, one row a candidate and metal.

    A row has identity, every term of its label in hartree, every property, its cost, and how it was computed; what each
    column is stands in the Parquet file. Frames have the same, and one energy in eV under a key of your choice.

    Example: `reexplore dataset export quickstart --out pools/quickstart`
    """
    from reexplore.campaign.driver import open_ledger
    from reexplore.campaign.results.labelled_pool import campaign_pool
    from reexplore.dataset.files import write_pool

    with ExitStack() as opened:
        setups = [campaign_setup(reference, workspace) for reference in campaigns]
        ledgers = [opened.enter_context(closing(open_ledger(setup))) for setup in setups]
        pool = campaign_pool(list(zip(setups, ledgers, strict=True)), positions=positions.value)
    pool.values(energy)
    _tell(pool, write_pool(pool, out, energy_key=energy_key, energy=energy), as_json=as_json)


@dataset.command("import")
def import_file(  # noqa: PLR0917 - options of a command
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A pool file, or extended XYZ of another program.")],
    out: OutOption,
    energy_key: EnergyKeyOption = "total_energy",
    unit: EnergyUnitOption = EnergyUnit.EV,
    ligand_charge: LigandChargeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Check a file of labels and write it as a pool file: OUT.parquet and OUT.extxyz.xz.

    Extended XYZ of another program needs one complex a frame with its energy, such as that of the published study (key
    `total_energy`, the binding energy itself). Metal, waters and ligands are counted from the atoms; `scaffold`,
    `substituents`, `smiles` and `charge` are taken from the frame where it names them.

    Example: `reexplore dataset import published.extxyz --ligand-charge -1 --ligand-charge -2 --out pools/published`
    """
    from reexplore.dataset.files import provenance, read_pool, write_pool
    from reexplore.dataset.frames import Foreign
    from reexplore.dataset.pool import LabelledPool

    pool = read_pool(file, foreign=Foreign(energy_key, unit.value, tuple(ligand_charge or ())))
    said = pool.provenance or provenance(pool.table, imported_from=file.name)
    kept = LabelledPool(pool.table, said, lambda: pool.geometries)
    energy = pool.properties[0]
    _tell(kept, write_pool(kept, out, energy_key=energy_key, energy=energy), as_json=as_json)


def _tell(pool: LabelledPool, files: tuple[Path, ...], *, as_json: bool) -> None:
    groups = len({traits.group for traits in pool.traits.values()})
    if as_json:
        told = {"labels": len(pool), "groups": groups, "properties": pool.properties, "files": [str(f) for f in files]}
        print(json.dumps(told))
        return
    console.print(f"{len(pool)} labels in {groups} groups; properties: {', '.join(pool.properties)}", markup=False)
    for file in files:
        console.print(f"written {file}", markup=False)
