"""Make every choice of a campaign again from what was recorded with it, and compare."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import isclose
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from reexplore.campaign.declaration.setup import Setup
from reexplore.campaign.ledger.ledger import Ledger
from reexplore.campaign.ledger.rows import Choice, Model, Pick
from reexplore.campaign.steps.choosing import asked_for, designed, entered
from reexplore.campaign.steps.screening import Screening
from reexplore.execution.store import Store
from reexplore.execution.worker_functions import Context, select
from reexplore.surrogate.calibration import Calibration

#: How far a number may be off that another processor computed in another order.
_RELATIVE = 1e-9


@dataclass(frozen=True)
class Replayed:
    """A choice as the ledger has it and as it comes out again."""

    choice: Choice
    entered: list[Pick]
    again: list[Pick]

    @property
    def agrees(self) -> bool:
        """Return whether the same candidates come out in the same places, with the same numbers."""
        pairs = zip(self.entered, self.again, strict=False)
        return len(self.entered) == len(self.again) and all(_alike(one, other) for one, other in pairs)


def replay(setup: Setup, ledger: Ledger) -> Iterator[Replayed]:
    """Yield every recorded choice beside what its inputs give now; computed in this process, nothing is written."""
    store, choices, picks = Store(setup.store), ledger.choices(), ledger.picks()
    for number, choice in enumerate(choices):
        later = choices[number + 1 :]
        end = next((other.first for other in later if other.round == choice.round), len(picks))
        mine = [p for p in picks if p.round == choice.round and choice.first <= p.position < end]
        inputs = json.loads(store.get_text(choice.inputs))
        model = _model(inputs) if "forecast" in inputs else None
        rest = _rest(inputs, store) if inputs["q"] else []
        again = entered([*asked_for(inputs), *rest], model, store, round_number=choice.round, first=choice.first)
        yield Replayed(choice, mine, again)


def _model(inputs: dict[str, Any]) -> Model:
    """Return the model that a choice was made from; how its members were trained plays no part in that."""
    return Model((), tuple(inputs["families"]), inputs["forecast"], Calibration(**inputs["calibration"]))


def _rest(inputs: dict[str, Any], store: Store) -> list[dict[str, Any]]:
    """Return the picks beside what people promoted."""
    return _selected(inputs, store) if "forecast" in inputs else _designed(inputs, store)


def _designed(inputs: dict[str, Any], store: Store) -> list[dict[str, Any]]:
    return designed(Screening.from_text(store.get_text(inputs["screening"]), store), inputs)


def _selected(inputs: dict[str, Any], store: Store) -> list[dict[str, Any]]:
    with TemporaryDirectory() as folder:
        here = Path(folder)
        context = Context(folder=here, scratch=here, checkpoint=here, store=store, threads=1, memory_gb=1.0)
        picks: list[dict[str, Any]] = select(inputs, context)["picks"]
    return picks


def _alike(one: Pick, other: Pick) -> bool:
    bare = {"value": None, "predicted": None, "sigma": None}
    if replace(one, **bare) != replace(other, **bare):  # type: ignore[arg-type] # all three may be None
        return False
    return all(_near(getattr(one, name), getattr(other, name)) for name in bare)


def _near(one: float | None, other: float | None) -> bool:
    return one == other if one is None or other is None else isclose(one, other, rel_tol=_RELATIVE)
