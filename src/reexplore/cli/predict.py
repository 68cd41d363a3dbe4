"""`reexplore predict`: what labels that are known say of ligands, without any campaign."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich import box
from rich.markup import escape
from rich.table import Table

from reexplore.cli.options import JsonOption, WorkspaceOption
from reexplore.errors import InputError
from reexplore.terminal import new_console

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rich.console import Console, RenderableType

    from reexplore.workbench.pool_answers import Answer, Answers

console = new_console()


def predict(  # noqa: PLR0917 - options of a command
    ligands: Annotated[
        str,
        typer.Argument(
            metavar="SMILES|CSV", help="A free ligand as it binds, or a CSV file with the columns name and smiles."
        ),
    ],
    metals: Annotated[
        str | None, typer.Option(help="Rare earths, joined by commas.", show_default="those of the pool")
    ] = None,
    pool: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="A pool file of labels.", show_default="the one that comes with reexplore"),
    ] = None,
    what: Annotated[str, typer.Option("--property", help="The property of the pool that is predicted.")] = (
        "exchange_energy"
    ),
    donors: Annotated[
        str | None,
        typer.Option(metavar="N,N", help="Donors, as numbers of atoms in the SMILES from 0.", show_default="proposed"),
    ] = None,
    workspace: WorkspaceOption = Path(),
    as_json: JsonOption = False,
) -> None:
    """Say what is expected of ligands with some metals, from labels that are known; nothing is built.

    A model learns from a pool of labels, once; the store of the workspace keeps it. Every value has a 90 % interval.
    Beside it stand the nearest labelled ligands and measured ones of the same charge. Where a ligand lies outside of
    what was learned from, a sentence says by what; its interval is that of errors on what was left out of the pool.
    Donors may be named by the atom maps 11, 12, … as well; a CSV file may have them in a column `donors`.

    Examples:

    * `reexplore predict 'CNC(=O)c1cccc(=[O:12])n1[O-:11]' --metals La,Gd,Lu`

    * `reexplore predict my_ligands.csv --pool pools/mine.parquet --json`
    """
    from reexplore.workbench.asked_ligands import asked_ligands
    from reexplore.workbench.pool_predictions import predict_from_pool

    progress: Console = new_console(stderr=True)
    asked = asked_ligands(ligands, donors=donors)
    answers = predict_from_pool(
        asked,
        metals=[symbol.strip() for symbol in metals.split(",")] if metals is not None else (),
        pool=pool,
        what=what,
        workspace=workspace.resolve(),
        console=progress,
    )
    if len(asked) == 1 and not answers.ligands[0].donors:
        # It could not even be read: there is no other one whose answer would be lost.
        raise InputError(answers.ligands[0].reason)
    if as_json:
        print(json.dumps(answers.to_dict()))
        return
    for shown in _shown(answers):
        console.print(shown)


def _shown(answers: Answers) -> Iterator[RenderableType]:
    """Yield what is printed: a heading, and each ligand with its table and what stands beside it."""
    learned = f"{answers.model} on {answers.labels} labels of {answers.pool}"
    level = f", level {answers.level}" if answers.level else ""
    yield escape(f"{answers.column.removesuffix('_kcal_mol').replace('_', ' ')} in kcal/mol{level}: {learned}")
    error = answers.out_of_fold_mae
    tested = "" if error is None else f"; on ligands left out it is off by {error:.1f} kcal/mol on average"
    yield escape(f"said of {answers.coordination}{tested}")
    for answer in answers.ligands:
        yield ""
        yield from _of_one(answer)


def _of_one(answer: Answer) -> Iterator[RenderableType]:
    if answer.reason and not answer.metals:
        yield f"[bold]{escape(answer.name)}[/]: [yellow]no prediction:[/] {escape(answer.reason)}"
    else:
        yield _table(answer)
    for each in answer.selectivity:
        ends = f"{each.low:+.1f} to {each.high:+.1f}"
        yield f"{each.second} less {each.first}: {each.predicted:+.1f}, in nine of ten {ends}"
    for sentence in answer.outside:
        yield f"[yellow]outside of what was learned from:[/] {escape(sentence)}"
    for relative in answer.relatives:
        yield escape(f"like it ({relative.similarity:.2f}): {relative.name}, labelled {_by_metal(relative.labels, 1)}")
    for anchor in answer.anchors:
        yield escape(f"measured, of the same charge: {anchor.name}, log K1 {_by_metal(anchor.log_k1, 2)}")
    for sentence in answer.warnings:
        yield f"[yellow]note:[/] {escape(sentence)}"


def _table(answer: Answer) -> Table:
    made_of = "-".join(filter(None, (answer.scaffold, *answer.substituents)))
    held = f"{made_of or 'scaffold of no library'}, charge {answer.charge:+d}, held by {answer.donors}"
    title = escape(f"{answer.name}: {held}")
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("metal", "expected", "90 % interval", "label"):
        table.add_column(heading, justify="left" if heading == "metal" else "right")
    for row in answer.metals:
        if row.predicted is None or row.low is None or row.high is None:
            table.add_row(row.metal, escape(row.reason))
            continue
        label = "" if row.label is None else f"{row.label:.1f}"
        table.add_row(row.metal, f"{row.predicted:.1f}", f"{row.low:.1f} to {row.high:.1f}", label)
    return table


def _by_metal(values: Mapping[str, float], digits: int) -> str:
    return ", ".join(f"{metal} {value:.{digits}f}" for metal, value in values.items())
