"""`reexplore label`: one structure in, its energy in parts or its Kramers doublets out."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from reexplore.cli.other_programs import OtherProgram
from reexplore.cli.structures import failures_shown
from reexplore.errors import InputError
from reexplore.terminal import new_console

if TYPE_CHECKING:
    from reexplore.structures.structure import Structure

console = new_console()

_LEVEL = "standard"


class Property(StrEnum):
    """What can be asked of one structure."""

    ENERGY = "energy"
    KRAMERS_GAP = "kramers_gap"


def label(  # noqa: PLR0917 - options of a command
    file: Annotated[Path, typer.Argument(metavar="FILE", help="XYZ or extended XYZ, one molecule, in Ångström.")],
    level: Annotated[
        str | None,
        typer.Option(help="The level of theory; `reexplore levels list` shows them.", show_default=_LEVEL),
    ] = None,
    property_: Annotated[
        Property,
        typer.Option("--property", help="What is computed: an energy, or the first Kramers gap of a magnet in cm⁻¹."),
    ] = Property.ENERGY,
    charge: Annotated[int | None, typer.Option(help="The charge.", show_default="as the file's comment says")] = None,
    spin: Annotated[
        int | None,
        typer.Option(
            min=0,
            help="The number of unpaired electrons, 2S (as `spin` of PySCF): 0 for a closed shell, 7 for Gd(III)."
            " The multiplicity is one more.",
            show_default="what the level implies: 0, or with open 4f shells Hund's rule",
        ),
    ] = None,
    free_ligand: Annotated[
        Path | None,
        typer.Option(
            metavar="LIGAND.xyz",
            help="The relaxed free ligand; then FILE is a complex of it, and its binding energy is printed.",
        ),
    ] = None,
    co_ligand: Annotated[
        list[str] | None,
        typer.Option(
            "--co-ligand",
            metavar="FILE.xyz=NUMBER",
            help="A relaxed free co-ligand and how many of it FILE holds, beside --free-ligand. Again for another.",
        ),
    ] = None,
    time_limit: Annotated[
        float | None,
        typer.Option(metavar="MINUTES", min=0.01, help="Stop a calculation after this time.", show_default="12 hours"),
    ] = None,
    memory_limit: Annotated[
        float | None,
        typer.Option(
            metavar="GB",
            min=0.1,
            help="The memory a calculation may take; integrals beyond it go to disk.",
            show_default="8, or what it needs",
        ),
    ] = None,
    campaign: Annotated[
        str | None, typer.Option("--campaign", help="A campaign file whose own levels are known as well.")
    ] = None,
    workspace: Annotated[
        Path, typer.Option("--workspace", "-w", help="The folder that holds `runs/`.", show_default="this folder")
    ] = Path(),
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object; progress goes to stderr.")] = False,
    export: Annotated[
        OtherProgram | None,
        typer.Option(help="Compute nothing; print FILE's single point as an input for another program."),
    ] = None,
) -> None:
    """Compute the energy of one structure in water, as a campaign would: a single point, nothing is relaxed.

    The charge stands in the file's comment line (`charge=2`) or in `--charge`; it must fit the spin. Results are kept
    in `runs/_store`: the same structure at the same level is not computed again, here or in a campaign. With
    `--free-ligand` the bare ion and one relaxed water are computed as well, and
    E(complex) − E(ion) − n E(ligand) − m E(water) is printed with every term; n and m follow from formula and charge.
    Co-ligands, named with their numbers by `--co-ligand`, are taken off as well.

    `--property kramers_gap` computes the doublets of the ground multiplet of one lanthanide ion with an odd number of
    4f electrons instead, with their g tensors, in the gas phase and at a level of its own.

    Exit code 1: not converged, out of time, or too little memory, with the reason; 2: a wrong file, charge, spin,
    element or level.

    Examples:

    * `reexplore label water.xyz --charge 0`

    * `reexplore label complex.extxyz --level quick --free-ligand ligand.extxyz` (both of `reexplore structures build`)

    * `reexplore label complex.extxyz --level gfn2 --free-ligand ligand.extxyz --co-ligand nitrate.extxyz=3`

    * `reexplore label gd.xyz --level paper --charge 3 --spin 7 --time-limit 600 --json`

    * `reexplore label complex.extxyz --export orca > complex.inp`

    * `reexplore label magnet.xyz --property kramers_gap`
    """
    from reexplore.campaign.declaration.setup import known_level
    from reexplore.cli.label_tables import bound_json, bound_lines, labelled_json, labelled_lines
    from reexplore.energies.interchange.exporting import export_label
    from reexplore.structures.reading import read_structure
    from reexplore.workbench.energies import EnergyWorkbench
    from reexplore.workbench.request import counted

    seconds = None if time_limit is None else 60 * time_limit
    if property_ is Property.KRAMERS_GAP:
        given = {"--level": level, "--spin": spin, "--free-ligand": free_ligand, "--co-ligand": co_ligand}
        _label_magnet(
            file,
            read_structure(file, charge=charge),
            workspace,
            without=given | {"--campaign": campaign, "--export": export},
            memory_gb=memory_limit,
            time_s=seconds,
            as_json=as_json,
        )
        return
    chosen = known_level(level or _LEVEL, campaign)
    structure = read_structure(file, charge=charge)
    if export is not None:
        if free_ligand is not None or as_json:
            raise InputError("--export writes the input of FILE alone: leave --free-ligand and --json out")
        multiplicity = None if spin is None else spin + 1
        print(export_label(structure, level=chosen, program=export.value, multiplicity=multiplicity), end="")
        return
    if co_ligand and free_ligand is None:
        raise InputError("--co-ligand names a part of a binding energy: give --free-ligand as well")
    ligand = read_structure(free_ligand) if free_ligand else None
    co_ligands = [(read_structure(Path(name)), count) for name, count in counted(co_ligand or ()).items()]
    progress = new_console(stderr=True) if as_json else console
    workbench = EnergyWorkbench(
        workspace,
        level=chosen,
        console=progress,
        memory_gb=memory_limit,
        time_s=seconds,
    )
    if chosen.is_fake:
        progress.print(f"[bold white on red] FAKE [/] [bold red]level '{chosen.name}' is {escape(chosen.summary)}[/]")
    if chosen.caution:
        progress.print(f"[yellow]note:[/] {escape(chosen.caution)}")
    with failures_shown(as_json=as_json):
        if ligand is None:
            found = workbench.label(structure, unpaired=spin)
            told, lines = labelled_json(found), labelled_lines(found, chosen)
        else:
            bound = workbench.bind(structure, ligand=ligand, co_ligands=co_ligands, unpaired=spin)
            told, lines = bound_json(bound), bound_lines(bound, chosen)
    if as_json:
        print(json.dumps({"file": str(file), **told}))
        return
    for line in lines:
        console.print(line)


def _label_magnet(
    file: Path,
    structure: Structure,
    workspace: Path,
    *,
    without: dict[str, Any],
    memory_gb: float | None,
    time_s: float | None,
    as_json: bool,
) -> None:
    """Print the Kramers doublets of a structure; refuse options `without` a meaning for them."""
    from reexplore.cli.magnet_tables import magnet_json, magnet_lines
    from reexplore.workbench.magnets import label_magnet

    if given := [name for name, value in without.items() if value not in (None, [])]:
        raise InputError(f"a Kramers gap is computed at a level and a spin of its own: leave out {', '.join(given)}")
    progress = new_console(stderr=True) if as_json else console
    with failures_shown(as_json=as_json):
        found = label_magnet(structure, workspace, console=progress, memory_gb=memory_gb, time_s=time_s)
    if as_json:
        print(json.dumps({"file": str(file), **magnet_json(found)}))
        return
    for line in magnet_lines(found):
        console.print(line)
