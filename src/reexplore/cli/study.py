"""`reexplore study`: the published study repeated on a file of labels."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from reexplore.cli.options import (
    EnergyKeyOption,
    EnergyUnit,
    EnergyUnitOption,
    JsonOption,
    LigandChargeOption,
    WorkspaceOption,
)
from reexplore.terminal import new_console

console = new_console()

_CAPTION = (
    "errors in kcal/mol on complexes that were not learned from, with 90 % intervals over ligands; in groups: the mean"
    " error of each ligand, scaffold, substituent or metal that was held out is taken off"
)


def study(  # noqa: PLR0917 - options of a command
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="A pool file, or extended XYZ such as the published study's.")
    ],
    model: Annotated[
        list[str],
        typer.Option(
            help="allegro (the metal's readout), published-4 or published-2 (every atom, the authors' settings; slow),"
            " tabular or stack; may be given several times."
        ),
    ] = ["allegro", "tabular"],  # noqa: B006 - typer's own copy
    strategy: Annotated[
        list[str],
        typer.Option(
            help="What is learned: binding, absolute, delta-binding or delta-absolute (less GFN2-xTB's); may be given"
            " several times."
        ),
    ] = ["binding", "absolute"],  # noqa: B006 - typer's own copy
    split: Annotated[
        list[str],
        typer.Option(
            help="What is held out: random, ligand, scaffold, substituent, metal, or one value such as scaffold=HDEV;"
            " may be given several times."
        ),
    ] = ["random", "ligand"],  # noqa: B006 - typer's own copy
    seeds: Annotated[int, typer.Option(min=1, max=1000, help="Test parts of each split, each held out once.")] = 3,
    train: Annotated[
        int | None, typer.Option(min=8, help="Labels to learn from, drawn by lot.", show_default="all but the tested")
    ] = None,
    beside: Annotated[
        Path | None,
        typer.Option(help="A CSV file with the column key and one for each other model, in kcal/mol, tested alike."),
    ] = None,
    energy_key: EnergyKeyOption = "total_energy",
    unit: EnergyUnitOption = EnergyUnit.EV,
    ligand_charge: LigandChargeOption = None,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Fits side by side.", show_default="the cores there are")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="The folder of the result.", show_default="runs/studies/FILE")
    ] = None,
    workspace: WorkspaceOption = Path(),
    as_json: JsonOption = False,
) -> None:
    """Train models on parts of a file of labels and test them on the rest, as the published study did.

    Beside every model stand the mean, a line on the composition, a one-hot ridge, and boosting on the ligands' parts.
    A random split leaks: the same ligand with another metal is in both parts. What a file does not allow is left out,
    with a sentence. Killed anywhere, the same command goes on; with more models, strategies or splits it uses what is
    there. What is learned, what is held out, and the paper's table: docs/study.md.

    Examples:

    * `reexplore study pools/mine.parquet`

    * `reexplore study published.extxyz --ligand-charge -1 --ligand-charge -2 --model published-4`

    * `reexplore study pools/mine.parquet --strategy delta-binding --split scaffold=HDEV --beside potential.csv`
    """
    from reexplore.campaign.running.progress import Narrator
    from reexplore.dataset.frames import Foreign
    from reexplore.study.question import Asked
    from reexplore.study.result import result_tables, write_result
    from reexplore.study.run import study as run
    from reexplore.tracking.mlflow import Tracker
    from reexplore.tracking.records import TrackingError

    asked = Asked(
        file=file,
        foreign=Foreign(energy_key, unit.value, tuple(ligand_charge or ())),
        models=tuple(model),
        strategies=tuple(strategy),
        splits=tuple(split),
        seeds=seeds,
        train=train,
        beside=beside,
    )
    runs = workspace.resolve() / "runs"
    folder = (out or runs / "studies" / file.name.partition(".")[0]).resolve()
    progress = new_console(stderr=True) if as_json else console
    studied = run(asked, folder, workers=workers or len(os.sched_getaffinity(0)), narrator=Narrator(progress))
    files = write_result(studied, folder)
    try:
        Tracker(runs / "_mlflow").send_study(studied.record, files)
    except TrackingError as error:
        progress.print(f"MLflow was not reached ({error}); the same command sends it later", markup=False)
    if as_json:
        print(json.dumps(studied.record.to_dict() | {"folder": str(folder), "files": [str(each) for each in files]}))
        return
    record = studied.record
    about = f"{record.candidates:,} complexes of {record.ligands:,} ligands and {record.metals} metals, {record.column}"
    console.print(f"\n{record.file}: {about}\n", markup=False)
    for table in result_tables(record):
        console.print(table)
    console.print(_CAPTION, markup=False)
    for note in record.notes:
        console.print(f"[yellow]note:[/] {escape(note)}")
    console.print(f"written to {folder}", markup=False)
