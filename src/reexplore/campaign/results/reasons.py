"""Why a candidate stands where it does: from the ledger, the newest forecast and the candidates beside it."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from functools import cached_property, lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from reexplore.campaign.declaration.pool import Pool
from reexplore.campaign.declaration.setup import Setup
from reexplore.campaign.ledger.labels import hydration_kcal_mol
from reexplore.campaign.ledger.ledger import Ledger
from reexplore.campaign.ledger.rows import Pick, Round
from reexplore.campaign.results.proposed_rows import proposed_rows
from reexplore.campaign.results.ranks import group_numbers, ranks
from reexplore.chemistry.candidates import Candidate
from reexplore.chemistry.ligands import Ligand
from reexplore.chemistry.similarity import most_alike
from reexplore.constraints.number_range import NumberRange
from reexplore.constraints.sa_score import SaScore
from reexplore.errors import ExecutionError
from reexplore.execution.kinds import FORECAST_FILE
from reexplore.execution.store import Store
from reexplore.properties.label import Label
from reexplore.surrogate.forecast import Forecast
from reexplore.tracking.reasons import Chosen, Limit, Reasons, Relative, Sibling
from reexplore.tracking.records import CandidateRow

Array = NDArray[np.float64]

_RELATIVES = 3
#: Candidates with one substituent changed that are shown, the strongest first.
_SUBSTITUENTS = 16


class Explained:
    """What explains the candidates of one campaign; what many of them need is read once."""

    def __init__(
        self, setup: Setup, ledger: Ledger, pool: Pool, labelled: Mapping[str, Label], failed: Collection[str]
    ) -> None:
        self._setup, self._ledger, self._pool = setup, ledger, pool
        # Of a magnet there is no binding energy.
        self._labelled = {key: label for key, label in labelled.items() if label.magnet is None}
        self._failed = failed
        self._store = Store(setup.store)
        self._codes: dict[int, tuple[NDArray[np.int64], NDArray[np.intp]]] = {}

    def reasons(self, row: CandidateRow) -> Reasons:
        """Return what explains a row; of what is left out nothing is explained but that."""
        if row.status in ("excluded", "rejected") and row.round is None:
            return Reasons()
        candidate = self._pool[row.key]
        metals, scale = self._along_the_series(candidate)
        return Reasons(
            chosen=self._chosen.get(row.key),
            members_kcal_mol=self._members(row.key),
            rank_before=self._rank_before(row.key),
            relatives=tuple(self._relatives(candidate)),
            metals=metals,
            metals_scale=scale,
            substituents=tuple(self._with_other_substituents(candidate)),
            sa_score=_sa_score(candidate.ligand),
            limits=tuple(self._limits(candidate.ligand)),
            origin=self._origins.get(candidate.ligand.identity, ""),
        )

    @cached_property
    def _origins(self) -> dict[str, str]:
        """Return who proposed each ligand that was proposed, and from what, as a sentence."""
        rows = proposed_rows(self._pool, self._ledger.proposed())
        return {row.identity: row.sentence for row in rows}

    # --- how it was chosen

    @cached_property
    def _picks(self) -> dict[str, Pick]:
        return {pick.candidate: pick for pick in self._ledger.picks()}

    @cached_property
    def _chosen(self) -> dict[str, Chosen]:
        """Return how each pick came about; what was chosen before choices were recorded has no reason."""
        found: dict[str, Chosen] = {}
        choices, picks = self._ledger.choices(), list(self._picks.values())
        for number, choice in enumerate(choices):
            later = choices[number + 1 :]
            end = next((other.first for other in later if other.round == choice.round), len(picks))
            mine = [p for p in picks if p.round == choice.round and choice.first <= p.position < end]
            try:
                inputs = json.loads(self._store.get_text(choice.inputs))
            except ExecutionError:
                # A report needs no store that is whole: it tells less of this choice.
                continue
            policy = inputs.get("policy", {})
            references = self._references(inputs, [pick.candidate for pick in mine])
            for place, pick in enumerate(mine, start=1):
                reference, is_label = references.get(self._group(pick.candidate), (None, True))
                found[pick.candidate] = Chosen(
                    place=place,
                    among=len(mine),
                    policy=policy.get("name", ""),
                    acquisition=policy.get("acquisition", ""),
                    predicted_kcal_mol=pick.predicted,
                    sigma_kcal_mol=pick.sigma,
                    reference_kcal_mol=reference,
                    reference_is_label=is_label,
                    by=self._promoted_by(pick.candidate) if pick.role == "promoted" else "",
                )
        return found

    def _group(self, key: str) -> str:
        return self._pool[key].group.name

    def _references(self, inputs: Mapping[str, object], chosen: Collection[str]) -> dict[str, tuple[float, bool]]:
        """Return what candidates of each group had to surpass when they were chosen, and whether it was a label.

        With an objective ligands were chosen by it, and not by binding energies.
        """
        if "forecast" not in inputs or self._setup.goals:
            return {}
        labelled = inputs["labelled"]
        assert isinstance(labelled, dict)
        lowest: dict[str, float] = {}
        for key, energy in labelled.items():
            group = self._group(key)
            lowest[group] = min(lowest.get(group, np.inf), energy)
        found = {group: (energy, True) for group, energy in lowest.items()}
        unknown = {self._group(key) for key in chosen} - found.keys()
        table = self._forecast(str(inputs["forecast"])) if unknown else None
        if table is not None:
            place = np.full(len(self._pool), np.nan)
            place[self._pool.rows(table.keys)] = table.mean
            groups = self._groups
            for group in unknown:
                one = next(key for key in chosen if self._group(key) == group)
                mine = place[groups == groups[self._pool.rows([one])[0]]]
                found[group] = (float(np.nanmean(mine)), False)
        return found

    def _promoted_by(self, key: str) -> str:
        told = [d for d in self._ledger.decisions() if d.verdict == "promote" and d.candidate in (key, None)]
        return told[-1].said if told else ""

    # --- what the models say

    def _forecast(self, key: str) -> Forecast | None:
        """Return a forecast of the store, None where its file is gone or damaged: nobody makes older ones again."""
        try:
            return Forecast.load(self._store.folder(key) / FORECAST_FILE)
        except ExecutionError:
            return None

    @cached_property
    def _models(self) -> list[Round]:
        return [each for each in self._ledger.rounds() if each.model is not None]

    @cached_property
    def _newest(self) -> Forecast | None:
        model = self._models[-1].model if self._models else None
        return self._forecast(model.forecast) if model else None

    @cached_property
    def _row_of(self) -> dict[str, int]:
        return {key: row for row, key in enumerate(self._newest.keys)} if self._newest else {}

    def _members(self, key: str) -> tuple[float, ...]:
        """Return what each member says: of several draws of one member their mean."""
        if self._newest is None or key not in self._row_of or not self._setup.goals.learns_binding:
            return ()
        model = self._models[-1].model
        assert model is not None
        said = self._newest.of_members[self._row_of[key]]
        if len(said) % len(model.members):
            return ()
        return tuple(float(one) for one in said.reshape(len(model.members), -1).mean(axis=1))

    @cached_property
    def _groups(self) -> NDArray[np.intp]:
        return group_numbers(self._pool, self._labelled)

    def _rank_before(self, key: str) -> int | None:
        return int(self._ranks_before[self._pool.rows([key])[0]]) or None

    @cached_property
    def _ranks_before(self) -> NDArray[np.intp]:
        """Return the ranks after the round before the newest, as they were known then, 0 where there is none."""
        before = self._models[-2] if len(self._models) > 1 and self._setup.goals.learns_binding else None
        table = self._forecast(before.model.forecast) if before and before.model else None
        if before is None or table is None:
            return np.zeros(len(self._pool), dtype=np.intp)
        energy = np.full(len(self._pool), np.nan)
        energy[self._pool.rows(table.keys)] = table.mean
        then = {key for key, pick in self._picks.items() if pick.round <= before.number}
        known = {key: label for key, label in self._labelled.items() if key in then}
        energy[self._pool.rows(known)] = [label.binding.energy_kcal_mol for label in known.values()]
        energy[self._pool.rows([key for key in self._failed if key in then or key not in self._picks])] = np.nan
        return ranks(self._groups, energy)

    # --- what is near it

    @cached_property
    def _labels_by_ligand(self) -> dict[str, dict[str, tuple[str, dict[str, float]]]]:
        """Return name and labels by metal of every labelled ligand, by stoichiometry and SMILES."""
        found: dict[str, dict[str, tuple[str, dict[str, float]]]] = {}
        for label in self._labelled.values():
            ligand, group = label.candidate.ligand, label.candidate.group
            _, by_metal = found.setdefault(group.stoichiometry, {}).setdefault(
                ligand.canonical_smiles, (ligand.name, {})
            )
            by_metal[label.candidate.metal.symbol] = label.binding.energy_kcal_mol
        return found

    def _relatives(self, candidate: Candidate) -> Iterator[Relative]:
        known = self._labels_by_ligand.get(candidate.group.stoichiometry, {})
        others = list(known)
        for place, similarity in most_alike(candidate.ligand.canonical_smiles, others, count=_RELATIVES):
            name, by_metal = known[others[place]]
            yield Relative(name, others[place], similarity, by_metal)

    @cached_property
    def _sigma(self) -> Array:
        model = self._models[-1].model if self._models else None
        return self._newest.sigma(model.calibration) if self._newest and model else np.empty(0)

    @cached_property
    def _hydration(self) -> dict[str, float]:
        return hydration_kcal_mol(self._labelled.values())

    def _sibling(self, candidate: Candidate, name: str, *, exchange: bool = False) -> Sibling | None:
        key = candidate.key
        if (label := self._labelled.get(key)) is not None:
            reaction = label.exchange if exchange else label.binding
            return Sibling(key, name, reaction.energy_kcal_mol, is_label=True) if reaction else None
        if key not in self._row_of or key in self._failed or not self._setup.goals.learns_binding:
            return None
        assert self._newest is not None
        row = self._row_of[key]
        less = self._hydration[candidate.metal.symbol] if exchange else 0.0
        return Sibling(
            key, name, float(self._newest.mean[row]) - less, is_label=False, sigma_kcal_mol=float(self._sigma[row])
        )

    def _along_the_series(self, candidate: Candidate) -> tuple[tuple[Sibling, ...], Literal["binding", "exchange"]]:
        members = list(self._pool.same_ligand(candidate.key))
        # Binding energies follow the bare ion's solvation: where the aqua ions are known that is taken off.
        exchange = all(each.metal.symbol in self._hydration for each in members)
        found = (self._sibling(each, each.metal.symbol, exchange=exchange) for each in members)
        return tuple(each for each in found if each), "exchange" if exchange else "binding"

    def _with_other_substituents(self, candidate: Candidate) -> Iterator[Sibling]:
        number, row = self._pool.place(candidate.key)
        family = self._pool.families[number]
        if not family.scaffold.sites:
            return
        found = []
        for other, name in self._one_changed(number, row):
            sibling = self._sibling(family.candidate(other, candidate.metal), name)
            if sibling and family.members.charges[other] == candidate.ligand.charge:
                found.append(sibling)
        yield from sorted(found, key=lambda each: each.value_kcal_mol)[:_SUBSTITUENTS]

    def _one_changed(self, number: int, row: int) -> Iterator[tuple[int, str]]:
        """Yield the ligands of a family that have another substituent at one site, itself first, with what they have.

        A family may have a million ligands: they are found by numbers.
        """
        family = self._pool.families[number]
        base, sites = len(family.substituents), family.scaffold.sites
        powers = base ** np.arange(sites, dtype=np.int64)
        if number not in self._codes:
            codes = family.choices.astype(np.int64) @ powers
            order = np.argsort(codes)
            self._codes[number] = codes[order], order
        codes, order = self._codes[number]
        mine = family.choices[row].astype(np.int64)
        yield row, "-".join(family.substituents[i].name for i in mine)
        for site in range(sites):
            others = np.array([i for i in range(base) if i != mine[site]], dtype=np.int64)
            wanted = int(mine @ powers) + (others - mine[site]) * powers[site]
            places = np.minimum(np.searchsorted(codes, wanted), len(codes) - 1)
            for other, place, code in zip(others, places, wanted, strict=True):
                if codes[place] == code:
                    name = family.substituents[other].name
                    yield int(order[place]), name if sites == 1 else f"{name} at {site + 1}"

    def _limits(self, ligand: Ligand) -> Iterator[Limit]:
        for rule in self._setup.rules.rules:
            limit = rule.constraint
            # What has no price is left out, and what is left out is not explained.
            if isinstance(limit, NumberRange) and limit.reason(ligand) is None:
                yield Limit(limit.words, limit.number(ligand), limit.at_least, limit.at_most, limit.unit)


@lru_cache(maxsize=4096)
def _sa_score(ligand: Ligand) -> float:
    return SaScore().number(ligand)
