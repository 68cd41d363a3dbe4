"""At the end of a round: ligands are proposed from what its labels say, and join the space.

They enter the ledger with the end of the round. A resume before that proposes them again, and the same ones.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence

from reexplore.campaign.declaration.proposed import joining
from reexplore.campaign.ledger.rows import ProposedLigand
from reexplore.campaign.running.context import CampaignContext
from reexplore.campaign.running.dispatcher import Job
from reexplore.campaign.steps.labelling import known_labels
from reexplore.campaign.steps.screening import Screening, keep_screening, screen
from reexplore.config import GeneratorEntry, ProposeEntry
from reexplore.errors import ExecutionError
from reexplore.execution.recipes import GeneratorTraining, Proposing
from reexplore.execution.task import Task
from reexplore.properties.label import Label
from reexplore.proposals.asked import ASK_A_GENERATOR, FEWEST, known_ligands
from reexplore.proposals.donor_classes import DONOR_CLASSES
from reexplore.proposals.enumerated import family_of
from reexplore.proposals.settings import GeneratorSettings
from reexplore.proposals.training_set import TrainingSet

_STAGE = "proposals"
#: Where the ledger keeps the digest of the strings that the generator learns to write, and its trainings by round.
_STRINGS, _TRAININGS = "generator_strings", "generator_trainings"
_NAMED = 6


def propose(
    context: CampaignContext, screening: Screening, number: int
) -> Job[tuple[tuple[ProposedLigand, ...], Screening]]:
    """Return the ligands that join the space at the end of a round, and the screening with them.

    A round that was opened again keeps what it had.
    """
    asked = context.setup.file.space.propose
    if asked is None or any(one.round == number for one in context.ledger.proposed()):
        return (), screening
    values = ligand_values(context)
    if len(values) < FEWEST:
        context.narrator.say(f"nothing is proposed: {FEWEST} labelled ligands are needed, and there are {len(values)}")
        return (), screening
    tried = sorted({candidate.ligand.identity for candidate in context.pool.candidates()})
    task = Task.of(
        Proposing(
            asked.by,
            asked.each_round,
            tuple(asked.classes),
            asked.heavy_atoms,
            values,
            context.store.put_text("\n".join(tried)),
            context.setup.file.seed,
            number,
            (yield from _generator(context, asked, values, number)) if asked.by in ASK_A_GENERATOR else "",
        ),
        title=f"round {number}, {asked.by}",
    )
    outcome = (yield from context.dispatcher.run([task], stage=_STAGE))[task.key]
    if outcome.value is None:
        raise ExecutionError(f"nothing could be proposed: {outcome.failure}")
    found, unfit = joining(context.setup, _named(outcome.value["proposals"], asked, number))
    _say(context, found, asked, unfit=unfit, refused=outcome.value["refused"], strangers=outcome.value["strangers"])
    if not found:
        return (), screening
    context.take_in(found)
    return tuple(found), (yield from screen(context))


def enter(context: CampaignContext, joined: Sequence[ProposedLigand], screening: Screening) -> None:
    """Enter ligands that joined the space in a round, the candidates that they make, and the screening with them."""
    if not joined:
        return
    context.ledger.enter_proposed(joined)
    new = {one.identity for one in joined}
    mine = [candidate for candidate in context.pool.candidates() if candidate.ligand.identity in new]
    context.ledger.enter_candidates(mine, round_number=joined[0].round, source=joined[0].proposer)
    keep_screening(context, screening)


def ligand_values(context: CampaignContext) -> dict[str, float]:
    """Return what the campaign asks of each labelled ligand, by identity: the higher, the better."""
    goals = context.setup.goals
    by_metal: dict[str, dict[str, Label]] = {}
    for label in known_labels(context).values():
        candidate = label.candidate
        by_metal.setdefault(candidate.ligand.identity, {})[candidate.metal.symbol] = label
    found: dict[str, float] = {}
    for identity, labels in by_metal.items():
        if not goals:
            (label,) = labels.values()
            found[identity] = -label.binding.energy_kcal_mol
        elif set(goals.metals) <= labels.keys():
            (measured,) = goals.values(labels)
            if measured is not None:
                found[identity] = -goals.goals[0].sign * measured.value
    return found


def _named(proposals: Sequence[Mapping[str, object]], asked: ProposeEntry, number: int) -> list[ProposedLigand]:
    """Return proposals with names: of a member of the enumerated family its class and number."""
    found = []
    for place, each in enumerate(proposals, start=1):
        kind, identity = str(each["class"]), str(each["identity"])
        name = f"{asked.by}-{number}-{place}"
        if each["number"] is not None:
            name = f"{kind.replace(' ', '-')}-{each['number']}"
        parents = each["parents"]
        assert isinstance(parents, list)
        found.append(
            ProposedLigand(identity, DONOR_CLASSES[kind].charge, name, asked.by, tuple(map(str, parents)), number)
        )
    return found


def _say(
    context: CampaignContext,
    found: Sequence[ProposedLigand],
    asked: ProposeEntry,
    *,
    unfit: Sequence[str],
    refused: Mapping[str, int],
    strangers: Sequence[str],
) -> None:
    names = ", ".join(one.name for one in found[:_NAMED]) + (f", {len(found) - _NAMED} more" * (len(found) > _NAMED))
    told = f"{len(found)} ligands join the space, {asked.by}" + (f": {names}" if found else "")
    codes = Counter(refused)
    if codes:
        told += f"; refused {codes.total():,}: {', '.join(f'{code} {count:,}' for code, count in codes.most_common())}"
    context.narrator.say(told)
    if unfit:
        context.narrator.say(f"{len(unfit)} proposed ligands cannot be candidates, the first because {unfit[0]}")
    if strangers:
        context.narrator.say(f"{len(strangers)} labelled ligands are of no class of donors: nothing is made from them")


def _generator(context: CampaignContext, asked: ProposeEntry, values: Mapping[str, float], number: int) -> Job[str]:
    """Train the generator, or refine that of the round before with the labels there are; return the training's key."""
    trainings: dict[str, str] = json.loads(context.ledger.meta(_TRAININGS) or "{}")
    before = [trainings[key] for key in sorted(trainings, key=int) if int(key) < number]
    entry = asked.generator
    if before and not entry.refine_epochs:
        return before[-1]
    recipe = GeneratorTraining(
        context.store.put_text(_training_set(context, asked, entry, values)),
        GeneratorSettings(epochs=entry.refine_epochs if before else entry.epochs).declaration(),
        context.setup.file.seed,
        before[-1] if before else "",
    )
    task = Task.of(recipe, title=f"{entry.strings:,} ligands, round {number}")
    outcome = (yield from context.dispatcher.run([task], stage="generator"))[task.key]
    if outcome.value is None:
        raise ExecutionError(f"the generator was not trained: {outcome.failure}")
    context.ledger.set_meta(**{_TRAININGS: json.dumps(trainings | {str(number): task.key})})
    return task.key


def _training_set(
    context: CampaignContext, asked: ProposeEntry, entry: GeneratorEntry, values: Mapping[str, float]
) -> str:
    """Return ligands of the family, drawn once, and labelled ones that are written like them, with values."""
    digest = context.ledger.meta(_STRINGS)
    if digest is None:
        context.narrator.say(f"drawing {entry.strings:,} ligands of the enumerated family for the generator")
        drawn = family_of(asked.classes).draw(
            entry.strings, seed=context.setup.file.seed, heavy_atoms=asked.heavy_atoms
        )
        digest = context.store.put_text(TrainingSet.of([found for _, found in drawn], {}, ()).to_text())
        context.ledger.set_meta(**{_STRINGS: digest})
    strings = TrainingSet.from_text(context.store.get_text(digest))
    known, _ = known_ligands(values, tried=frozenset(), seed=0, number=0)
    goal = context.setup.goals.goals[0].quantity.name if context.setup.goals else "binding_energy"
    return strings.beside(known.ligands, known.values, goal).to_text()
