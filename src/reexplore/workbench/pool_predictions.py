"""Predictions without any campaign: from a pool of labels, for ligands that are given as SMILES."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from statistics import NormalDist
from typing import Any

from rich.console import Console

from reexplore.chemistry.candidates import Candidate
from reexplore.chemistry.complexes import single_candidate
from reexplore.chemistry.ligand_input import SingleLigand
from reexplore.chemistry.ligands import Ligand
from reexplore.chemistry.metals import Metal, find_metal
from reexplore.chemistry.taking_apart import Apart, take_apart
from reexplore.errors import InputError
from reexplore.surrogate.forecast import Forecast
from reexplore.surrogate.joint_samples import joint_samples
from reexplore.surrogate.samples import Sample
from reexplore.workbench.asked_ligands import Asked
from reexplore.workbench.given_ligand import GivenLigand
from reexplore.workbench.pool_answers import Answer, Answers, OfMetal, OfMetals, Relative
from reexplore.workbench.pool_model import PoolModel, Unseen, given_pool
from reexplore.workbench.relatives import labelled_ligands, measured, nearest

_END = NormalDist().inv_cdf(0.95)
_SAMPLES = 4096
_UNIT = "_kcal_mol"
#: Scales on which two metals may be compared; the bare ion's hydration is in no other.
_ACROSS_METALS = ("exchange_energy", "complexation_free_energy")


def predict_from_pool(
    asked: Sequence[Asked],
    *,
    metals: Sequence[str] = (),
    pool: Path | None = None,
    what: str = "exchange_energy",
    workspace: Path,
    console: Console,
) -> Answers:
    """Return what the model of a pool says of each ligand with some metals, by default those of the pool.

    Without `pool` it is the one that comes with the package. `what` is the property. What is wrong with one ligand
    stands in its answer. Raises `InputError` where there is no pool, it cannot be learned from, or a metal is no rare
    earth.
    """
    if not asked:
        raise InputError("there is no ligand to predict: give a SMILES, or a CSV file with the columns name and smiles")
    chosen = [find_metal(symbol) for symbol in metals]
    if len(set(chosen)) < len(chosen):
        raise InputError(f"a metal is named twice in {','.join(metals)}: keep one")
    column = what if what.endswith(_UNIT) else f"{what}{_UNIT}"
    name, found = given_pool(pool, column)
    model = PoolModel(found, column, workspace=workspace, console=console)
    predictor = _Predictor(model, tuple(chosen or map(find_metal, model.metals)))
    ligands = tuple(map(predictor.answer, asked))
    return Answers(
        pool=name,
        column=column,
        level=", ".join(sorted(set(found.table.get("level", ())))),
        model=model.surrogate,
        labels=len(model.samples),
        metals=model.metals,
        coordination=model.coordination_name,
        out_of_fold_mae=model.out_of_fold_mae if any(each.metals for each in ligands) else None,
        ligands=ligands,
    )


class _Predictor:
    def __init__(self, model: PoolModel, metals: Sequence[Metal]) -> None:
        self._model, self._metals = model, metals

    def answer(self, asked: Asked) -> Answer:
        answer = Answer(asked.name or asked.smiles, asked.smiles)
        if asked.fault:
            return replace(answer, reason=asked.fault)
        given = GivenLigand.read(asked.smiles, donors=asked.donors)
        if not given.options:
            return replace(answer, reason=given.reason)
        try:
            single = given.chosen(self._is_labelled, self._is_of_library)
        except InputError as error:
            return replace(answer, reason=str(error))
        apart = self._apart(single.ligand)
        answer = replace(
            answer,
            donors=given.named(single),
            charge=single.ligand.charge,
            scaffold=apart.scaffold.name if apart else "",
            substituents=tuple(each.name for each in apart.substituents) if apart else (),
            warnings=single.ligand.warnings,
            anchors=tuple(measured(single.ligand, self._metals)),
        )
        if refused := self._refused(single.ligand):
            return replace(answer, reason=refused)
        return self._predicted(answer, single.ligand, apart)

    def _predicted(self, answer: Answer, ligand: Ligand, apart: Apart | None) -> Answer:
        unseen: list[Unseen] = []
        sentences: list[str] = []
        for trait, told in self._missing(ligand, apart):
            if (found := self._unseen(trait)) is None:
                return replace(answer, reason=f"{told}, and without any {trait} of the pool too few labels are left")
            unseen.append(found)
            sentences.append(f"{told}; {_told(found, trait)}")
        rows: list[OfMetal] = []
        samples: list[Sample] = []
        of_metal: dict[str, list[Unseen]] = {}
        for metal in self._metals:
            try:
                candidate = self._candidate(ligand, metal)
            except InputError as error:
                rows.append(OfMetal(metal.symbol, reason=str(error)))
                continue
            of_metal[metal.symbol] = list(unseen)
            if metal.symbol not in self._model.metals:
                there = ", ".join(self._model.metals)
                told = f"{metal.symbol} is no metal of the pool ({there})"
                if (found := self._unseen("metal")) is None:
                    rows.append(OfMetal(metal.symbol, reason=f"{told}, and of no metal can its labels be spared"))
                    continue
                of_metal[metal.symbol].append(found)
                sentences.append(f"{told}; {_told(found, 'metal')}")
            rows.append(OfMetal(metal.symbol, label=self._labels.get(candidate.key)))
            parts = apart.parts if apart else self._own_parts.get(ligand.identity, (ligand.as_scaffold,))
            names = (apart.scaffold.name, tuple(each.name for each in apart.substituents)) if apart else ("", ())
            samples.append(Sample(candidate.key, None, candidate.group, *names, None, parts))
        if not samples:
            return replace(answer, metals=tuple(rows), outside=tuple(sentences))
        table = self._model.forecast(samples)
        sigma = table.sigma(self._model.calibration)
        said = {}
        for sample, mean, one_sigma in zip(samples, table.mean.tolist(), sigma.tolist(), strict=True):
            half = max(_END * one_sigma, *(each.end for each in of_metal[sample.group.metal]), 0.0)
            said[sample.group.metal] = (mean, mean - half, mean + half)
        filled = [replace(row, **_ends(said[row.metal])) if row.metal in said else row for row in rows]
        differences = self._differences(table, samples, of_metal)
        relatives = tuple(nearest(ligand, self._labelled))
        outside = tuple(dict.fromkeys(sentences))
        return replace(
            answer, metals=tuple(filled), selectivity=tuple(differences), relatives=relatives, outside=outside
        )

    def _differences(
        self, table: Forecast, samples: Sequence[Sample], of_metal: dict[str, list[Unseen]]
    ) -> Iterator[OfMetals]:
        """Yield each metal less the first one: what is off for both of them cancels."""
        if self._model.column.removesuffix(_UNIT) not in _ACROSS_METALS or len(samples) < 2:
            return
        drawn = joint_samples(
            table, self._model.calibration, ligands=[s.ligand for s in samples], samples=_SAMPLES, seed=0
        )
        first = samples[0].group.metal
        for row, sample in enumerate(samples[1:], start=1):
            away, second = drawn[row] - drawn[0], sample.group.metal
            ends = [each.end_of_differences for each in {id(u): u for u in of_metal[first] + of_metal[second]}.values()]
            half = max(_END * float(away.std()), *ends, 0.0)
            mean = float(table.mean[row] - table.mean[0])
            yield OfMetals(first, second, mean, mean - half, mean + half)

    def _candidate(self, ligand: Ligand, metal: Metal) -> Candidate:
        place = self._model.coordination
        number = place.number(ligand.denticity)
        counts: dict[str, Any] = {"ligands": place.ligands, "waters": None, "coordination_number": number}
        candidate = single_candidate(ligand, metal=metal, **counts, co_ligands=place.co_ligands)
        return replace(candidate, waters_open=place.waters_open)

    def _refused(self, ligand: Ligand) -> str:
        """Return why nothing can be said of a ligand, if nothing can: no error on such ligands can be measured."""
        model = self._model
        if ligand.denticity not in model.denticities:
            there = ", ".join(map(str, sorted(model.denticities)))
            return f"it has {ligand.denticity} donors, the ligands of the pool {there}: nothing can be said of it"
        if ligand.charge not in model.charges:
            there = ", ".join(f"{charge:+d}" for charge in sorted(model.charges))
            return f"its charge is {ligand.charge:+d}, those of the pool are {there}: nothing can be said of it"
        return ""

    def _missing(self, ligand: Ligand, apart: Apart | None) -> Iterator[tuple[str, str]]:
        """Yield what the pool does not hold of a ligand, with a sentence."""
        held = self._model.held
        if ligand.identity in self._own_parts:
            return
        scaffold = apart.scaffold.smiles if apart else None
        if scaffold not in held["scaffold"]:
            named = f"its scaffold {apart.scaffold.name}" if apart else "its scaffold, which no library has,"
            yield "scaffold", f"{named} is none of the pool's {len(held['scaffold'])}"
        groups = {each.smiles: each.name for each in apart.substituents} if apart else {}
        if strange := [name for smiles, name in groups.items() if smiles not in held["substituent"]]:
            verb = "are none" if len(strange) > 1 else "is none"
            count = len(held["substituent"])
            yield "substituent", f"{', '.join(strange)} {verb} of the pool's {count} substituents"

    def _unseen(self, trait: str) -> Unseen | None:
        if trait not in self._errors:
            self._errors[trait] = self._model.unseen(trait)
        return self._errors[trait]

    @cached_property
    def _errors(self) -> dict[str, Unseen | None]:
        return {}

    @cached_property
    def _own_parts(self) -> dict[str, tuple[str, ...]]:
        """Return the parts of each ligand of the pool by its identity, where the pool tells these."""
        table = self._model.pool.table
        if "ligand" not in table:
            return {}
        identity = dict(zip(table["key"], table["ligand"], strict=True))
        return {identity[sample.key]: sample.parts for sample in self._model.samples}

    @cached_property
    def _labels(self) -> dict[str, float]:
        return {s.key: s.target_kcal_mol for s in self._model.samples if s.target_kcal_mol is not None}

    @cached_property
    def _labelled(self) -> tuple[Relative, ...]:
        return labelled_ligands(self._model, [metal.symbol for metal in self._metals])

    def _is_labelled(self, single: SingleLigand) -> bool:
        return single.ligand.identity in self._own_parts

    def _is_of_library(self, single: SingleLigand) -> bool:
        return self._apart(single.ligand) is not None

    def _apart(self, ligand: Ligand) -> Apart | None:
        """Return the parts that the pool's own ligand has, else those with the fewest strangers among them."""
        ways = self._ways(ligand)
        own = self._own_parts.get(ligand.identity)
        return next((way for way in ways if way.parts == own), ways[0] if ways else None)

    def _ways(self, ligand: Ligand) -> list[Apart]:
        ways = take_apart(ligand, self._model.scaffolds, self._model.substituents)
        held = self._model.held

        def strangers(way: Apart) -> tuple[bool, int]:
            scaffold, *groups = way.parts
            return scaffold not in held["scaffold"], sum(group not in held["substituent"] for group in groups)

        return sorted(ways, key=strangers)


def _ends(said: tuple[float, float, float]) -> dict[str, Any]:
    return dict(zip(("predicted", "low", "high"), said, strict=True))


def _told(unseen: Unseen, trait: str) -> str:
    """Return what was measured by leaving some of a kind out."""
    many = f"{unseen.left_out} {trait}s" if unseen.left_out > 1 else f"one {trait}"
    off = f"{unseen.mean:.1f} kcal/mol, nine in ten by less than {unseen.end:.1f}"
    return f"with {many} left out one by one labels were missed by {off}"
