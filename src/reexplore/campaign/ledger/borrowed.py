"""Labels of others that a campaign learns from beside its own, as its ledger keeps them from its start on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Self

from reexplore.campaign.ledger.ledger import Ledger
from reexplore.errors import ExecutionError
from reexplore.surrogate.samples import Sample, samples_from_text, samples_to_text

#: Where the ledger keeps them.
META = "borrowed"
#: Before the keys of borrowed samples: a candidate may be labelled later by the campaign itself.
_MARK = "borrowed "


@dataclass(frozen=True)
class Borrowed:
    """Labelled candidates of others, and the sentence that says how many there are and where they come from.

    They are samples to learn from and nothing else: no candidates, no part of a ranking or of the budget.
    """

    told: str
    samples: tuple[Sample, ...] = ()

    def beside(self, own: Collection[str]) -> list[Sample]:
        """Return what is learned from beside labels of the campaign's own, given by their candidates' keys.

        A candidate that the campaign has labelled is not learned from twice.
        """
        return [replace(s, key=_MARK + s.key) for s in self.samples if s.key not in own]

    def to_text(self) -> str:
        """Return them as JSON text with the digest of the samples."""
        samples = samples_to_text(self.samples)
        return json.dumps({"told": self.told, "digest": _digest(samples), "samples": samples})

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Read them from `to_text`; raise `ExecutionError` where they are not what was written."""
        data = json.loads(text)
        if _digest(data["samples"]) != data["digest"]:
            raise ExecutionError("the borrowed labels in the ledger are damaged: bring a copy of the ledger back")
        return cls(data["told"], tuple(samples_from_text(data["samples"])))


def borrowed(ledger: Ledger) -> Borrowed | None:
    """Return what a campaign learns from beside its own labels; None where its file does not ask for any."""
    text = ledger.meta(META)
    return Borrowed.from_text(text) if text is not None else None


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
