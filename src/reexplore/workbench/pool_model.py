"""A pool of labels with the model that has learned from it, and how far it is off on what the pool does not hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from reexplore.chemistry.candidates import co_ligands_name
from reexplore.chemistry.co_ligands import read_co_ligands
from reexplore.chemistry.library import SCAFFOLDS, SUBSTITUENTS, Scaffold, Substituent
from reexplore.chemistry.metals import METALS
from reexplore.chemistry.space import Coordination
from reexplore.dataset.files import read_pool
from reexplore.dataset.pool import LabelledPool
from reexplore.dataset.samples import labelled_samples
from reexplore.dataset.shipped import shipped_pools
from reexplore.errors import InputError
from reexplore.execution.recipes import PoolErrors, PoolTraining
from reexplore.execution.store import Store
from reexplore.execution.task import Task
from reexplore.surrogate.base import needs_geometries, seen_by
from reexplore.surrogate.calibration import Calibration
from reexplore.surrogate.descriptors import OF_LIGAND as COLUMNS
from reexplore.surrogate.descriptors import bare, sites
from reexplore.surrogate.forecast import Forecast
from reexplore.surrogate.known import SURROGATES
from reexplore.surrogate.of_pool import TRAITS, calibration_of, predicted_of, traits_of
from reexplore.surrogate.samples import Sample, samples_to_text
from reexplore.workbench.runner import Runner

#: With fewer ligands no interval could be checked on ligands left out.
_FEWEST_LIGANDS = 8
_MEMBERS, _SEED = 4, 2026
_LEVEL = "standard"
#: Part of how many errors an interval holds.
_HELD = 0.9


def given_pool(path: Path | None, column: str) -> tuple[str, LabelledPool]:
    """Return the pool that a file holds, else the shipped one that has a property, with its name.

    Raises `InputError` where there is none.
    """
    if path is not None:
        pool = read_pool(path)
        if column not in pool.properties:
            raise InputError(f"{path} has no property '{column}'; it has {', '.join(pool.properties)}")
        return path.name, pool
    shipped = [(name, pool) for name, pool in shipped_pools() if column in pool.properties]
    # The level of new campaigns first.
    shipped.sort(key=lambda each: set(each[1].table.get("level", ())) != {_LEVEL})
    if not shipped:
        raise InputError(
            f"no pool with {column} comes with reexplore: give --pool FILE, one that `reexplore dataset export` wrote"
        )
    return shipped[0]


@dataclass(frozen=True)
class Unseen:
    """How far models were off, in kcal/mol, on labels whose scaffold, substituent or metal was left out of the pool.

    `errors` are those of single complexes, `of_differences` those of two metals of one ligand. `left_out` counts what
    was left out, one after the other.
    """

    left_out: int
    errors: NDArray[np.float64]
    of_differences: NDArray[np.float64]

    @property
    def mean(self) -> float:
        """Return the mean error."""
        return float(self.errors.mean())

    @property
    def end(self) -> float:
        """Return the error that nine in ten stay below."""
        return float(np.quantile(self.errors, _HELD))

    @property
    def end_of_differences(self) -> float:
        """Return the error that nine in ten differences of metals stay below; of complexes where there are none."""
        return float(np.quantile(self.of_differences, _HELD)) if len(self.of_differences) else self.end


class PoolModel:
    """A pool of labels, and the model that learns its `column`; trained once, the store of the workspace keeps it."""

    def __init__(self, pool: LabelledPool, column: str, *, workspace: Path, console: Console) -> None:
        self.pool, self.column = pool, column
        self.samples = labelled_samples(pool, column)
        ligands = len({sample.ligand for sample in self.samples})
        if ligands < _FEWEST_LIGANDS:
            raise InputError(f"{column} is known of {ligands} ligands of the pool: {_FEWEST_LIGANDS} are the least")
        self.surrogate = str(pool.provenance.get("surrogate", "tabular"))
        self._kind, self._version = SURROGATES.find(self.surrogate)
        if seen_by(self._kind) == "geometry" or needs_geometries(self._kind):
            raise InputError(f"the pool names the model '{self.surrogate}', which cannot do without geometries")
        self._store = Store(workspace / "runs" / "_store")
        self._runner = Runner(workspace, console=console)

    @cached_property
    def coordination(self) -> Coordination:
        """Return the coordination that most of its labels have."""
        groups = Counter((s.group.ligands, self._number(s), s.group.co_ligands) for s in self.samples)
        (ligands, number, beside), _ = groups.most_common(1)[0]
        counted = (part.split(" ", 1) for part in beside.split(", ") if part)
        co_ligands = read_co_ligands({name: int(count) for count, name in counted})
        if number is not None:
            number += sum(count * ligand.denticity for ligand, count in co_ligands)
        return Coordination(ligands, number, co_ligands)

    @property
    def coordination_name(self) -> str:
        """Return that coordination for people, such as `1 L, coordination number 8`."""
        place = self.coordination
        number = "waters open" if place.waters_open else f"coordination number {place.coordination_number}"
        return ", ".join(filter(None, (f"{place.ligands} L", co_ligands_name(place.co_ligands), number)))

    @staticmethod
    def _number(sample: Sample) -> int | None:
        """Return how many donors of ligands and waters hold the metal; None where waters are open."""
        if sample.group.waters is None:
            return None
        return sample.group.ligands * denticity(sample.parts[0]) + sample.group.waters

    @cached_property
    def metals(self) -> tuple[str, ...]:
        """Return the symbols of its metals, along the series."""
        held = {sample.group.metal for sample in self.samples}
        return tuple(symbol for symbol in METALS if symbol in held)

    @cached_property
    def charges(self) -> set[int]:
        """Return the charges of its ligands."""
        return {sample.group.ligand_charge for sample in self.samples}

    @cached_property
    def denticities(self) -> set[int]:
        """Return how many donors its ligands have."""
        return {denticity(sample.parts[0]) for sample in self.samples}

    @cached_property
    def scaffolds(self) -> tuple[Scaffold, ...]:
        """Return its own scaffolds, those with the most labels first, and behind them those of the library."""
        names = Counter((sample.scaffold, sample.parts[0]) for sample in self.samples)
        own = [_scaffold(name, smiles) for (name, smiles), _ in names.most_common()]
        known = {scaffold.smiles for scaffold in own}
        return (*own, *(scaffold for scaffold in SCAFFOLDS.values() if scaffold.smiles not in known))

    @cached_property
    def substituents(self) -> tuple[Substituent, ...]:
        """Return the library's substituents, and behind them those that its ligands have beside them."""
        own = {smiles: name for s in self.samples for name, smiles in zip(s.substituents, s.parts[1:], strict=True)}
        known = {each.smiles for each in SUBSTITUENTS.values()}
        return (*SUBSTITUENTS.values(), *(Substituent(own[s], s, "") for s in sorted(own) if s not in known))

    @cached_property
    def held(self) -> dict[str, set[str]]:
        """Return every scaffold, substituent and metal that its labels have, by the names of `TRAITS`."""
        every = [traits_of(sample) for sample in self.samples]
        return {trait: set().union(*(each[trait] for each in every)) for trait in TRAITS}

    @cached_property
    def calibration(self) -> Calibration:
        """Return how wide its intervals are, as measured on ligands left out whole."""
        return calibration_of(self._trained)

    @property
    def out_of_fold_mae(self) -> float:
        """Return its mean error on ligands left out whole, in kcal/mol."""
        return float(self._trained["out_of_fold_mae"])

    def forecast(self, asked: Sequence[Sample]) -> Forecast:
        """Return joint samples of what it says of complexes, given by their parts."""
        return Forecast(tuple(sample.key for sample in asked), predicted_of(self._ensemble, asked))

    def unseen(self, trait: str) -> Unseen | None:
        """Return its errors on a scaffold, substituent or metal left out; None where none can be left out."""
        recipe = PoolErrors(self._digest, self._settings, trait, _SEED, self.surrogate, self._version)
        found = self._runner.value("errors", Task.of(recipe, title=f"each {trait} left out"))["left_out"]
        known = {sample.key: sample for sample in self.samples}
        errors, differences = [], []
        for said in found.values():
            off = {key: value - (known[key].target_kcal_mol or 0.0) for key, value in said.items()}
            errors += [abs(value) for value in off.values()]
            differences += [abs(off[a] - off[b]) for a, b in _same_ligand([known[key] for key in off])]
        if not errors:
            return None
        return Unseen(len(found), np.array(errors), np.array(differences))

    @cached_property
    def _digest(self) -> str:
        return self._store.put_text(samples_to_text(self.samples))

    @cached_property
    def _settings(self) -> dict[str, Any]:
        return self._kind.settings({"model": self.surrogate, "members": _MEMBERS, "readout": "metal"})

    @cached_property
    def _task(self) -> Task:
        recipe = PoolTraining(self._digest, self._settings, _MEMBERS, _SEED, self.surrogate, self._version)
        return Task.of(recipe, title=f"{self.surrogate} on {len(self.samples)} labels")

    @cached_property
    def _trained(self) -> dict[str, Any]:
        return self._runner.value("training", self._task)

    @cached_property
    def _ensemble(self) -> Any:
        folder = self._store.folder(self._task.key)
        return self._kind.load([folder / name for name in self._trained["members"]])


def denticity(scaffold: str) -> int:
    """Return how many donors a scaffold (SMILES) has."""
    return round(float(bare(scaffold)[COLUMNS.index("donors")]))


def _scaffold(name: str, smiles: str) -> Scaffold:
    charge = round(float(bare(smiles)[COLUMNS.index("charge")]))
    return Scaffold(name, smiles, charge, "", "pool", sites=sites(smiles))


def _same_ligand(samples: Sequence[Sample]) -> Iterator[tuple[str, str]]:
    """Yield the keys of every two metals of one ligand in one stoichiometry."""
    together: dict[Any, list[str]] = {}
    for sample in samples:
        together.setdefault((sample.parts, sample.group.stoichiometry), []).append(sample.key)
    for keys in together.values():
        yield from combinations(keys, 2)
