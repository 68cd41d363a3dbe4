"""What people decide about candidates, whichever way they say it: promote, reject, hold, or clear what was decided."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from difflib import get_close_matches
from typing import Literal, get_args

from reexplore.errors import InputError

Verdict = Literal["promote", "reject", "hold", "clear"]
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)

#: What each verdict makes of a candidate, in one word.
PAST: dict[Verdict, str] = {"promote": "promoted", "reject": "rejected", "hold": "held", "clear": "cleared"}

#: Longer comments are refused: they are to be read in a table.
LONGEST_COMMENT = 1000

#: Spellings that people use besides the verdicts themselves, without case, blanks and hyphens.
_SPELLINGS: dict[str, Verdict] = {
    **dict.fromkeys(("promote", "promoted", "promoting", "promotion", "accept", "accepted", "yes"), "promote"),
    **dict.fromkeys(("reject", "rejected", "rejecting", "rejection", "refuse", "refused", "no"), "reject"),
    **dict.fromkeys(("hold", "held", "holding", "onhold", "holdon", "wait", "waiting", "later"), "hold"),
    **dict.fromkeys(("clear", "cleared", "none", "undo", "reset", "withdraw", "withdrawn"), "clear"),
}


@dataclass(frozen=True)
class Decision:
    """One decision of a person about one candidate, or about all that `family` describes.

    `candidate` is its key; `family` has a pattern for each trait, such as {"scaffold": "CAM"}, and is empty otherwise.
    `at` is when it was said, in seconds since 1970; a tag has no time and counts from when it was read. `identity`
    tells the same decision, read twice, from a second one.
    """

    identity: str
    at: float
    by: str
    via: Literal["command", "MLflow"]
    verdict: Verdict
    comment: str = ""
    candidate: str | None = None
    family: Mapping[str, str] = field(default_factory=dict)

    @property
    def when(self) -> str:
        """Return the time for people."""
        return datetime.fromtimestamp(self.at, UTC).strftime("%Y-%m-%d %H:%M UTC")

    @property
    def subject(self) -> str:
        """Return whom it is about: a candidate's key, or its family as it was given."""
        return self.candidate or ",".join(f"{name}={value}" for name, value in self.family.items())

    @property
    def said(self) -> str:
        """Return in one line what was decided, by whom, when and why."""
        why = f": {self.comment}" if self.comment else ", without a reason"
        return f"{PAST[self.verdict]} by {self.by}, {self.when}{why}"


@dataclass(frozen=True)
class DecisionRow:
    """A decision as a line of a table: its `number` in the ledger, whom it is about, and whether it still holds.

    `replaced_by` is the number of the later one; of a family that is the one which replaced it for all its candidates.
    """

    number: int
    decision: Decision
    name: str
    replaced_by: int | None = None


def verdict_of(said: str) -> Verdict:
    """Return what a person means by a word; raise `InputError`, which names the nearest verdict, for anything else."""
    word = re.sub(r"[\s_-]+", "", said).casefold().strip(".!")
    if word in _SPELLINGS:
        return _SPELLINGS[word]
    near = get_close_matches(word, _SPELLINGS, n=1, cutoff=0.7)
    hint = f"; did you mean {_SPELLINGS[near[0]]}?" if near else ""
    raise InputError(f"'{plain(said, longest=40)}' is none of {', '.join(VERDICTS)}{hint}")


def plain(text: str, *, longest: int = LONGEST_COMMENT) -> str:
    """Return what a person wrote on one line, without what a terminal would obey; the end of a long text is cut."""
    line = "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in " ".join(text.split()))
    return line if len(line) <= longest else f"{line[: longest - 1]}…"
