"""The loop: build, choose, label, learn, record; a resume enters it at the first unfinished step."""

from __future__ import annotations

import json
import time
import uuid

from reexplore.campaign.aquo import compute_aquo_ions
from reexplore.campaign.bench import Bench
from reexplore.campaign.choosing import choose_next, choose_seed
from reexplore.campaign.labelling import label
from reexplore.campaign.learning import learn
from reexplore.campaign.ledger import Ledger, Round
from reexplore.campaign.report import report_end, report_round
from reexplore.campaign.screening import Screening, screen
from reexplore.campaign.setup import Setup
from reexplore.chemistry.candidates import IDENTITY_VERSION
from reexplore.config import difference
from reexplore.errors import InputError


def run_campaign(bench: Bench) -> None:
    """Go on until the budget of labels is spent or no candidate is left.

    Every step asks ledger and store first, so that running it again costs nothing and a resumed
    campaign ends where an undisturbed one ends.
    """
    bench.ledger.recall()
    screening = screen(bench)
    compute_aquo_ions(bench)
    while (current := _open_round(bench, screening)) is not None:
        batch = [bench.pool[p.candidate] for p in bench.ledger.picks() if p.round == current.number]
        bench.narrator.say(f"round {current.number} ({current.kind}): {', '.join(c.name for c in batch)}")
        label(bench, batch)
        bench.ledger.close_round(current.number, learn(bench, screening, current.number))
        report_round(bench, current.number)
    report_end(bench)


def open_campaign(setup: Setup) -> Ledger:
    """Return the campaign's ledger, new or old; refuse when it belongs to a campaign declared otherwise."""
    setup.folder.mkdir(parents=True, exist_ok=True)
    ledger = Ledger(setup.ledger_path)
    resolved = setup.resolved()
    known = ledger.meta("campaign")
    if known is not None and (lines := difference(json.loads(known), resolved)):
        raise InputError(
            f"{setup.folder} holds a campaign '{setup.file.name}' that was declared otherwise"
            f" ({'; '.join(lines)}): undo the change or give this campaign another name"
        )
    facts = {"campaign": json.dumps(resolved, sort_keys=True), "identity_version": str(IDENTITY_VERSION)}
    if known is None:
        facts |= {"key": uuid.uuid4().hex, "started_at": repr(time.time())}
    ledger.set_meta(**facts)
    return ledger


def _open_round(bench: Bench, screening: Screening) -> Round | None:
    """Return the unfinished round, or choose and enter the next one; None when all is done."""
    rounds = bench.ledger.rounds()
    if rounds and rounds[-1].finished_at is None:
        return rounds[-1]
    budget = bench.setup.file.budget
    labelled = len(bench.ledger.labels())
    picked = {pick.candidate for pick in bench.ledger.picks()}
    free = [key for key in screening.available if key not in picked]
    if labelled >= budget.labels or not free:
        return None
    learned = rounds[-1].learned if rounds else None
    if learned is None or learned["forecast"] is None:
        # Too few labels to learn from: the seed, or what failed of it.
        q = min(max(budget.seed_labels - labelled, 1), len(free))
        picks = choose_seed(bench, free, q=q, number=len(rounds))
        bench.ledger.open_round(len(rounds), "seed", picks)
    else:
        q = min(budget.batch, budget.labels - labelled, len(free))
        picks = choose_next(bench, learned, q=q, number=len(rounds))
        bench.ledger.open_round(len(rounds), "acquisition", picks)
    return bench.ledger.rounds()[-1]
