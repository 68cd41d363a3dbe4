"""What a campaign's newest model says of ligands that are given as SMILES, of its own space or of none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from rich.console import Console

from reexplore.campaign.declaration.setup import Setup
from reexplore.campaign.ledger.ledger import Ledger
from reexplore.campaign.ledger.rows import Model
from reexplore.campaign.steps.learning import Estimate, expected, newest_model
from reexplore.chemistry.candidates import Candidate
from reexplore.chemistry.complexes import single_candidate
from reexplore.chemistry.ligand_input import SingleLigand
from reexplore.chemistry.metals import Metal, find_metal
from reexplore.chemistry.space import Coordination
from reexplore.errors import CalculationFailed, ExecutionError, InputError
from reexplore.execution.kinds import MEMBER_FILE
from reexplore.execution.store import Store
from reexplore.structures.metal_exchange import contraction_of
from reexplore.structures.screening.arrays import Complexes
from reexplore.structures.structure import Layout, Structure
from reexplore.surrogate.base import Sees, Surrogate, seen_by
from reexplore.surrogate.choices import Choices
from reexplore.surrogate.forecast import Forecast
from reexplore.surrogate.kernels import Around
from reexplore.surrogate.known import SURROGATES
from reexplore.workbench.complexes import Workbench
from reexplore.workbench.given_ligand import GivenLigand
from reexplore.workbench.request import require_together


@dataclass(frozen=True)
class Predicted:
    """A ligand with a metal and the binding energy that the model expects, or the reason why it expects none.

    `donors` are named by element and place in the SMILES; `(proposed)` says that no person has named them.
    """

    smiles: str
    metal: str
    ligands: int
    waters: int | None = None
    co_ligands: str = ""
    donors: str = ""
    predicted_kcal_mol: float | None = None
    sigma_kcal_mol: float | None = None
    reason: str = ""


def predict(setup: Setup, ledger: Ledger, asked: Sequence[tuple[str, str]], *, console: Console) -> list[Predicted]:
    """Return what the newest model says of each SMILES with its metal, in every coordination of the campaign.

    A candidate of the campaign's forecast has what stands there. Any other ligand gets a template of its own by the
    campaign's builders, kept in the store, and every metal is put in its place. What is wrong with one ligand stands
    in its row. Raises `InputError` when there is no model yet, or a metal is none of the campaign's.
    """
    model = newest_model(ledger.rounds())
    if model is None:
        raise InputError(
            f"campaign '{setup.file.name}' has no model yet: the first one comes when its seed is labelled"
        )
    metals = {symbol: _metal_of(setup, symbol) for _, symbol in asked}
    given = {smiles: GivenLigand.read(smiles) for smiles, _ in asked}
    own = {key for each in given.values() for single in each.options for key in _keys(single, setup)}
    known = expected(Store(setup.store), model, own)

    def is_own(single: SingleLigand) -> bool:
        return any(key in known for key in _keys(single, setup))

    chosen = {smiles: each.chosen(is_own) for smiles, each in given.items() if each.options}
    strangers = _Strangers(setup, model, console)
    rows = []
    for smiles, symbol in asked:
        for coordination in setup.space.coordinations:
            row = Predicted(smiles, symbol, coordination.ligands, reason=given[smiles].reason)
            if smiles in chosen:
                row = _row(row, chosen[smiles], metals[symbol], coordination, known=known, strangers=strangers)
                row = replace(row, donors=given[smiles].named(chosen[smiles]))
            rows.append(row)
    return rows


def _row(
    row: Predicted,
    single: SingleLigand,
    metal: Metal,
    coordination: Coordination,
    *,
    known: Mapping[str, Estimate],
    strangers: _Strangers,
) -> Predicted:
    try:
        number = coordination.number(single.ligand.denticity) if coordination.waters_open else None
        candidate = single_candidate(
            single.ligand,
            metal=metal,
            ligands=coordination.ligands,
            waters=coordination.given_waters,
            coordination_number=coordination.coordination_number or number,
            co_ligands=coordination.co_ligands,
        )
        # An open number of waters is not in the model: it has seen geometries of the lowest.
        candidate = replace(candidate, waters_open=coordination.waters_open)
        row = replace(row, waters=candidate.group.waters, co_ligands=candidate.group.co_ligands)
        said = known.get(candidate.key) or strangers.estimate(single, candidate)
    except (InputError, CalculationFailed) as error:
        return replace(row, reason=str(error))
    return replace(row, predicted_kcal_mol=said.mean, sigma_kcal_mol=said.sigma)


def _metal_of(setup: Setup, symbol: str) -> Metal:
    metal, seen = find_metal(symbol), setup.space.metals
    if metal not in seen:
        told = ", ".join(metal.symbol for metal in seen)
        raise InputError(f"metal {symbol} is none of campaign '{setup.file.name}': its model has seen {told} only")
    return metal


def _keys(single: SingleLigand, setup: Setup) -> list[str]:
    """Return the keys of all candidates that the campaign makes of a ligand."""
    return [each.of(single.ligand, metal).key for metal in setup.space.metals for each in setup.space.coordinations]


class _Strangers:
    """Ligands that the forecast lacks: each gets a template of its own, and the members are shown every metal in it."""

    def __init__(self, setup: Setup, model: Model, console: Console) -> None:
        self._setup, self._model = setup, model
        self._workbench = Workbench(setup.workspace, theory=setup.file.theory, seed=setup.file.seed, console=console)
        self._found: dict[tuple[str, str], dict[str, Estimate] | Exception] = {}

    def estimate(self, single: SingleLigand, candidate: Candidate) -> Estimate:
        """Return what the model says; raise `InputError` or `CalculationFailed` where there is no geometry."""
        place = (candidate.ligand.identity, candidate.group.stoichiometry)
        if place not in self._found:
            try:
                self._found[place] = self._estimates(single, candidate)
            except (InputError, CalculationFailed) as error:
                # The same for every metal.
                self._found[place] = error
        found = self._found[place]
        if isinstance(found, Exception):
            raise found
        return found[candidate.metal.symbol]

    def _estimates(self, single: SingleLigand, candidate: Candidate) -> dict[str, Estimate]:
        require_together(single)
        metals = self._setup.space.metals
        if self._sees == "geometry":
            said = self._ensemble.predict(self._complexes(candidate))
        else:
            around = tuple(Around.of(replace(candidate, metal=metal).group) for metal in metals)
            ligand = Choices(candidate.ligand.as_scaffold, (), np.zeros((1, 0), dtype=np.intp), around)
            shown = self._complexes(candidate) if self._sees == "both" else None
            said = self._ensemble.predict_ligands(ligand, shown)
        symbols = tuple(metal.symbol for metal in metals)
        table = Forecast(symbols, said[0])
        sigma = table.sigma(self._model.calibration)
        return {symbol: Estimate(float(table.mean[row]), float(sigma[row])) for row, symbol in enumerate(symbols)}

    def _complexes(self, candidate: Candidate) -> Complexes:
        template = Structure.from_extxyz(self._workbench.template(candidate.settled[0])["extxyz"])
        return Complexes.of_template(
            template,
            layout=Layout.of(candidate),
            metals=self._setup.space.metals,
            contraction=contraction_of(self._setup.surface),
        )

    @cached_property
    def _kind(self) -> type[Surrogate]:
        return SURROGATES.find(self._setup.file.surrogate.model)[0]

    @property
    def _sees(self) -> Sees:
        return seen_by(self._kind)

    @cached_property
    def _ensemble(self) -> Any:
        store = Store(self._setup.store)
        if not all(store.holds(member, MEMBER_FILE) for member in self._model.members):
            raise ExecutionError("files of the model are gone or damaged: `reexplore campaign resume` makes them again")
        return self._kind.load([store.folder(member) / MEMBER_FILE for member in self._model.members])
