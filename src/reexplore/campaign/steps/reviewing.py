"""Before a choice the driver hears what people decided: in files that commands left, and in tags of MLflow runs."""

from __future__ import annotations

from collections.abc import Callable

from reexplore.campaign.declaration.pool import Pool
from reexplore.campaign.declaration.setup import Setup
from reexplore.campaign.ledger.ledger import Ledger
from reexplore.campaign.running.context import CampaignContext
from reexplore.campaign.running.inbox import waiting
from reexplore.tracking.decisions import PAST, Decision
from reexplore.tracking.records import TrackingError

_Say = Callable[[str], None]


def hear(context: CampaignContext) -> bool:
    """Enter what people decided since the last choice and tell it; return whether there was anything."""
    entered = take_in(context.setup, context.ledger, context.pool, say=context.narrator.say)
    for decision in entered:
        context.narrator.say(sentence(context.pool, context.ledger, decision))
    return bool(entered)


def take_in(setup: Setup, ledger: Ledger, pool: Pool, *, say: _Say) -> list[Decision]:
    """Enter all decisions that wait and return them; `say` is told what could not be read. The caller is the driver.

    Decisions by command come first: they have a time, and a tag has none. Read twice, after a driver was killed
    between two of these lines, a decision is entered once.
    """
    left = waiting(setup.folder)
    tags = _tags(setup, ledger, pool, say)
    with ledger.transaction():
        entered = [decision for decision in (*left.values(), *tags) if ledger.enter_decision(decision)]
    for path in left:
        path.unlink(missing_ok=True)
    return entered


def sentence(pool: Pool, ledger: Ledger, decision: Decision) -> str:
    """Return a decision with what follows from it, for people."""
    return f"{name_of(pool, decision)} {decision.said}; {what_follows(ledger, decision)}"


def name_of(pool: Pool, decision: Decision) -> str:
    """Return whom a decision is about, for people."""
    return pool[decision.candidate].name if decision.candidate else f"family {decision.subject}"


def what_follows(ledger: Ledger, decision: Decision) -> str:
    """Return in words what a decision changes, and of a candidate that was chosen before that it changes nothing."""
    pick = next((each for each in ledger.picks() if each.candidate == decision.candidate), None)
    if pick is None:
        follows = {
            "promote": "the next choice takes it first",
            "reject": "it leaves the pool",
            "hold": "it waits until that is decided otherwise",
            "clear": "it is chosen like any other",
        }
        return follows[decision.verdict]
    if pick.candidate in ledger.labels():
        apart = ", and is no longer what others have to surpass" if decision.verdict == "reject" else ""
        return f"it was labelled in round {pick.round}{apart}: the label stays, and the models learn from it"
    if pick.candidate in ledger.label_failures():
        return f"it failed in round {pick.round}: nothing changes"
    return (
        f"it is being labelled in round {pick.round}, which goes on: that it was {PAST[decision.verdict]} is on record"
    )


def _tags(setup: Setup, ledger: Ledger, pool: Pool, say: _Say) -> list[Decision]:
    """Return the decisions in tags of MLflow runs; say which tags are not understood, and when it cannot be reached."""
    from reexplore.tracking.mlflow import Tracker

    key = ledger.meta("key")
    if key is None:
        return []
    try:
        found = Tracker(setup.tracking).decisions(key)
    except TrackingError as error:
        say(f"MLflow was not reached ({error}); its tags are read when it is back")
        return []
    except Exception as error:
        say(f"MLflow failed with {type(error).__name__} ({error}); its tags are read when that is mended")
        return []
    for sentence in found.not_understood:
        say(sentence)
    strangers = [each for each in found.decisions if each.candidate not in pool]
    for each in strangers:
        say(f"the tag of an MLflow run is about {each.candidate}, no candidate of this campaign: it is passed over")
    return [each for each in found.decisions if each not in strangers]
