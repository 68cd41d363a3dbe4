"""`reexplore structures`: one ligand or one file at a time."""

from __future__ import annotations

import json
import re
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from reexplore.cli.options import WorkspaceOption
from reexplore.errors import CalculationFailed, InputError
from reexplore.terminal import new_console

if TYPE_CHECKING:
    from reexplore.config import TheoryEntry
    from reexplore.structures.structure import Structure

structures = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    help="""Build, relax, check and show single structures, without a campaign.

    Examples:

    * `reexplore structures build 'CC(=O)N[O-]' --donors 2,4` builds La(L)(H2O)6;

    * `reexplore structures build --ligand CAM-methyl --metal Eu` takes a ligand of the library;

    * `reexplore structures relax file.xyz --charge 2` relaxes any file in water;

    * `reexplore structures check file.xyz --smiles 'CC(=O)N[O-]' --donors 2,4` judges any file;

    * `reexplore structures show file.xyz --out file.html` draws it.
    """,
    epilog="Exit codes: 0 done and passed; 1 a structure failed, the reason is printed; 2 wrong input; 3 no engine.",
)

SmilesOption = Annotated[
    str | None,
    typer.Option("--smiles", help="The free ligand as it binds, deprotonated where it is."),
]
NameOption = Annotated[
    str | None, typer.Option("--ligand", help="A ligand of the library: scaffold and substituents, `CAM-methyl`.")
]
DonorsOption = Annotated[
    str | None,
    typer.Option(
        help="The donors as atom numbers in the SMILES, from 0 without hydrogens: `2,4`. Or map them: `[O-:11]`."
    ),
]
MetalOption = Annotated[str, typer.Option(help="The rare earth, trivalent.")]
LigandsOption = Annotated[int, typer.Option(min=1, help="How many ligands.")]
WatersOption = Annotated[
    int | None, typer.Option(min=0, help="How many waters.", show_default="those that fill the coordination number")
]
NumberOption = Annotated[int | None, typer.Option(min=1, help="The coordination number.", show_default="8, for Sc 6")]
CoLigandOption = Annotated[
    list[str] | None,
    typer.Option(
        "--co-ligand",
        metavar="NAME=NUMBER",
        help="What else holds the metal, such as `nitrate=3`: nitrate, chloride, acetate, thiocyanate, phenanthroline,"
        " pyridine, tetrahydrofuran, or a SMILES with its donors mapped. Again for another.",
    ),
]
SurfaceOption = Annotated[
    str, typer.Option(help="The energy surface: `gfn2-m`, `gfn2` (plain GFN2-xTB), or another package's.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object; progress goes to stderr.")]
FileArgument = Annotated[Path, typer.Argument(metavar="FILE", help="XYZ or extended XYZ, one molecule.")]

console = new_console()


def _require_place(target: Path) -> None:
    """Raise `InputError` when a file cannot be written there, before anything is computed."""
    if not target.parent.is_dir() or target.is_dir():
        raise InputError(f"--out {target}: name a file in a folder that exists")


def _typed() -> str:
    return shlex.join(["reexplore", *sys.argv[1:]])


@contextmanager
def failures_shown(*, as_json: bool) -> Iterator[None]:
    """Turn a calculation that failed into its coded reason and exit code 1."""
    try:
        yield
    except CalculationFailed as failed:
        failure = failed.failure
        if as_json:
            print(json.dumps({"failure": failure.to_dict()}))
        else:
            console.print(f"[bold red]failed:[/] {failure.code.value} in {failure.stage}: {escape(failure.message)}")
        raise typer.Exit(1) from None


@structures.command()
def build(  # noqa: PLR0917 - options of a command
    smiles: Annotated[
        str | None, typer.Argument(metavar="[SMILES]", help="The free ligand as it binds, deprotonated where it is.")
    ] = None,
    ligand: NameOption = None,
    donors: DonorsOption = None,
    metal: MetalOption = "La",
    ligands: LigandsOption = 1,
    waters: WatersOption = None,
    coordination_number: NumberOption = None,
    co_ligand: CoLigandOption = None,
    builder: Annotated[
        list[str] | None,
        typer.Option(help="Build with `architector`, `placement`, or both.", show_default="both"),
    ] = None,
    architector_starts: Annotated[
        int | None, typer.Option(min=1, help="Structures by Architector.", show_default="as a campaign")
    ] = None,
    placement_starts: Annotated[
        int | None, typer.Option(min=1, help="Structures by placement.", show_default="as a campaign")
    ] = None,
    refine: Annotated[
        int | None, typer.Option(min=1, help="Structures relaxed to their minimum.", show_default="as a campaign")
    ] = None,
    surface: SurfaceOption = "gfn2-m",
    ligand_conformers: Annotated[
        int | None, typer.Option(min=10, help="Conformers of the free ligand.", show_default="as a campaign")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of placement and conformers.")] = 2026,
    out: Annotated[
        Path | None, typer.Option(help="The folder to write to.", show_default="named after the complex")
    ] = None,
    workspace: WorkspaceOption = Path(),
    as_json: JsonOption = False,
) -> None:
    """Find the lowest structure of a complex and of its free ligand.

    Results are kept in `runs/_store`: the same command again takes seconds, and a campaign finds them.

    Examples:

    * `reexplore structures build 'CC(=O)N[O-]' --donors 2,4`

    * `reexplore structures build 'CNC(=O)c1cccc(=[O:11])n1[O-:12]' --metal Eu --ligands 4`

    * `reexplore structures build --ligand CAM-methyl --metal Lu --coordination-number 9 --out lu-cam`

    * `reexplore structures build 'CN(C)C(=O)COCC(=O)N(C)C' --donors 4,6,9 --metal Nd --co-ligand nitrate=3 --waters 1`
    """
    from reexplore.cli.structure_tables import built_json, built_lines
    from reexplore.workbench.complexes import Workbench, write_files
    from reexplore.workbench.request import Asked, counted

    asked = Asked(smiles, ligand, donors, metal, ligands, waters, coordination_number, counted(co_ligand or ()))
    single, candidate = asked.checked(command=_typed())
    chosen = {
        "builders": builder,
        "architector_starts": architector_starts,
        "placement_starts": placement_starts,
        "refine": refine,
        "surface": surface,
        "ligand_conformers": ligand_conformers,
    }
    theory = _theory({name: value for name, value in chosen.items() if value})
    folder = out or Path(f"{re.sub(r'[^A-Za-z0-9,.+-]+', '_', candidate.name).strip('_')}-{candidate.key[:6]}")
    if folder.exists() and not folder.is_dir():
        raise InputError(f"--out {folder} is a file; name a folder")
    progress = new_console(stderr=True) if as_json else console
    with failures_shown(as_json=as_json):
        built = Workbench(workspace, theory=theory, seed=seed, console=progress).build(single, candidate)
    files = write_files(built, folder)
    if as_json:
        print(json.dumps(built_json(built, files)))
        return
    for line in built_lines(built, files):
        console.print(line)


def _theory(chosen: dict[str, Any]) -> TheoryEntry:
    from reexplore.config import TheoryEntry
    from reexplore.inputs.strict_models import parse

    if "sketch" in chosen.get("builders", []):
        raise InputError("--builder sketch draws no real structure; take architector or placement")
    return parse(TheoryEntry, chosen, Path("options"))


@structures.command()
def relax(  # noqa: PLR0917 - options of a command
    file: FileArgument,
    charge: Annotated[int | None, typer.Option(help="The charge.", show_default="as the file's comment says")] = None,
    surface: SurfaceOption = "gfn2-m",
    out: Annotated[Path | None, typer.Option(help="The file to write.", show_default="FILE-relaxed.extxyz")] = None,
    frequencies: Annotated[
        bool, typer.Option("--frequencies", help="Check by its vibrations that it is a minimum: six gradients an atom.")
    ] = False,
    level: Annotated[
        str | None,
        typer.Option(help="Go on from that minimum at a level of theory, by its gradients: minutes a step."),
    ] = None,
    workspace: WorkspaceOption = Path(),
    as_json: JsonOption = False,
) -> None:
    """Relax a structure to a minimum in water; closed shell, as trivalent rare earths are there.

    Surfaces: `gfn2-m` is GFN2-xTB with metal-donor distances put right, `gfn2` is plain GFN2-xTB; `gfn2-xtb` is the
    program xtb, `gfn2-xtb-python` has GBSA water; packages may add others.

    With `--level quick` density-functional gradients follow, until the largest is below 1e-3 Hartree/bohr. Closed
    shells have them, at `quick` and `workstation` all metals, at `paper` La, Lu, Y and Sc. Each gradient is kept in
    `runs/_store`: killed, the same command goes on.

    Exit code 1 when no minimum is reached, or when `--frequencies` finds that it is none.

    Examples:

    * `reexplore structures relax water.xyz --charge 0`

    * `reexplore structures relax complex.extxyz --level quick`

    * `reexplore structures relax complex.extxyz --surface gfn2-xtb --out again.extxyz --frequencies`
    """
    from reexplore.cli.structure_tables import relaxation_json, relaxation_lines
    from reexplore.structures.reading import read_structure
    from reexplore.workbench.complexes import relax_file

    structure = read_structure(file, charge=charge)
    target = out or Path(f"{file.stem}-relaxed.extxyz")
    _require_place(target)
    if level is not None:
        if frequencies:
            raise InputError("--frequencies are those of a surface: leave out --level, or check its result by itself")
        _relax_at_level(structure, level, surface=surface, workspace=workspace, target=target, as_json=as_json)
        return
    with failures_shown(as_json=as_json):
        found = relax_file(structure, surface=surface, frequencies=frequencies)
    target.write_text(found.relaxed.structure.to_extxyz(), encoding="utf-8")
    if as_json:
        print(json.dumps(relaxation_json(found) | {"file": str(target)}))
    else:
        for line in relaxation_lines(found):
            console.print(line)
        console.print(f"written   {escape(str(target))}")
    if found.vibrations is not None and not found.vibrations.is_minimum:
        raise typer.Exit(1)


def _relax_at_level(
    structure: Structure, level: str, *, surface: str, workspace: Path, target: Path, as_json: bool
) -> None:
    from reexplore.cli.structure_tables import level_relaxation_json, level_relaxation_lines
    from reexplore.energies.levels import find_level
    from reexplore.workbench.energies import EnergyWorkbench

    progress = new_console(stderr=True) if as_json else console
    bench = EnergyWorkbench(workspace, level=find_level(level), console=progress)
    with failures_shown(as_json=as_json):
        found = bench.relax(structure, surface=surface)
    target.write_text(found.structure.to_extxyz(), encoding="utf-8")
    if as_json:
        print(json.dumps(level_relaxation_json(found) | {"file": str(target)}))
        return
    for line in level_relaxation_lines(found):
        console.print(line)
    console.print(f"written   {escape(str(target))}")


@structures.command()
def check(  # noqa: PLR0917 - options of a command
    file: FileArgument,
    smiles: SmilesOption = None,
    ligand: NameOption = None,
    donors: DonorsOption = None,
    metal: MetalOption = "La",
    ligands: LigandsOption = 1,
    waters: WatersOption = None,
    coordination_number: NumberOption = None,
    co_ligand: CoLigandOption = None,
    as_json: JsonOption = False,
) -> None:
    """Judge whether a file, its atoms in any order, is the complex it should be.

    Bonds, donors and contacts are compared with the formula; every problem has a code (`ligand_broken`,
    `proton_transfer`, `donor_lost`, `donor_swapped`, `other_isomer`, `water_lost`, `clash`) and its numbers.
    An atom that holds the metal without being a named donor is a warning, `other_donor`, with the true coordination
    number. Exit code 0 when it passes, 1 when it does not, 2 when the file holds other atoms.

    Examples:

    * `reexplore structures check eu.xyz --smiles 'CC(=O)N[O-]' --donors 2,4 --metal Eu --waters 6`

    * `reexplore structures check lu.xyz --ligand CAM-methyl --metal Lu --json`
    """
    from reexplore.cli.structure_tables import donor_table, problem_lines, quality_sentence, verdict_json, warning_lines
    from reexplore.structures.reading import read_structure
    from reexplore.workbench.complexes import judge
    from reexplore.workbench.request import Asked, counted

    asked = Asked(smiles, ligand, donors, metal, ligands, waters, coordination_number, counted(co_ligand or ()))
    single, candidate = asked.checked(command=_typed())
    structure = read_structure(file, charge=candidate.charge)
    verdict = judge(structure, single=single, candidate=candidate)
    if as_json:
        print(json.dumps(verdict_json(verdict, candidate)))
    else:
        console.print(f"[bold]{candidate.name}[/] in {escape(str(file))}")
        if verdict.donors:
            console.print(donor_table(verdict.donors, candidate))
        if verdict.report.problems:
            console.print("quality: [red]failed[/]")
            for line in problem_lines(verdict.report.problems):
                console.print(line)
        else:
            console.print(quality_sentence(candidate))
            for line in warning_lines(verdict.report.warnings, verdict.report.coordination_number):
                console.print(line)
            console.print(f"InChIKey of the ligand: {verdict.report.inchikey}")
    if verdict.report.problems:
        raise typer.Exit(1)


@structures.command()
def surfaces(as_json: JsonOption = False) -> None:
    """List the energy surfaces that structures can be relaxed on, those of installed packages included.

    Example: `reexplore structures surfaces`
    """
    from reexplore.cli.structure_tables import surface_json, surface_table
    from reexplore.structures.xtb.surfaces import known_surfaces

    found = known_surfaces()
    if as_json:
        print(json.dumps(surface_json(found)))
    else:
        console.print(surface_table(found))


@structures.command()
def show(
    file: FileArgument,
    out: Annotated[
        Path | None, typer.Option(help="`.png` for a picture, `.html` for a page in 3D.", show_default="FILE.png")
    ] = None,
) -> None:
    """Draw a structure: a picture, or a page to turn it that needs no network.

    Examples:

    * `reexplore structures show complex.extxyz`

    * `reexplore structures show complex.extxyz --out complex.html`
    """
    from reexplore.structures.reading import read_structure
    from reexplore.tracking.structure_page import structure_page
    from reexplore.tracking.structure_picture import structure_picture

    target = out or Path(f"{file.stem}.png")
    if target.suffix not in (".png", ".html"):
        raise InputError(f"--out {target}: end it with .png or .html")
    _require_place(target)
    structure = read_structure(file, unnamed=0)
    if target.suffix == ".html":
        target.write_text(structure_page(structure, title=file.name), encoding="utf-8")
    else:
        target.write_bytes(structure_picture(structure, title=file.name))
    console.print(f"written to {escape(str(target))}")
