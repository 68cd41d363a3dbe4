"""Learn from all labels: train the members, forecast the pool, calibrate, and measure the errors."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from reexplore.campaign.declaration.setup import Setup
from reexplore.campaign.ledger.borrowed import borrowed
from reexplore.campaign.ledger.labels import hydration_kcal_mol
from reexplore.campaign.ledger.ledger import Ledger
from reexplore.campaign.ledger.rows import Funnel, Learned, Model, Pick, Round
from reexplore.campaign.running.context import CampaignContext
from reexplore.campaign.running.dispatcher import Job
from reexplore.campaign.steps.constraining import LISTED_TOGETHER
from reexplore.campaign.steps.funnel import FIRST_LEVEL, hash_of, in_order, kept_winners, let_through
from reexplore.campaign.steps.goal_errors import goal_errors
from reexplore.campaign.steps.groundwork import groundwork
from reexplore.campaign.steps.labelling import known_labels, observed_kcal_mol
from reexplore.campaign.steps.screening import Part, Screening
from reexplore.chemistry.candidates import Candidate
from reexplore.errors import ExecutionError
from reexplore.execution.kinds import FORECAST_FILE, MEMBER_FILE
from reexplore.execution.recipes import ListedPrediction, Prediction, Training, WholeForecast, listed_text
from reexplore.execution.store import Store
from reexplore.execution.task import Task
from reexplore.structures.structure import Structure
from reexplore.surrogate.base import Sees, seen_by
from reexplore.surrogate.baselines import out_of_fold
from reexplore.surrogate.calibration import Calibration, evaluate
from reexplore.surrogate.ensembles import calibrated, can_be_learned, holds_out_ligands, member_count
from reexplore.surrogate.forecast import Forecast
from reexplore.surrogate.known import SURROGATES
from reexplore.surrogate.samples import Sample, Traits, folds, samples_to_text, targets_kcal_mol
from reexplore.tracking.records import ENSEMBLE, MAE_PREFIX, ParityPoint


@dataclass(frozen=True)
class Estimate:
    """What the ensemble says of one candidate's binding energy."""

    mean: float
    sigma: float


def sample(
    candidate: Candidate, structure: Structure | None, target_kcal_mol: float, parts: tuple[str, ...] = ()
) -> Sample:
    """Return a labelled candidate as the learned model sees it."""
    return Sample(
        key=candidate.key,
        structure=structure,
        group=candidate.group,
        scaffold=candidate.ligand.scaffold,
        substituents=candidate.ligand.substituents,
        target_kcal_mol=target_kcal_mol,
        parts=parts,
    )


def learn(context: CampaignContext, screening: Screening, observed: Mapping[str, float], number: int) -> Job[Learned]:
    """Return what labels in kcal/mol taught at the end of a round."""
    labelled = [Traits.of(context.pool[key]) for key in observed]
    if not can_be_learned(labelled, whole_ligands=bool(context.setup.goals)):
        return Learned(len(observed))
    keys, kind = sorted(observed), SURROGATES.find(context.setup.file.surrogate.model)[0]
    sees = seen_by(kind)
    geometries = screening.structures([context.pool[key] for key in keys])
    if sees == "geometry":
        own = [sample(context.pool[key], geometries[key], observed[key]) for key in keys]
    else:
        own = [sample(context.pool[k], geometries.get(k), observed[k], screening.parts_of(k)) for k in keys]
    others = borrowed(context.ledger)
    known = [*own, *(others.beside(observed) if others is not None else ())]
    whole_ligands = holds_out_ligands(known, sees=sees, for_goals=bool(context.setup.goals))
    if sees != "geometry" and not whole_ligands:
        context.narrator.say("all labels are of one ligand: what is said of another one has not been tested")
    leaning = yield from groundwork(context, screening)
    members = yield from _train(context, known, whole_ligands=whole_ligands, leaning=leaning)
    seen, funnel = screening.seen, None
    # Errors are those of the campaign's own labels: borrowed ones may be of other scaffolds.
    said_of = _held_out(context, members, "out_of_fold_kcal_mol")
    held_out = {s.key: said_of[s.key] for s in own}
    # A surrogate that does not tell is taken at its word with a geometry.
    first = {s.key: _held_out(context, members, "out_of_fold_first_kcal_mol").get(s.key, said_of[s.key]) for s in own}
    error_bars = partial(_error_bars, context, members, own, sees=sees, whole_ligands=whole_ligands)
    if context.setup.file.surrogate.graft is not None:
        picked = {pick.candidate for pick in context.ledger.picks() if pick.round <= number}
        seen, funnel = yield from _let_through(
            context, seen, members, observed=observed, picked=picked, error_bars=lambda table: error_bars(table, first)
        )
    forecast, table = yield from _forecast(context, seen, members)
    calibration = error_bars(table, held_out)
    fold_of = folds(known, len(members), context.setup.file.seed, whole_ligands=whole_ligands)
    baselines = {model: said[: len(own)] for model, said in out_of_fold(known, fold_of=fold_of).items()}
    if funnel is not None:
        baselines |= {FIRST_LEVEL: np.array([first[s.key] for s in own])}
    predictions = baselines | {ENSEMBLE: np.array([held_out[s.key] for s in own])}
    target = targets_kcal_mol(own)
    metrics = {f"{MAE_PREFIX}{model}": float(np.abs(said - target).mean()) for model, said in predictions.items()}
    metrics |= {"labels": float(len(observed)), "uncertainty_floor_kcal_mol": calibration.floor_kcal_mol}
    metrics |= {"borrowed_labels": float(len(known) - len(own))} if others is not None else {}
    if goals := context.setup.goals:
        hydration = hydration_kcal_mol(known_labels(context).values())
        metrics |= goal_errors(
            goals, own, target_kcal_mol=target, predicted_kcal_mol=predictions, hydration_kcal_mol=hydration
        )
    metrics |= kept_winners(context, number) if funnel is not None else {}
    parity, prospective = _prospective(context, number, observed)
    model = Model(tuple(members), tuple(part.digest for part in seen), forecast, calibration, funnel)
    return Learned(len(observed), metrics | prospective, parity, model)


def mend(context: CampaignContext, screening: Screening) -> Job[None]:
    """Make the newest model's forecast again where files are damaged, or where the model sees more than it did then.

    It is learned from the labels that it was learned from, those of them that still stand. More is seen where a
    template had crashed and came later.
    """
    rounds = context.ledger.rounds()
    newest = next((r for r in reversed(rounds) if r.model), None)
    if newest is None or (model := newest.model) is None:
        return
    files = [*((key, MEMBER_FILE) for key in model.members), (model.forecast, FORECAST_FILE)]
    # Every file is looked at: the damaged ones are set aside by that.
    damaged = [name for key, name in files if not context.store.holds(key, name)]
    seen = in_order(screening.seen) if model.funnel else screening.seen
    digests = [part.digest for part in seen]
    same = model.funnel.screened == hash_of(digests) if model.funnel else tuple(digests) == model.families
    if not damaged and same:
        return
    why = "files of the model are gone or damaged" if damaged else "the model sees other ligands now"
    context.narrator.say(f"{why}: round {newest.number} is learned again from its labels")
    seen_then = learned_from(context.ledger, model)
    observed = {key: energy for key, energy in observed_kcal_mol(context).items() if key in seen_then}
    again = yield from learn(context, screening, observed, newest.number)
    if again.model != model:
        context.ledger.close_round(newest.number, again)


def _error_bars(
    context: CampaignContext,
    members: Sequence[str],
    own: Sequence[Sample],
    table: Forecast,
    held_out: Mapping[str, float],
    *,
    sees: Sees,
    whole_ligands: bool,
) -> Calibration:
    """Return the error bars of a forecast by what was said of the campaign's own labels before they were seen."""
    return calibrated(
        table,
        own,
        held_out,
        _held_out(context, members, "out_of_fold_spread_kcal_mol"),
        sees=sees,
        declared_floor_kcal_mol=context.setup.file.surrogate.uncertainty_floor_kcal_mol,
        whole_ligands=whole_ligands,
    )


def _let_through(
    context: CampaignContext,
    seen: Sequence[Part],
    members: Sequence[str],
    *,
    observed: Mapping[str, float],
    picked: Collection[str],
    error_bars: Callable[[Forecast], Calibration],
) -> Job[tuple[list[Part], Funnel]]:
    """Forecast everything without a geometry, and return what is let through to be grafted."""
    ungrafted = [replace(part, template="") for part in in_order(seen)]
    _, first = yield from _forecast(context, ungrafted, members, sums_up=True)
    return let_through(
        context.store,
        in_order(seen),
        first,
        calibration=error_bars(first),
        observed=observed,
        picked=picked,
        most=context.setup.file.surrogate.graft or 0,
        # Another draw whenever there are more labels.
        seed=context.setup.file.seed + len(observed),
    )


def _forecast(
    context: CampaignContext, seen: Sequence[Part], members: Sequence[str], *, sums_up: bool = False
) -> Job[tuple[str, Forecast]]:
    """Return the key of the forecast of all parts, and the forecast; `sums_up` keeps mean and spread alone."""
    tasks = _predictions(context, seen, tuple(members), sums_up=sums_up)
    yield from _values(context, tasks, stage="prediction")
    count = sum(len(part.family) for part in seen)
    forecast = Task.of(WholeForecast(tuple(task.key for task in tasks)), title=f"{count} candidates")
    yield from _values(context, [forecast], stage="forecast")
    return forecast.key, Forecast.load(context.store.folder(forecast.key) / FORECAST_FILE)


def _predictions(
    context: CampaignContext, seen: Sequence[Part], members: tuple[str, ...], *, sums_up: bool
) -> list[Task]:
    """Return the tasks that predict all parts; listed ligands share tasks, whatever their templates."""
    model = context.setup.file.surrogate.model
    grafted = [part for part in seen if part.family.scaffold.sites]
    tasks = [Task.of(Prediction(part.grafts, members, model, sums_up), title=part.title) for part in grafted]
    # In an order of their own: that of a file's rows changes no key.
    listed = sorted((part for part in seen if not part.family.scaffold.sites), key=lambda part: part.digest)
    for start in range(0, len(listed), LISTED_TOGETHER):
        some = listed[start : start + LISTED_TOGETHER]
        digest = context.store.put_text(listed_text([part.grafts for part in some]))
        recipe = ListedPrediction(digest, members, some[0].contraction, model, sums_up)
        tasks.append(Task.of(recipe, title=f"{len(some)} listed ligands"))
    return tasks


def learned_from(ledger: Ledger, model: Model) -> set[str]:
    """Return the keys of the labels that a model was trained on: each was held out by one of its members."""
    return {key for member in model.members for key in ledger.value(member)["out_of_fold_kcal_mol"]}


def newest_model(rounds: list[Round]) -> Model | None:
    """Return the newest model, None before the first one."""
    return next((r.model for r in reversed(rounds) if r.model), None)


def predicted_kcal_mol(setup: Setup, ledger: Ledger) -> tuple[tuple[str, ...], NDArray[np.float64]]:
    """Return the keys and means of the newest forecast; none before the first model."""
    model = newest_model(ledger.rounds())
    if model is None:
        return (), np.empty(0)
    table = Forecast.load(Store(setup.store).folder(model.forecast) / FORECAST_FILE)
    return table.keys, table.mean


def estimates(setup: Setup, ledger: Ledger, keys: Collection[str]) -> dict[str, Estimate]:
    """Return what the newest model says of some candidates; nothing before the first one."""
    model = newest_model(ledger.rounds())
    return expected(Store(setup.store), model, keys) if model is not None else {}


def expected(store: Store, model: Model, keys: Collection[str]) -> dict[str, Estimate]:
    """Return what a model says of some candidates; those that it does not see are left out."""
    table = Forecast.load(store.folder(model.forecast) / FORECAST_FILE)
    sigma = table.sigma(model.calibration)
    rows = table.rows(keys)
    return {key: Estimate(float(table.mean[row]), float(sigma[row])) for key, row in rows.items()}


def _train(context: CampaignContext, known: list[Sample], *, whole_ligands: bool, leaning: str) -> Job[list[str]]:
    """Train every member and return the keys of their results; `leaning` is the digest of a groundwork."""
    file = context.setup.file
    model = file.surrogate.model
    kind, version = SURROGATES.find(model)
    count = member_count(known, wanted=file.surrogate.members, sees=seen_by(kind), whole_ligands=whole_ligands)
    samples = context.store.put_text(samples_to_text(known))
    settings = kind.settings(file.surrogate.declared)
    told = (count, file.seed, whole_ligands, model, version, leaning)
    recipes = [Training(samples, settings, k, *told) for k in range(count)]
    tasks = [Task.of(recipe, title=f"member {recipe.member} of {count}") for recipe in recipes]
    outcomes = yield from context.dispatcher.run(tasks, stage="training")
    for task in tasks:
        if failure := outcomes[task.key].failure:
            raise ExecutionError(f"{task.title} of the ensemble was not trained: {failure.message} {failure.evidence}")
    return [task.key for task in tasks]


def _held_out(context: CampaignContext, members: Sequence[str], what: str) -> dict[str, float]:
    """Return, for every label, what the member that did not see it reports; nothing where members report no such."""
    return {key: value for member in members for key, value in context.ledger.value(member).get(what, {}).items()}


def _values(context: CampaignContext, tasks: list[Task], *, stage: str) -> Job[None]:
    """Run tasks of which none may fail."""
    outcomes = yield from context.dispatcher.run(tasks, stage=stage)
    for task in tasks:
        if (failure := outcomes[task.key].failure) is not None:
            raise ExecutionError(f"{task.kind} of {task.title} failed: {failure}")


def _prospective(
    context: CampaignContext, number: int, observed: Mapping[str, float]
) -> tuple[tuple[ParityPoint, ...], dict[str, float]]:
    """Return parity points of the labels since the model before, and the errors of what was predicted before labelling.

    `prospective/…` are those labels: chosen by the model, hence no fair sample of the pool.
    `prospective-control/…` are all picks drawn by chance so far: few, but fair.
    """
    predicted = [p for p in context.ledger.picks() if p.candidate in observed and p.predicted is not None]
    told = {point.key for r in context.ledger.rounds()[:number] if r.learned for point in r.learned.parity}
    batch = [p for p in predicted if p.candidate not in told]
    points = tuple(
        ParityPoint(
            key=p.candidate,
            name=context.pool[p.candidate].name,
            predicted_kcal_mol=p.predicted,
            sigma_kcal_mol=p.sigma,
            observed_kcal_mol=observed[p.candidate],
            before_labelling=True,
        )
        for p in batch
        if p.predicted is not None and p.sigma is not None
    )
    controls = [p for p in predicted if p.role == "control" and p.round <= number]
    return points, _errors("prospective", batch, observed) | _errors("prospective-control", controls, observed)


def _errors(prefix: str, picks: list[Pick], observed: Mapping[str, float]) -> dict[str, float]:
    found = evaluate(
        predicted=np.array([p.predicted for p in picks], dtype=np.float64),
        sigma=np.array([p.sigma for p in picks], dtype=np.float64),
        observed=np.array([observed[p.candidate] for p in picks], dtype=np.float64),
    ).to_dict()
    # Ranks across metals and charges would come out near 1 without any skill.
    del found["spearman"]
    return {f"{prefix}/{name}": float(value) for name, value in found.items() if value is not None}
