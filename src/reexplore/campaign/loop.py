"""The loop: build, choose, label, learn, record; a resume enters it at the first unfinished step."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Collection

from reexplore.campaign.asynchronous import steer
from reexplore.campaign.declaration.begun import difference, written_out
from reexplore.campaign.declaration.listed_ligands import keep_copy
from reexplore.campaign.declaration.setup import Setup
from reexplore.campaign.ledger.borrowed import META as BORROWED
from reexplore.campaign.ledger.borrowed import borrowed
from reexplore.campaign.ledger.ended import note_begin, note_end
from reexplore.campaign.ledger.ledger import Ledger
from reexplore.campaign.ledger.rows import Round
from reexplore.campaign.results.report import report_end
from reexplore.campaign.results.running_report import RunningReport
from reexplore.campaign.running.context import CampaignContext
from reexplore.campaign.running.dispatcher import Job
from reexplore.campaign.running.external_energies import EnergiesAwaited
from reexplore.campaign.running.stopping import Stopped
from reexplore.campaign.steps.aqua_ions import compute_aqua_ions
from reexplore.campaign.steps.assembling import assemble
from reexplore.campaign.steps.borrowing import borrow
from reexplore.campaign.steps.choosing import Standing, choose
from reexplore.campaign.steps.ending import ended
from reexplore.campaign.steps.finalists import label_finalists
from reexplore.campaign.steps.labelling import labelling_due, observed_kcal_mol
from reexplore.campaign.steps.learning import learn, mend
from reexplore.campaign.steps.proposing import enter, propose
from reexplore.campaign.steps.reviewing import hear
from reexplore.campaign.steps.screening import Screening, keep_screening, screen
from reexplore.chemistry.candidates import IDENTITY_VERSION
from reexplore.errors import InputError

#: Candidates of a batch that are named in the line of its round.
_NAMED = 12


def run_campaign(context: CampaignContext) -> None:
    """Go on until the budget of labels is spent, a rule of the campaign file holds, or no candidate is left.

    Every step asks ledger and store first, so that running it again costs nothing and a resumed
    campaign ends where an undisturbed one ends.
    """
    context.ledger.recall()
    if (others := borrowed(context.ledger)) is not None:
        context.narrator.say(others.told)
    context.dispatcher.finish(assemble(context))
    _enter_identities(context)
    screening = context.dispatcher.finish(screen(context))
    keep_screening(context, screening)
    context.dispatcher.finish(compute_aqua_ions(context))
    context.dispatcher.finish(mend(context, screening))
    report = RunningReport(context)
    try:
        if context.setup.file.steering == "asynchronous":
            steer(context, screening, report)
        else:
            screening = _in_rounds(context, screening, report)
        if (end := ended(context.setup, context.ledger, candidates=screening.count)) is not None:
            context.narrator.say(str(end))
        label_finalists(context, after_turn=report.turn)
    except (Stopped, EnergiesAwaited):
        report.bring_up_to_date()
        raise
    note_end(context.ledger)
    report_end(context)


def _in_rounds(context: CampaignContext, screening: Screening, report: RunningReport) -> Screening:
    """Choose, label, propose and learn one after the other: what is chosen depends on no clock.

    The candidates of a batch are labelled side by side, and each label is entered when it is there. Returns the
    screening with the ligands that were proposed.
    """

    def due(under_way: Collection[str]) -> dict[str, Job[None]]:
        return labelling_due(context, Standing.of(context.ledger).pending, under_way)

    finish = context.dispatcher.finish
    while (current := _open_round(context, screening)) is not None:
        # What a person wants labelled again comes with the open round, whichever it was chosen in.
        pending = set(Standing.of(context.ledger).pending)
        picks = context.ledger.picks()
        batch = [context.pool[p.candidate] for p in picks if p.round == current.number or p.candidate in pending]
        names = [candidate.name for candidate in batch[:_NAMED]]
        names += [f"{len(batch) - _NAMED} more"] if len(batch) > _NAMED else []
        context.narrator.say(f"round {current.number} ({current.kind}): {', '.join(names)}")
        context.dispatcher.side_by_side(due, after_turn=report.turn)
        joined, screening = finish(propose(context, screening, current.number))
        learned = finish(learn(context, screening, observed_kcal_mol(context), current.number))
        with context.ledger.transaction():
            enter(context, joined, screening)
            context.ledger.close_round(current.number, learned)
        report.round_closed(current.number)
    return screening


def open_campaign(setup: Setup) -> Ledger:
    """Return the campaign's ledger, new or old; refuse when it belongs to a campaign declared otherwise."""
    setup.folder.mkdir(parents=True, exist_ok=True)
    _require_content(setup)
    ledger = Ledger(setup.ledger_path)
    resolved = setup.resolved()
    known = ledger.meta("campaign")
    if known is not None and (lines := difference(written_out(json.loads(known)), resolved)):
        raise InputError(
            f"{setup.folder} holds a campaign '{setup.file.name}' that was declared otherwise"
            f" ({'; '.join(lines)}): undo the change or give this campaign another name"
        )
    if setup.ligands is not None:
        keep_copy(setup.ligands, setup.folder, anew=known is None)
    facts = {"campaign": json.dumps(resolved, sort_keys=True), "identity_version": str(IDENTITY_VERSION)}
    if known is None:
        facts |= {"key": uuid.uuid4().hex, "started_at": repr(time.time())}
        # Now and for good: what others label later changes nothing here.
        facts |= {BORROWED: others.to_text()} if (others := borrow(setup)) is not None else {}
        note_begin(ledger)
    ledger.set_meta(**facts)
    return ledger


def _enter_identities(context: CampaignContext) -> None:
    """Enter who was picked by a version that kept the keys alone."""
    unknown = [key for key, identity in context.ledger.candidates().items() if identity is None]
    if unknown:
        context.ledger.enter_candidates([context.pool[key] for key in unknown], round_number=0)


def _require_content(setup: Setup) -> None:
    """Raise `InputError` when the ledger was emptied; it is empty too where a first start was killed at once."""
    path = setup.ledger_path
    if path.is_file() and path.stat().st_size == 0 and (setup.folder / "report").is_dir():
        raise InputError(
            f"{path} has no content, though the report beside it tells of a campaign: bring a copy of it back, or"
            " remove it to start anew; what is in runs/_store will not be computed again"
        )


def _open_round(context: CampaignContext, screening: Screening) -> Round | None:
    """Return the unfinished round, or choose and enter the next one; None when all is done."""
    standing = Standing.of(context.ledger)
    if standing.round_number == len(standing.rounds):
        hear(context)
        if not (q := standing.portion(context, screening)):
            return None
        context.dispatcher.finish(choose(context, screening, standing, q=q))
    newest = context.ledger.rounds()[-1]
    # A rule may have ended the campaign in place of a choice.
    return newest if newest.finished_at is None else None
