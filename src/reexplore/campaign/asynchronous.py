"""Label, learn and choose side by side: the next candidates are chosen when workers would idle.

The labelling of each candidate, the learning and the choice are jobs of their own. What is to be begun is read from
the ledger alone, so that a resumed campaign goes on with the same jobs.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any

from reexplore.campaign.ledger.ledger import Ledger
from reexplore.campaign.results.running_report import RunningReport
from reexplore.campaign.running.context import CampaignContext
from reexplore.campaign.running.dispatcher import Job
from reexplore.campaign.steps.choosing import Standing, choose
from reexplore.campaign.steps.labelling import labelling_due, observed_kcal_mol
from reexplore.campaign.steps.learning import learn
from reexplore.campaign.steps.reviewing import hear
from reexplore.campaign.steps.screening import Screening
from reexplore.surrogate.ensembles import FEWEST_LABELS

#: The jobs there is one of, and where the ledger keeps what learning was begun with; other jobs are candidates' keys.
_LEARNING, _CHOICE = "learning", "choice"


def steer(context: CampaignContext, screening: Screening, report: RunningReport) -> None:
    """Go on until the budget of labels is spent or no candidate is left."""

    def due(under_way: Collection[str]) -> dict[str, Job[None]]:
        return _due(context, screening, report, under_way)

    def after_turn(ended: Collection[str]) -> None:
        report.turn([name for name in ended if name not in (_LEARNING, _CHOICE)])

    context.dispatcher.side_by_side(due, after_turn=after_turn)
    while hear(context):
        # Said while the last labels were computed: what was on hold may be free now.
        context.dispatcher.side_by_side(due, after_turn=after_turn)


def _due(
    context: CampaignContext, screening: Screening, report: RunningReport, under_way: Collection[str]
) -> dict[str, Job[None]]:
    """Return what is to be begun, by name, as the ledger stands."""
    standing = Standing.of(context.ledger)
    if fresh := labelling_due(context, standing.pending, under_way):
        # Nothing else before these have asked for their calculations.
        return fresh
    portion = standing.portion(context, screening)
    if _LEARNING not in under_way and _is_time_to_learn(context, standing, last=not portion):
        return {_LEARNING: _learn(context, screening, standing, report)}
    # Before the first model there is nothing to choose by: the seed has to come back.
    waits = standing.model is None and (standing.pending or _LEARNING in under_way)
    if portion and not waits and _CHOICE not in under_way and context.dispatcher.runs_short:
        hear(context)
        # What people set aside meanwhile may leave fewer.
        if portion := standing.portion(context, screening):
            return {_CHOICE: choose(context, screening, standing, q=portion)}
    return {}


def _is_time_to_learn(context: CampaignContext, standing: Standing, *, last: bool) -> bool:
    """Return whether a batch of new labels is there, or the last ones are, or learning was interrupted."""
    begun, budget = _begun(context.ledger), context.setup.file.budget
    if begun["round"] == standing.round_number < len(standing.rounds):
        return True
    batch = budget.batch if standing.model else max(min(budget.batch, budget.seed_labels), FEWEST_LABELS)
    new = len(standing.labelled - set(begun["labels"]))
    return new >= batch or (last and new > 0 and not standing.pending)


def _learn(context: CampaignContext, screening: Screening, standing: Standing, report: RunningReport) -> Job[None]:
    """Learn from the labels there are, in a resumed campaign from those it was begun with, and close the round."""
    ledger, number, begun = context.ledger, standing.round_number, _begun(context.ledger)
    chosen = standing.labelled & set(begun["labels"]) if begun["round"] == number else standing.labelled
    with ledger.transaction():
        ledger.open_round(number, "acquisition" if standing.model else "seed", ())
        ledger.set_meta(**{_LEARNING: json.dumps({"round": number, "labels": sorted(chosen)})})
    observed = {key: value for key, value in observed_kcal_mol(context).items() if key in chosen}
    context.narrator.say(f"learning from {len(observed)} labels, round {number}")
    ledger.close_round(number, (yield from learn(context, screening, observed, number)))
    # Pages and the mirror may take a minute, in which nothing is handed out: the workers get their next tasks before.
    while context.dispatcher.runs_short and Standing.of(ledger).portion(context, screening):
        yield
    report.round_closed(number)


def _begun(ledger: Ledger) -> dict[str, Any]:
    """Return the round in which learning was last begun, and the labels it was begun with."""
    begun: dict[str, Any] = json.loads(ledger.meta(_LEARNING) or '{"round": -1, "labels": []}')
    return begun
