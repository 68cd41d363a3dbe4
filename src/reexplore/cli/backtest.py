"""`reexplore backtest`: which policy and surrogate would have found the best of known labels."""

from __future__ import annotations

import json
import os
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from reexplore.cli.options import JsonOption, WorkspaceOption
from reexplore.errors import InputError
from reexplore.terminal import new_console

if TYPE_CHECKING:
    from reexplore.acquisition.policy import Policy

console = new_console()


class Direction(StrEnum):
    """Which end of the property is sought."""

    LOWER = "lower"
    HIGHER = "higher"


def backtest(  # noqa: PLR0917 - options of a command
    pool: Annotated[Path, typer.Argument(metavar="POOL", help="A pool file; `reexplore dataset export` writes one.")],
    labels: Annotated[int, typer.Option(min=1, help="Labels at which a trial ends.")],
    policy: Annotated[
        list[str], typer.Option(help="A shipped policy, one of a package, or a file; may be given several times.")
    ] = ["balanced"],  # noqa: B006 - typer's own copy
    surrogate: Annotated[list[str], typer.Option(help="The model; may be given several times.")] = ["allegro"],  # noqa: B006 - typer's own copy
    column: Annotated[str, typer.Option("--property", help="The column that is sought.")] = "binding_energy_kcal_mol",
    selectivity: Annotated[
        str | None, typer.Option(metavar="M1,M2", help="Seek the property of the first metal less that of the second.")
    ] = None,
    direction: Annotated[Direction, typer.Option(help="Which end of it is sought.")] = Direction.LOWER,
    learn_from: Annotated[
        Path | None,
        typer.Option(help="A pool file whose labels are known from the start: trials are made without and with them."),
    ] = None,
    seeds: Annotated[int, typer.Option(min=1, help="Trials of each policy and surrogate.")] = 20,
    start: Annotated[int, typer.Option(min=1, help="Labels of the first batch, which no model chooses.")] = 12,
    batch: Annotated[int, typer.Option(min=1, help="Labels of every other batch.")] = 12,
    members: Annotated[int, typer.Option(min=2, help="Members of each ensemble.")] = 4,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Trials side by side.", show_default="the cores there are")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="The folder of the result.", show_default="runs/backtests/POOL")
    ] = None,
    workspace: WorkspaceOption = Path(),
    as_json: JsonOption = False,
) -> None:
    """Run the loop of a campaign on labels that are known, from many seeds, and say what it would have found.

    The best 1 % and 5 % are counted within what may be compared: one metal, stoichiometry and ligand charge; with
    `--selectivity` one stoichiometry. A random choice stands beside every result. Killed anywhere, the same command
    goes on; with more policies, seeds or labels it uses what is there. What the measures mean: docs/backtest.md.

    Examples:

    * `reexplore backtest pools/mine.parquet --policy balanced --policy greedy --labels 60`

    * `reexplore backtest pools/mine.parquet --learn-from pools/other.parquet --surrogate tabular --labels 60`

    * `reexplore backtest pools/mine.parquet --selectivity Lu,La --surrogate composition --labels 60`
    """
    from reexplore.backtest.result import ratio_lines, result_table, write_result
    from reexplore.backtest.run import Asked
    from reexplore.backtest.run import backtest as run
    from reexplore.config import SurrogateEntry
    from reexplore.surrogate.known import SURROGATES
    from reexplore.tracking.mlflow import Tracker
    from reexplore.tracking.records import TrackingError

    for name in surrogate:
        SURROGATES.find(name)
    policies = [_policy(name) for name in dict.fromkeys([*policy, "random"])]
    asked = Asked(
        pool=pool,
        column=column,
        metals=_metals(selectivity),
        direction=direction.value,
        policies=tuple(policies),
        surrogates=tuple(SurrogateEntry(model=name, members=members) for name in dict.fromkeys(surrogate)),
        start=start,
        batch=batch,
        labels=labels,
        seeds=seeds,
        learn_from=learn_from,
    )
    runs = workspace.resolve() / "runs"
    name = pool.name.partition(".")[0]
    folder = (out or runs / "backtests" / name).resolve()
    progress = new_console(stderr=True) if as_json else console
    count = workers or len(os.sched_getaffinity(0))
    record = run(asked, folder, workers=count, say=lambda line: progress.print(line, markup=False))
    files = write_result(record, folder)
    try:
        Tracker(runs / "_mlflow").send_backtest(record)
    except TrackingError as error:
        progress.print(f"MLflow was not reached ({error}); the same command sends it later", markup=False)
    if as_json:
        print(json.dumps(record.to_dict() | {"folder": str(folder), "files": [str(file) for file in files]}))
        return
    console.print(result_table(record))
    for line in ratio_lines(record):
        console.print(line, markup=False)
    for note in record.notes:
        console.print(f"[yellow]note:[/] {escape(note)}")
    console.print(f"written to {folder}", markup=False)


def _policy(name: str) -> Policy:
    from reexplore.acquisition.policy import added_policies, load_policy
    from reexplore.shipped import resolve

    return load_policy(added_policies().get(name) or resolve("policies", name))


def _metals(said: str | None) -> tuple[str, str] | None:
    if said is None:
        return None
    match said.split(","):
        case [first, second] if first.strip() and second.strip():
            return first.strip(), second.strip()
        case _:
            raise InputError(f"--selectivity: give two metals joined by a comma, such as Lu,La, not '{said}'")
