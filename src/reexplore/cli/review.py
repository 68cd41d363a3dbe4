"""The commands with which a person decides about candidates: promote, reject, hold, clear, and list."""

from __future__ import annotations

import getpass
import json
import time
import uuid
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reexplore.cli.options import CampaignArgument, JsonOption, WorkspaceOption, campaign_setup
from reexplore.errors import CampaignBusyError, InputError
from reexplore.terminal import new_console

if TYPE_CHECKING:
    from reexplore.campaign.declaration.pool import Pool
    from reexplore.campaign.declaration.setup import Setup
    from reexplore.campaign.ledger.ledger import Ledger
    from reexplore.tracking.decisions import Decision, Verdict

_console = new_console()

review = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    help="""Decide about candidates: the next choice of the campaign heeds it, also while it runs.

    * `reexplore review promote cam "Lu(CAM-methyl)(H2O)6" --why "I can make it"`: labelled next;

    * `reexplore review reject cam --where scaffold=CAM,substituent=nitro --why "unstable"`: leaves the pool;

    * `reexplore review hold cam 3 --group "Lu (1 L, 6 H2O), L charge -2"`: waits;

    * `reexplore review list cam`: who decided what, when and why.

    The tag `review` of a candidate's run in MLflow says the same.
    """,
)

CandidatesArgument = Annotated[
    list[str] | None,
    typer.Argument(metavar="CANDIDATE...", help="Keys or their beginnings, names, or ranks, as the page shows them."),
]
WhyOption = Annotated[str, typer.Option("--why", help="The reason; it stands in ledger, page and report.")]
WhereOption = Annotated[
    str | None,
    typer.Option(
        "--where",
        help="A family instead: traits NAME=VALUE joined by commas, of scaffold, substituent, ligand, metal, group;"
        " `*` stands for anything.",
    ),
]
GroupOption = Annotated[
    str | None, typer.Option("--group", help="The group that ranks are of, or a part of its name that no other has.")
]
ByOption = Annotated[
    str | None, typer.Option("--by", help="Who decided.", show_default="your user name on this machine")
]


@dataclass(frozen=True)
class _Meant:
    """Whom a decision is about, as it was given: candidates, with the group that ranks are of, or a family."""

    candidates: tuple[str, ...]
    where: str | None
    group: str | None


def _decide(verdict: Verdict, setup: Setup, meant: _Meant, *, why: str, by: str | None, as_json: bool) -> None:
    from reexplore.campaign.declaration.assembled import pool_of
    from reexplore.campaign.driver import open_ledger
    from reexplore.campaign.running.decided import members, standing_decisions
    from reexplore.campaign.steps.reviewing import name_of, what_follows
    from reexplore.tracking.decisions import LONGEST_COMMENT, Decision, plain

    if bool(meant.candidates) == (meant.where is not None):
        raise InputError("name candidates, or a family with --where: one of the two")
    if len(why) > LONGEST_COMMENT:
        raise InputError(f"--why has {len(why)} letters: at most {LONGEST_COMMENT} are kept")
    if verdict == "reject" and not plain(why):
        raise InputError('rejected candidates leave the pool with the reason: give it with --why "…"')
    who, now = plain(by or getpass.getuser(), longest=80), time.time()
    with closing(open_ledger(setup)) as ledger:
        pool = pool_of(setup, ledger.proposed())
        decisions = [
            Decision(uuid.uuid4().hex, now, who, "command", verdict, plain(why), key, family)
            for key, family in _subjects(setup, ledger, pool, meant)
        ]
    driver = _enter(setup, pool, decisions)
    with closing(open_ledger(setup)) as ledger:
        labels = len(ledger.labels())
        others = [decision for decision in ledger.decisions() if decision not in decisions]
        before = standing_decisions(pool, others, whole_ligands=setup.goals.unit_size > 1)
        lines = [
            {
                "key": decision.candidate,
                "name": name_of(pool, decision),
                "candidates": sum(1 for _ in members(pool, decision.family)) if decision.family else 1,
                "verdict": verdict,
                "follows": what_follows(ledger, decision),
                "replaces": replaced.said if (replaced := before.get(decision.candidate or "")) else None,
            }
            for decision in decisions
        ]
    if as_json:
        print(json.dumps({"decided": lines, "read": driver is None, "driver": driver}))
        return
    for line in lines:
        many = f" ({line['candidates']} candidates)" if line["key"] is None else ""
        _console.print(f"{line['name']}{many}: {verdict}; {line['follows']}", markup=False)
        if line["replaces"]:
            _console.print(f"  it was {line['replaces']}; that stays in the history", markup=False)
    if driver is None:
        spent = labels >= setup.file.budget.labels
        first = f"its {labels} labels are all its budget has: raise budget.labels, then " if spent else ""
        _console.print(f"entered; {first}`reexplore campaign resume {setup.reference}` goes on", markup=False)
    else:
        _console.print(f"{driver} drives the campaign and reads it before its next choice", markup=False)


def _subjects(setup: Setup, ledger: Ledger, pool: Pool, meant: _Meant) -> list[tuple[str | None, Mapping[str, str]]]:
    """Return the key of each candidate that is meant, or the family."""
    from reexplore.campaign.results.meant import candidates_meant, family_meant
    from reexplore.campaign.results.snapshot import campaign_record

    if meant.where is not None:
        return [(None, family_meant(pool, meant.where))]
    record = campaign_record(setup, ledger, pool=pool)
    return [(key, {}) for key in candidates_meant(pool, record, meant.candidates, group=meant.group)]


def _enter(setup: Setup, pool: Pool, decisions: list[Decision]) -> str | None:
    """Enter decisions and write page and files anew; or leave them to who drives the campaign, and return that."""
    from reexplore.campaign.ledger.ledger import Ledger
    from reexplore.campaign.results.report import write_files
    from reexplore.campaign.results.snapshot import campaign_record
    from reexplore.campaign.running.inbox import leave
    from reexplore.campaign.running.lock import holder, sole_driver
    from reexplore.campaign.steps.reviewing import sentence, take_in

    driver = holder(setup.folder)
    if driver is not None and not driver.gone:
        leave(setup.folder, decisions)
        return str(driver)
    aside = new_console(stderr=True)
    try:
        with sole_driver(setup.folder), closing(Ledger(setup.ledger_path)) as ledger:
            # What others said before, in tags too, comes before these.
            for decision in take_in(setup, ledger, pool, say=lambda line: aside.print(line, markup=False)):
                aside.print(sentence(pool, ledger, decision), markup=False)
            with ledger.transaction():
                for decision in decisions:
                    ledger.enter_decision(decision)
            write_files(campaign_record(setup, ledger, pool=pool), setup.folder)
    except CampaignBusyError:
        leave(setup.folder, decisions)
        return str(holder(setup.folder) or "another process")
    return None


def _add(verdict: Verdict, text: str) -> None:
    """Add the command that says a verdict; all of them ask for the same."""

    @review.command(verdict, help=text)
    def say(
        reference: CampaignArgument,
        candidates: CandidatesArgument = None,
        *,
        workspace: WorkspaceOption = Path(),
        why: WhyOption = "",
        where: WhereOption = None,
        group: GroupOption = None,
        by: ByOption = None,
        as_json: JsonOption = False,
    ) -> None:
        meant = _Meant(tuple(candidates or ()), where, group)
        _decide(verdict, campaign_setup(reference, workspace), meant, why=why, by=by, as_json=as_json)


_add(
    "promote",
    """Label candidates next: they fill the next batch first, in the order in which they were promoted.

    Example: `reexplore review promote cam 1 4 --group Lu --why "both can be made"`
    """,
)
_add(
    "reject",
    """Take candidates out of the pool, with the reason; a label stays, and nothing has to surpass it any more.

    Example: `reexplore review reject cam --where scaffold=CAM,substituent=nitro --why "reduced by iron"`
    """,
)
_add(
    "hold",
    """Let candidates wait: they are not chosen until somebody decides otherwise.

    Example: `reexplore review hold cam "Lu(CAM-amino)(H2O)6" --why "its pKa is being measured"`
    """,
)
_add(
    "clear",
    """Take back what was decided about candidates: they are chosen like any other.

    Example: `reexplore review clear cam --where substituent=nitro --why "there is no iron"`
    """,
)


@review.command("list")
def list_(reference: CampaignArgument, workspace: WorkspaceOption = Path(), as_json: JsonOption = False) -> None:
    """Show every decision, whether it still holds, and what a running campaign has not read yet; nothing is written.

    Tags of MLflow are listed once they were read: before a choice, and by `reexplore campaign sync`.

    Example: `reexplore review list cam --json`
    """
    from reexplore.campaign.declaration.assembled import pool_of
    from reexplore.campaign.driver import open_ledger
    from reexplore.campaign.results.decision_rows import decision_rows, decision_table_for_terminal
    from reexplore.campaign.running.inbox import waiting
    from reexplore.tracking.exports import decision_table

    setup = campaign_setup(reference, workspace)
    with closing(open_ledger(setup)) as ledger:
        pool = pool_of(setup, ledger.proposed())
        read: list[Decision] = ledger.decisions()
        seen = {choice.number: choice.decisions for choice in ledger.choices()}
    known = {decision.identity for decision in read}
    unread = [each for each in waiting(setup.folder).values() if each.identity not in known]
    rows, _ = decision_rows(pool, [*read, *unread], whole_ligands=setup.goals.unit_size > 1)
    if as_json:
        told = [line | {"read": line["number"] <= len(read)} for line in decision_table(rows)]
        print(json.dumps({"decisions": told, "known_to_choices": seen}))
        return
    if not rows:
        _console.print(f"nobody has decided anything about the candidates of {setup.file.name}", markup=False)
        return
    _console.print(decision_table_for_terminal(rows, title=f"{setup.file.name}: decisions about candidates"))
    if unread:
        _console.print(f"the last {len(unread)} wait for the driver, which reads them before its next choice")
