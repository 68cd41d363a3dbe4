"""Ligands judged by the goals of a campaign: labels, predictions, ranks and the Pareto front."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from reexplore.campaign.declaration.pool import Pool
from reexplore.campaign.declaration.setup import Setup
from reexplore.campaign.ledger.labels import hydration_kcal_mol
from reexplore.campaign.ledger.ledger import Ledger
from reexplore.campaign.ledger.rows import Pick
from reexplore.campaign.steps.learning import newest_model
from reexplore.chemistry.candidates import Candidate
from reexplore.errors import Failure, FailureCode
from reexplore.execution.kinds import FORECAST_FILE
from reexplore.execution.store import Store
from reexplore.properties import Goals, Measured
from reexplore.properties.label import Label
from reexplore.surrogate.calibration import Calibration
from reexplore.surrogate.forecast import Forecast
from reexplore.surrogate.joint_samples import joint_samples
from reexplore.surrogate.samples import Traits
from reexplore.tracking.estimates import Estimated
from reexplore.tracking.records import GoalRecord, LigandRow, Status

Array = NDArray[np.float64]

#: Predictions shown per group beside everything that was chosen or failed.
_SHOWN_PREDICTIONS = 25
#: Joint samples of which the error bars of predicted goals are taken.
_SAMPLES = 512
#: The stage of those that a person rejected.
REVIEW = "review"
_UNRANKED = np.iinfo(np.intp).max


def goal_records(goals: Goals) -> tuple[GoalRecord, ...]:
    """Return the goals as they are shown."""
    return tuple(
        GoalRecord(goal.quantity.title, goal.quantity.unit, goal.direction, goal.quantity.meaning)
        for goal in goals.goals
    )


def ligand_rows(
    setup: Setup, ledger: Ledger, pool: Pool, labelled: Mapping[str, Label], failures: Mapping[str, Failure]
) -> tuple[LigandRow, ...]:
    """Return what is worth showing, ranking by ranking, best first; nothing without an objective."""
    goals = setup.goals
    if not goals:
        return ()
    picks = {pick.candidate: pick for pick in ledger.picks()}
    model = _Model.newest(setup, ledger, hydration_kcal_mol(labelled.values()))
    size = goals.unit_size
    chosen, failed = (_of_ligands(pool, keys, size) for keys in (picks, failures))
    values = model.to_lower(pool, labelled)
    values[:, failed] = np.nan
    rows: list[LigandRow] = []
    for units in _groups(pool, goals).values():
        ranks = _ranks(values[:, units].T)
        kept = np.flatnonzero((ranks <= _SHOWN_PREDICTIONS) | chosen[units] | failed[units])
        for place in kept[np.argsort(ranks[kept], kind="stable")]:
            members = [pool.at(int(units[place]) * size + k) for k in range(size)]
            row = _row(members, goals, labelled, picks, failures)
            rows.append(replace(row, rank=int(ranks[place]) if ranks[place] < _UNRANKED else None))
    return tuple(_with_front(model.predicted(rows, pool), goals))


def _of_ligands(pool: Pool, keys: Collection[str], size: int) -> NDArray[np.bool_]:
    """Return which ligands have one of some candidates."""
    found = np.zeros(len(pool), dtype=bool)
    found[pool.rows(keys)] = True
    return np.asarray(found.reshape(-1, size).any(axis=1))


@dataclass(frozen=True)
class _Model:
    """The newest model and the binding energies of the aqua ions; without labels there is neither."""

    goals: Goals
    hydration_kcal_mol: Mapping[str, float]
    table: Forecast | None
    calibration: Calibration | None
    seed: int

    @classmethod
    def newest(cls, setup: Setup, ledger: Ledger, hydration: Mapping[str, float]) -> _Model:
        model = newest_model(ledger.rounds())
        table = Forecast.load(Store(setup.store).folder(model.forecast) / FORECAST_FILE) if model else None
        return cls(setup.goals, hydration, table, model.calibration if model else None, setup.file.seed)

    def to_lower(self, pool: Pool, labelled: Mapping[str, Label]) -> Array:
        """Return what is to be lowered of every ligand, labels before predictions, shape (goals, ligands)."""
        size = self.goals.unit_size
        if not self.goals.can_be_computed(self.hydration_kcal_mol):
            return np.full((len(self.goals.goals), len(pool) // size), np.nan)
        binding = np.full(len(pool), np.nan)
        if self.table is not None:
            binding[pool.rows(self.table.keys)] = self.table.mean
        binding[pool.rows(labelled)] = [self.goals.learned_kcal_mol(label) for label in labelled.values()]
        return self.goals.to_lower(self.goals.by_metal(binding), self.hydration_kcal_mol)

    def predicted(self, rows: list[LigandRow], pool: Pool) -> list[LigandRow]:
        """Return the rows with what is predicted of each goal: errors that the metals share cancel."""
        usable = self.goals.can_be_computed(self.hydration_kcal_mol)
        if self.table is None or self.calibration is None or not usable:
            return rows
        members = {row.key: list(pool.same_ligand(row.key)) for row in rows}
        row_of = self.table.rows({member.key for mine in members.values() for member in mine})
        seen = [key for key, mine in members.items() if all(member.key in row_of for member in mine)]
        candidates = [member for key in seen for member in members[key]]
        if not candidates:
            return rows
        numbers = [row_of[candidate.key] for candidate in candidates]
        table = Forecast(tuple(c.key for c in candidates), self.table.of_members[numbers])
        ligands = [Traits.of(candidate).ligand for candidate in candidates]
        samples = joint_samples(table, self.calibration, ligands=ligands, samples=_SAMPLES, seed=self.seed)
        by_metal = self.goals.by_metal(samples)
        quantities = [goal.quantity.samples(by_metal, self.hydration_kcal_mol) for goal in self.goals.goals]
        told = {
            key: tuple(Estimated(float(of_goal[n].mean()), float(of_goal[n].std())) for of_goal in quantities)
            for n, key in enumerate(seen)
        }
        return [replace(row, predicted=told[row.key]) if row.key in told else row for row in rows]


def _groups(pool: Pool, goals: Goals) -> dict[str, NDArray[np.intp]]:
    """Return the numbers of the ligands of each ranking."""
    found: dict[str, list[int]] = {}
    number = 0
    for family in pool.families:
        for charge in family.members.charges.tolist():
            found.setdefault(goals.group(family.stoichiometry, ligand_charge=charge), []).append(number)
            number += 1
    return {name: np.array(units, dtype=np.intp) for name, units in found.items()}


def _ranks(values: Array) -> NDArray[np.intp]:
    """Return the rank of each row of what is to be lowered, shape (ligands, goals), from 1; most are never ranked.

    Several goals are ranked by Pareto layers: a row of the first is surpassed by no other in every goal.
    """
    ranks = np.full(len(values), _UNRANKED, dtype=np.intp)
    known = np.flatnonzero(np.isfinite(values).all(axis=1))
    if values.shape[1] == 1:
        ranks[known[np.argsort(values[known, 0], kind="stable")]] = np.arange(1, len(known) + 1)
        return ranks
    layer, ranked = 1, 0
    while len(known) and ranked < _SHOWN_PREDICTIONS:
        best = not_surpassed(values[known])
        ranks[known[best]] = layer
        known = np.delete(known, best)
        layer, ranked = layer + 1, ranked + len(best)
    return ranks


def not_surpassed(values: Array) -> list[int]:
    """Return the rows that no other row is below in one goal and not above in any: the Pareto front.

    BoTorch has the same on torch, which a report does not load: it takes seconds.
    """
    front: list[int] = []
    # What is surpassed at all is surpassed by a row that comes before it in this order.
    for row in np.lexsort(values.T[::-1]):
        others = values[front]
        if not ((others <= values[row]).all(axis=1) & (others < values[row]).any(axis=1)).any():
            front.append(int(row))
    return sorted(front)


def _row(
    members: list[Candidate],
    goals: Goals,
    labelled: Mapping[str, Label],
    picks: Mapping[str, Pick],
    failures: Mapping[str, Failure],
) -> LigandRow:
    candidate = members[0]
    ligand = candidate.ligand
    labels = {member.metal.symbol: labelled[member.key] for member in members if member.key in labelled}
    whole = len(labels) == len(members)
    measured = goals.values(labels) if whole else (None,) * len(goals.goals)
    pick = next((picks[member.key] for member in members if member.key in picks), None)
    failure = next(((m, failures[m.key]) for m in members if m.key in failures), None)
    return LigandRow(
        key=candidate.key,
        ligand=ligand.name,
        smiles=ligand.canonical_smiles,
        group=goals.group(candidate.group.stoichiometry, ligand_charge=ligand.charge),
        ligand_charge=ligand.charge,
        ligands=candidate.ligands,
        waters=candidate.group.waters,
        waters_by_metal={metal: label.candidate.waters for metal, label in labels.items() if candidate.waters_open},
        co_ligands=candidate.group.co_ligands,
        status=_status(pick, failure[1] if failure else None, whole=whole and all(measured)),
        labels=tuple(_estimated(one) for one in measured),
        predicted=(None,) * len(goals.goals),
        round=pick.round if pick else None,
        role=pick.role if pick else None,  # type: ignore[arg-type]  # the ledger holds these only
        warnings=(*ligand.warnings, *dict.fromkeys(doubt for label in labels.values() for doubt in label.doubts)),
        reason=_reason(*failure) if failure else "",
    )


def _reason(candidate: Candidate, failure: Failure) -> str:
    # A ligand is rejected with all its metals.
    return failure.message if failure.stage == REVIEW else f"{candidate.metal.symbol}: {failure.message}"


def _estimated(measured: Measured | None) -> Estimated | None:
    return None if measured is None else Estimated(measured.value, measured.error)


def _status(pick: Pick | None, failure: Failure | None, *, whole: bool) -> Status:
    if failure is not None:
        if failure.stage == REVIEW:
            return "rejected"
        return "excluded" if failure.code is FailureCode.EXCLUDED else "failed"
    if whole:
        return "labelled"
    return "selected" if pick else "predicted"


def _with_front(rows: list[LigandRow], goals: Goals) -> Iterator[LigandRow]:
    """Yield the rows, those on the Pareto front of the labelled ligands of their group marked."""
    labelled: dict[str, list[LigandRow]] = {}
    for row in rows:
        if row.is_labelled:
            labelled.setdefault(row.group, []).append(row)
    front: set[str] = set()
    for mine in labelled.values():
        values = np.array(
            [[g.sign * label.value for g, label in zip(goals.goals, r.labels, strict=True) if label] for r in mine]
        )
        front |= {mine[k].key for k in not_surpassed(values)}
    yield from (replace(row, on_front=row.key in front) for row in rows)
