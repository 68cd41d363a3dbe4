"""Which candidates are labelled next: a design while nothing is known, BoTorch afterwards.

A choice is a function of what is recorded with it: it can be made again from ledger and store.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from reexplore.acquisition.preselection import MOST
from reexplore.acquisition.seed_design import seed_design
from reexplore.campaign.ledger.labels import hydration_kcal_mol
from reexplore.campaign.ledger.ledger import Ledger
from reexplore.campaign.ledger.rows import Model, Pick, Round
from reexplore.campaign.running.context import CampaignContext
from reexplore.campaign.running.dispatcher import Job
from reexplore.campaign.steps.ending import judged, standing_verdict
from reexplore.campaign.steps.labelling import known_labels
from reexplore.campaign.steps.learning import expected, newest_model
from reexplore.campaign.steps.screening import Screening, screening_digest
from reexplore.errors import ExecutionError
from reexplore.execution.recipes import Selection
from reexplore.execution.store import Store
from reexplore.execution.task import Task
from reexplore.properties.label import Label
from reexplore.surrogate.samples import Traits


@dataclass(frozen=True)
class Standing:
    """Where a campaign stands: what was picked, what came of it, and the newest model."""

    rounds: list[Round]
    picked: list[str]
    labelled: set[str]
    failed: set[str]
    model: Model | None

    @classmethod
    def of(cls, ledger: Ledger) -> Standing:
        """Read it from the ledger."""
        rounds = ledger.rounds()
        picked = [pick.candidate for pick in ledger.picks()]
        return cls(rounds, picked, set(ledger.labels()), set(ledger.label_failures()), newest_model(rounds))

    @property
    def pending(self) -> list[str]:
        """Return what was picked and has neither a label nor a reason for having none."""
        return [key for key in self.picked if key not in self.labelled and key not in self.failed]

    @property
    def round_number(self) -> int:
        """Return the number of the open round, or of the next one."""
        return len(self.rounds) - bool(self.rounds and self.rounds[-1].finished_at is None)

    def portion(self, context: CampaignContext, screening: Screening) -> int:
        """Return how many candidates the next choice takes; 0 when the budget is spent or no candidate is left.

        It is 0 too when a rule of the campaign file has ended the campaign.
        """
        budget, whole = context.setup.file.budget, context.setup.goals.unit_size
        # Without a model: the seed, or what failed of it.
        wanted = budget.batch if self.model else max(budget.seed_labels - len(self.labelled), whole)
        left = budget.labels - len(self.labelled) - len(self.pending)
        reviewed = context.decided.reviewed(screening.sees)
        verdict = standing_verdict(context.setup, context.ledger, decisions=reviewed.decisions)
        if verdict is not None and verdict.ends:
            return 0
        aside = reviewed.aside
        free = screening.count - len(self.picked) - len(aside) + sum(key in aside for key in self.picked)
        taken = max(min(wanted, left, free), 0)
        # No ligand is labelled with some of its metals only.
        return taken - taken % whole


def choose(context: CampaignContext, screening: Screening, standing: Standing, *, q: int) -> Job[None]:
    """Choose `q` candidates and enter them in one decision, with the digest of all they were chosen from.

    What people promoted goes first, and the others are chosen beside it. Where a rule of the campaign file ends the
    campaign, there are no others.
    """
    ordinal = _ordinal(context.ledger, standing)
    reviewed = context.decided.reviewed(screening.sees)
    promoted = [key for key in reviewed.promoted if key not in standing.picked][:q]
    aside = reviewed.aside.difference(standing.picked)
    left = q - len(promoted)
    if standing.model is None:
        inputs: dict[str, Any] = {
            "screening": screening_digest(context.ledger),
            "picked": sorted({*standing.picked, *promoted, *aside}),
            "q": left,
            "seed": context.setup.file.seed + ordinal,
        }
        if goals := context.setup.goals:
            inputs["metals"] = list(goals.metals)
        picks = designed(screening, inputs)
    else:
        seed = context.setup.file.seed + ordinal
        selection = _selection(context, screening, standing, standing.model, q=left, seed=seed)
        selection = replace(
            selection,
            pending=tuple(sorted({*selection.pending, *promoted})),
            excluded=tuple(sorted({*selection.excluded, *aside})),
        )
        task = Task.of(selection, title=f"round {standing.round_number}")
        inputs, picks = task.inputs, []
        if left:
            outcome = (yield from context.dispatcher.run([task], stage="choice"))[task.key]
            if outcome.value is None:
                raise ExecutionError(f"no batch could be chosen: {outcome.failure}")
            picks = outcome.value["picks"]
            if _ends(context, screening, outcome.value.get("expected_improvement"), decisions=reviewed.decisions):
                if not promoted:
                    return
                left, picks = 0, []
                inputs = inputs | {"q": 0}
    if promoted:
        inputs = inputs | {"promoted": promoted}
        picks = [*asked_for(inputs), *picks]
    # A model may have been finished meanwhile, and its round with it.
    now = Standing.of(context.ledger)
    first = sum(pick.round == now.round_number for pick in context.ledger.picks())
    chosen = entered(picks, standing.model, context.store, round_number=now.round_number, first=first)
    digest = context.store.put_text(json.dumps(inputs, sort_keys=True))
    with context.ledger.transaction():
        number = now.round_number
        kind: Literal["seed", "acquisition"] = "seed" if now.model is None else "acquisition"
        context.ledger.open_round(number, kind, chosen, inputs=digest, decisions=reviewed.decisions)
        context.ledger.enter_candidates([context.pool[pick.candidate] for pick in chosen], round_number=number)


def _ends(
    context: CampaignContext, screening: Screening, improvement: Sequence[float] | None, *, decisions: int
) -> bool:
    """Return whether a rule ends the campaign, and say by what evidence."""
    if context.setup.file.budget.stop is None:
        return False
    known = known_labels(context)
    beside = _no_incumbents(context, screening, known)
    measured = {key: label for key, label in known.items() if key not in beside}
    verdict = judged(context.setup, context.ledger, measured, improvement, decisions=decisions)
    if verdict is None:
        return False
    context.narrator.say(f"{'ends' if verdict.ends else 'goes on'} after round {verdict.round}: {verdict.reason}")
    return verdict.ends


def asked_for(inputs: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the picks that people promoted, in the order in which they did."""
    return [{"key": key, "role": "promoted", "value": None} for key in inputs.get("promoted", ())]


def designed(screening: Screening, inputs: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the first picks: as different as the lists of the space allow, among a sample of a very large pool.

    Where an objective needs several metals, ligands are drawn, and all their complexes returned.
    """
    picked, seed, metals = set(inputs["picked"]), inputs["seed"], inputs.get("metals", ())
    available = screening.available(metals[0] if metals else None)
    free = np.fromiter((key for key in available if key not in picked), dtype="S16")
    if len(free) > MOST:
        free = np.random.default_rng(seed).choice(np.sort(free), MOST, replace=False)
    traits = [Traits.of(screening.pool[key.decode()]) for key in free]
    chosen = seed_design(traits, q=inputs["q"] // (len(metals) or 1), seed=seed)
    if metals:
        chosen = [candidate.key for key in chosen for candidate in screening.pool.same_ligand(key)]
    return [{"key": key, "role": "seed", "value": None} for key in chosen]


def entered(
    picks: list[dict[str, Any]], model: Model | None, store: Store, *, round_number: int, first: int
) -> list[Pick]:
    """Return a choice as the ledger keeps it: with what the model it was made by expects of each pick."""
    told = expected(store, model, {pick["key"] for pick in picks}) if model else {}
    return [
        Pick(
            candidate=pick["key"],
            round=round_number,
            position=position,
            role=pick["role"],
            value=pick["value"],
            # Of a funnel the forecast lacks what people promoted past it.
            predicted=said.mean if (said := told.get(pick["key"])) else None,
            sigma=said.sigma if said else None,
        )
        for position, pick in enumerate(picks, start=first)
    ]


def _selection(
    context: CampaignContext, screening: Screening, standing: Standing, model: Model, *, q: int, seed: int
) -> Selection:
    goals, known = context.setup.goals, known_labels(context)
    others = _no_incumbents(context, screening, known)
    observed = {key: goals.learned_kcal_mol(label) for key, label in known.items() if key not in others}
    hydration = hydration_kcal_mol(known.values()) if goals.needs_aqua_ions else {}
    return Selection(
        forecast=model.forecast,
        families=model.families,
        calibration=model.calibration.to_dict(),
        labelled=observed,
        excluded=tuple(sorted(standing.failed | others)),
        policy=context.setup.policy.model_dump(mode="json"),
        q=q,
        seed=seed,
        pending=tuple(sorted(standing.pending)),
        objective=tuple(goals.say()),
        hydration=tuple(sorted(hydration.items())),
        by_lot=model.funnel.by_lot if model.funnel else (),
    )


def _no_incumbents(context: CampaignContext, screening: Screening, known: Mapping[str, Label]) -> set[str]:
    """Return the labels that no candidate has to surpass: held by more atoms than were named, or rejected by people."""
    rejected = context.decided.reviewed(screening.sees).rejected
    return {key for key, label in known.items() if label.other_donors or key in rejected}


def _ordinal(ledger: Ledger, standing: Standing) -> int:
    """Return how many choices there were, counting one for each closed round of which none is recorded."""
    choices = ledger.choices()
    recorded = {choice.round for choice in choices}
    return len(choices) + sum(r.finished_at is not None and r.number not in recorded for r in standing.rounds)
