"""Whether a campaign is at its end: between two rounds it is not, though every round it has is closed."""

from __future__ import annotations

from reexplore.campaign.ledger.ledger import Ledger

#: Where the ledger keeps with how many rounds the campaign came to its end; nothing until it did.
_META = "ended_with_rounds"


def note_end(ledger: Ledger) -> None:
    """Note that nothing is left to be chosen, labelled or learned."""
    ledger.set_meta(**{_META: str(len(ledger.rounds()))})


def note_begin(ledger: Ledger) -> None:
    """Note that a new campaign is not at its end."""
    ledger.set_meta(**{_META: ""})


def finished_at(ledger: Ledger, *, labels_wanted: int) -> float | None:
    """Return when the campaign came to its end, in seconds since 1970; None where it did not, or has gone on since.

    A campaign that was begun by a version that noted no end is at it when it has its labels.
    """
    rounds = ledger.rounds()
    if not rounds or rounds[-1].finished_at is None:
        return None
    noted = ledger.meta(_META)
    ended = len(ledger.labels()) >= labels_wanted if noted is None else noted == str(len(rounds))
    return rounds[-1].finished_at if ended else None
