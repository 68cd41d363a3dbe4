"""The command line: parse, call the library, show."""

from __future__ import annotations

import json
import sys
import traceback
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from typer.exceptions import TyperException

from reexplore import __version__
from reexplore.campaign.running.stopping import INTERRUPTED, Stopped, heed_from_the_start
from reexplore.cli.backtest import backtest
from reexplore.cli.dataset import dataset
from reexplore.cli.doctor import doctor
from reexplore.cli.label import label
from reexplore.cli.levels import levels
from reexplore.cli.ligand import ligand
from reexplore.cli.options import (
    CampaignArgument,
    JsonOption,
    ParslOption,
    SiteOptions,
    WorkspaceOption,
    campaign_setup,
    outside_allowed,
)
from reexplore.cli.other_programs import export_inputs, import_table
from reexplore.cli.predict import predict
from reexplore.cli.replay import replay
from reexplore.cli.review import review
from reexplore.cli.stability import stability
from reexplore.cli.steering import invalidate, log, pause, quarantine, retry, status, watch
from reexplore.cli.store import store
from reexplore.cli.structures import structures
from reexplore.cli.study import study
from reexplore.errors import ExecutionError, IncompleteError, ReexploreError, one_line, refusal, who_refused
from reexplore.terminal import new_console, show_what_can_be_shown

if TYPE_CHECKING:
    from reexplore.campaign.declaration.setup import Setup
    from reexplore.tracking.records import CampaignRecord

EXIT_CODES = """
Exit codes: 0 done; 1 a structure failed its calculation or check, or a fault of reexplore itself, which says so;
2 a file or an option is wrong; 3 an engine is missing; 4 another process drives the campaign; 5 the workers
failed (resume goes on); 6 MLflow was not reached; 7 the campaign is done and something is missing, which the last
lines name; 75 stopped by a signal after what was in flight (the same command goes on); 76 paused, or its core-hours or
GPU-hours are spent (resume goes on when you say so); 130 interrupted (the same command goes on).
"""


app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    help="Search for ligands of the rare earths: structures, Allegro, BoTorch, xTB + DFT, MLflow, in one loop.",
    epilog=EXIT_CODES,
)
campaign = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    help="""Check, plan, run and review a campaign.

    First steps:

    * `reexplore campaign plan quickstart` says what it will cost;

    * `reexplore campaign run quickstart` runs it, and goes on where it stopped when run again;

    * `reexplore campaign watch quickstart` shows how it goes, from another terminal;

    * `reexplore campaign report quickstart` shows the best candidates;

    * `reexplore ui quickstart` opens its page in MLflow.
    """,
)
app.add_typer(campaign, name="campaign")
app.add_typer(review, name="review")
app.add_typer(structures, name="structures")
app.add_typer(levels, name="levels")
app.add_typer(store, name="store")
app.add_typer(dataset, name="dataset")
app.command()(label)
app.command()(stability)
app.command()(predict)
app.command()(ligand)
app.command()(backtest)
app.command()(study)
app.command()(doctor)

console = new_console()


def _announce(setup: Setup) -> None:
    for sentence in setup.fakes:
        console.print(f"[bold white on red] FAKE [/] [bold red]{escape(sentence)}[/]")
    for sentence in setup.warnings:
        console.print(f"[yellow]note:[/] {escape(sentence)}")
    if setup.goals:
        console.print(f"objective: {escape(str(setup.goals))}")


def _show_ligands(setup: Setup) -> None:
    from reexplore.campaign.results.ligand_rows import ligand_table

    if setup.ligands is not None:
        console.print(ligand_table(setup.ligands))


def _show(record: CampaignRecord, *, top: int) -> None:
    from reexplore.campaign.results.anchor_tables import anchor_tables
    from reexplore.campaign.results.decision_rows import decision_table_for_terminal
    from reexplore.campaign.results.report import (
        candidate_table,
        contraction_table,
        footnotes,
        objective_tables,
        selectivity_table,
    )
    from reexplore.campaign.results.shortlists import finalist_tables

    for table in objective_tables(record, top=top):
        console.print(table)
    console.print(candidate_table(record, top=top))
    if record.decisions:
        console.print(decision_table_for_terminal(record.decisions, title="decisions of people"))
    for table in finalist_tables(record.shortlists, level=record.level.split(":")[0]):
        console.print(table)
    for table in anchor_tables(record.anchors):
        console.print(table)
    if record.selectivity:
        console.print(selectivity_table(record))
    if record.contraction:
        console.print(contraction_table(record))
    for sentence in footnotes(record):
        console.print(escape(sentence))


@campaign.command()
def validate(
    reference: CampaignArgument,
    workspace: WorkspaceOption = Path(),
    parsl: ParslOption = None,
    option: SiteOptions = None,
    as_json: JsonOption = False,
) -> None:
    """Check the campaign file and everything it names; run nothing.

    Example: `reexplore campaign validate campaigns/cam.yaml`
    """
    from reexplore.campaign.declaration.space import require_size
    from reexplore.campaign.results.ligand_rows import valid_record

    setup = campaign_setup(reference, workspace, parsl, option)
    require_size(setup.space, setup.file.space.limit)
    if as_json:
        print(json.dumps(valid_record(setup)))
        return
    _announce(setup)
    _show_ligands(setup)
    console.print(
        f"{setup.source} is valid: {setup.space.arithmetic()}, level '{setup.level.name}' ({setup.level.summary})",
        markup=False,
    )


@campaign.command()
def plan(
    reference: CampaignArgument,
    workspace: WorkspaceOption = Path(),
    backtest: Annotated[
        Path | None,
        typer.Option(
            help="The folder of a backtest whose result is quoted.", show_default="`backtest` beside the campaign file"
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Say how many calculations a campaign needs and what they should cost; run nothing.

    Where there is a backtest it says what the campaign's policy found with the same share of labels.

    Example: `reexplore campaign plan campaigns/cam.yaml`
    """
    from reexplore.backtest.result import plan_quotes
    from reexplore.campaign.declaration.space import require_size
    from reexplore.campaign.results.ligand_rows import valid_record
    from reexplore.campaign.results.plan import constraint_table, plan_campaign, plan_record, plan_table
    from reexplore.execution.sites import worker_count
    from reexplore.shipped import is_shipped

    setup = campaign_setup(reference, workspace)
    if not as_json:
        _announce(setup)
        _show_ligands(setup)
        console.print(setup.space.arithmetic())
    require_size(setup.space, setup.file.space.limit)
    # A site file of one's own is run by commands that submit, and by no other.
    workers = worker_count(setup.parsl_config()) if is_shipped("parsl_configs", setup.site) else None
    planned = plan_campaign(setup)
    share = planned.labels / planned.candidates
    quotes = plan_quotes(backtest, beside=setup.source, policy=setup.policy.name, share=share)
    if as_json:
        print(json.dumps(valid_record(setup) | plan_record(planned) | ({"backtest": quotes} if quotes else {})))
        return
    if planned.counted:
        console.print(constraint_table(planned.counted, of=planned.ligands))
    console.print(plan_table(planned, workers=workers))
    if planned.learn_from:
        console.print(planned.learn_from, markup=False)
    for quote in quotes:
        console.print(quote, markup=False)


@campaign.command()
def run(
    reference: CampaignArgument,
    workspace: WorkspaceOption = Path(),
    energies_elsewhere: Annotated[
        bool,
        typer.Option(
            "--energies-elsewhere", help="Stop before energies, now and later: `export` and `import` bring them."
        ),
    ] = False,
    parsl: ParslOption = None,
    option: SiteOptions = None,
) -> None:
    """Run a campaign; an interrupted one goes on where it stopped.

    Example: `reexplore campaign run campaigns/cam.yaml`
    """
    from reexplore.campaign.driver import drive, open_ledger
    from reexplore.campaign.results.shortcomings import shortcomings
    from reexplore.campaign.results.snapshot import campaign_record
    from reexplore.campaign.running.external_energies import EnergiesAwaited
    from reexplore.campaign.running.progress import Narrator
    from reexplore.tracking.review_page import PAGE_NAME

    setup = campaign_setup(reference, workspace, parsl, option)
    _announce(setup)
    try:
        drive(setup, narrator=Narrator(console), energies_elsewhere=energies_elsewhere)
    except EnergiesAwaited as pause:
        console.print(str(pause), markup=False)
        return
    _announce(setup)
    ledger = open_ledger(setup)
    record = campaign_record(setup, ledger)
    _show(record, top=4)
    console.print(f"page:   {(setup.folder / 'report' / PAGE_NAME).as_uri()}", markup=False)
    if record.rounds:
        console.print(f"MLflow: reexplore ui {reference}", markup=False)
    if missing := shortcomings(setup, ledger):
        raise IncompleteError("; ".join(missing))


@campaign.command()
def resume(
    reference: CampaignArgument,
    workspace: WorkspaceOption = Path(),
    parsl: ParslOption = None,
    option: SiteOptions = None,
) -> None:
    """Go on with a campaign that was started before; refuse when there is none.

    Example: `reexplore campaign resume campaigns/cam.yaml`
    """
    from reexplore.campaign.driver import open_ledger

    open_ledger(campaign_setup(reference, workspace)).close()
    run(reference, workspace, parsl=parsl, option=option)


@campaign.command()
def report(
    reference: CampaignArgument,
    *,
    workspace: WorkspaceOption = Path(),
    top: Annotated[int, typer.Option(min=1, help="Candidates shown per group.")] = 5,
    html: Annotated[Path | None, typer.Option(help="Write the whole report to this file.")] = None,
    pdf: Annotated[Path | None, typer.Option(help="The same as PDF.")] = None,
    markdown: Annotated[Path | None, typer.Option(help="The same as Markdown, its figures in a folder beside.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Print the best candidates of each group and write page, table and geometries anew.

    With `--html`, `--pdf` or `--markdown` a report of the whole campaign is written too: space, protocol with
    references, rounds, figures, baselines, candidates, failures, costs, decisions, and how to reproduce it.

    Example: `reexplore campaign report cam --top 10 --html cam.html`
    """
    from reexplore.campaign.driver import open_ledger
    from reexplore.campaign.results.report import report_record, write_files, write_ligands
    from reexplore.campaign.results.snapshot import campaign_record
    from reexplore.campaign.results.written_report import write_report
    from reexplore.tracking.exports import to_json

    setup = campaign_setup(reference, workspace)
    ledger = open_ledger(setup)
    record = campaign_record(setup, ledger)
    written = write_report(setup, ledger, record, top=top, files={"html": html, "pdf": pdf, "markdown": markdown})
    write_files(record, setup.folder)
    write_ligands(setup)
    if as_json:
        print(to_json(report_record(record)))
        return
    _announce(setup)
    _show(record, top=top)
    console.print(f"written to {', '.join(map(str, [setup.folder / 'report', *written]))}", markup=False)


@campaign.command()
def sync(reference: CampaignArgument, workspace: WorkspaceOption = Path()) -> None:
    """Bring the MLflow mirror up to date from the ledger; a deleted mirror is rebuilt.

    Decisions in tags of candidates' runs are entered before.

    Example: `reexplore campaign sync quickstart`
    """
    from reexplore.campaign.declaration.assembled import pool_of
    from reexplore.campaign.driver import open_ledger
    from reexplore.campaign.ledger.ledger import Ledger
    from reexplore.campaign.results.report import mirror, write_files
    from reexplore.campaign.results.snapshot import campaign_record
    from reexplore.campaign.running.lock import sole_driver
    from reexplore.campaign.steps.reviewing import sentence, take_in

    setup = campaign_setup(reference, workspace)
    open_ledger(setup).close()
    with sole_driver(setup.folder), closing(Ledger(setup.ledger_path)) as ledger:
        pool = pool_of(setup, ledger.proposed())
        heard = take_in(setup, ledger, pool, say=lambda line: console.print(line, markup=False))
        for decision in heard:
            console.print(sentence(pool, ledger, decision), markup=False)
        record = campaign_record(setup, ledger, pool=pool)
        if heard:
            write_files(record, setup.folder)
        mirror(setup, ledger, record)
    console.print(f"MLflow mirror at {setup.tracking} is up to date", markup=False)


for verb in (status, watch, pause, retry, quarantine, invalidate, log):
    campaign.command()(verb)
campaign.command("export")(export_inputs)
campaign.command("import")(import_table)
campaign.command()(replay)


@app.command()
def ui(
    reference: Annotated[
        str, typer.Argument(metavar="[CAMPAIGN]", help="The campaign whose pages to link.")
    ] = "quickstart",
    workspace: WorkspaceOption = Path(),
    port: Annotated[int, typer.Option(help="The port MLflow listens on.")] = 5000,
) -> None:
    """Start MLflow's UI on a campaign's store and print the links worth opening.

    Example: `reexplore ui quickstart`
    """
    from reexplore.tracking.ui import serve

    serve(
        campaign_setup(reference, workspace).tracking,
        host="127.0.0.1",
        port=port,
        say=lambda line: console.print(line, markup=False),
    )


def _version(wanted: bool) -> None:
    if wanted:
        print(f"reexplore {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
    allow_outside: Annotated[
        bool,
        typer.Option(
            "--allow-outside", help="Let a campaign file name files outside of its folder, workspace and package."
        ),
    ] = False,
) -> None:
    del version
    outside_allowed.set(allow_outside)


def _complain(sentence: str, *, word: str = "error") -> None:
    new_console(stderr=True).print(f"[bold red]{word}:[/] {escape(one_line(sentence))}")


def main() -> None:
    """Run the command line; every error is one sentence and an exit code."""
    show_what_can_be_shown()
    try:
        if sys.argv[1:2] == ["campaign"] and {"run", "resume"} & set(sys.argv):
            heed_from_the_start()
        # A command that ends early, or is interrupted, returns its exit code here.
        code = app(standalone_mode=False) or 0
    except ReexploreError as error:
        _complain(str(error), word="stopped" if isinstance(error, Stopped) else "error")
        sys.exit(error.exit_code)
    except TyperException as error:
        error.show()  # type: ignore[attr-defined]  # usage errors know how to show themselves
        sys.exit(2)
    except (KeyboardInterrupt, typer.Abort):
        code = INTERRUPTED
    except Exception as error:  # the last line of defence: a fault of ours must be reported whole
        if who := who_refused(error):
            _complain(f"{who} refused ({refusal(error)}): mend that, then give the same command again; nothing is lost")
            sys.exit(ExecutionError.exit_code)
        log = Path("reexplore-error.log")
        log.write_text(traceback.format_exc(), encoding="utf-8")
        sys.stderr.write(f"error: a fault of reexplore itself; please report {log.resolve()}\n")
        sys.exit(1)
    if code == INTERRUPTED:
        sys.stderr.write("\ninterrupted: nothing finished is lost; give the same command again\n")
    sys.exit(code)
