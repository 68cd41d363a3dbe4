"""What a study asks of a file: its models, strategies and test parts, as far as the file allows them."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TypeVar

from reexplore.dataset.files import read_pool
from reexplore.dataset.frames import Foreign
from reexplore.dataset.pool import LabelledPool
from reexplore.dataset.samples import atoms_of, parts_of
from reexplore.energies.levels import LEVELS
from reexplore.errors import InputError
from reexplore.study.allowed import why_no_model, why_no_strategy
from reexplore.study.atoms import outside_of
from reexplore.study.beside import models_beside
from reexplore.study.fit import Fit
from reexplore.study.gfn2 import Gfn2Energies
from reexplore.study.models import BASELINES, Model, find_model, is_slow
from reexplore.study.splits import NothingToHoldOutError, Part, split_parts
from reexplore.study.strategies import STRATEGIES, Labels, Strategy
from reexplore.surrogate.samples import Sample

T = TypeVar("T", Model, Strategy)

_BINDING = "binding_energy_kcal_mol"
_SLOW = (
    "{} reads the edges of every atom, four complexes a step, up to 1500 epochs: days on a core with thousands of"
    " complexes, hours on a graphics card"
)


@dataclass(frozen=True)
class Asked:
    """A study as it is asked for; of each part `train` labels are learned, all there are where it is None."""

    file: Path
    foreign: Foreign = field(default_factory=Foreign)
    models: tuple[str, ...] = ("allegro", "tabular")
    strategies: tuple[str, ...] = ("binding", "absolute")
    splits: tuple[str, ...] = ("random", "ligand")
    seeds: int = 3
    train: int | None = None
    beside: Path | None = None


@dataclass(frozen=True, eq=False)
class Question:
    """The models, strategies and parts that a file allows; `left_out` says in sentences what it does not, and why.

    `given` are those models that have said all they will: other programs' predictions of the binding energy.
    """

    asked: Asked
    pool: LabelledPool
    labels: Labels
    models: tuple[Model, ...]
    given: tuple[Model, ...]
    strategies: tuple[Strategy, ...]
    parts: tuple[Part, ...]
    left_out: tuple[str, ...]

    @classmethod
    def of(cls, asked: Asked) -> Question:
        """Read the file and see what it allows.

        Raises `InputError` with the first thing that is wrong, and where no model, strategy or split that was asked for
        is left.
        """
        wanted = [find_model(name) for name in dict.fromkeys(asked.models)]
        strategies = [_strategy(name) for name in dict.fromkeys(asked.strategies)]
        pool = read_pool(asked.file, foreign=asked.foreign)
        labels = Labels.of(pool)
        taken = {model.name for model in (*BASELINES, *wanted)}
        given = () if asked.beside is None else tuple(models_beside(asked.beside, pool.traits, taken=taken))
        left_out: list[str] = []
        parts = list(_parts(asked, pool, left_out))
        models = _allowed(wanted, lambda model: why_no_model(model, pool), left_out)
        baselines = [
            model
            for model in (*BASELINES, *given)
            if model.name not in asked.models and not _left_out(model, why_no_model(model, pool), left_out)
        ]
        possible = _allowed(strategies, lambda strategy: why_no_strategy(strategy, labels, pool), left_out)
        return cls(
            asked=asked,
            pool=pool,
            labels=labels,
            models=(*baselines, *models),
            given=given,
            strategies=tuple(possible),
            parts=tuple(parts),
            left_out=tuple(left_out),
        )

    @property
    def needs_gfn2(self) -> bool:
        """Return whether energies of GFN2-xTB are needed."""
        return any(strategy.less_gfn2 for strategy in self.strategies)

    @property
    def notes(self) -> tuple[str, ...]:
        """Return what a reader of the result has to know."""
        told = [] if self.labels.column == _BINDING else [f"the label is {self.labels.column}"]
        slow = [_SLOW.format(model.name) for model in self.models if is_slow(model)]
        levels = [LEVELS[name] for name in dict.fromkeys(self.pool.table.get("level", ())) if name in LEVELS]
        cautions = [level.caution for level in levels if level.caution is not None]
        return (*told, *slow, *dict.fromkeys(cautions), *self.left_out)

    @cached_property
    def samples(self) -> Mapping[str, Sample]:
        """Return every complex by its key with all that is read of it, without a label."""
        looks = self.needs_gfn2 or any(model.needs in ("geometry", "both") for model in self.models)
        geometries = self.pool.geometries if looks or "formula" not in self.pool.table else {}
        atoms = atoms_of(self.pool) if "formula" in self.pool.table else {}
        parts = parts_of(self.pool) if any(model.needs in ("ligand", "both") for model in self.models) else {}
        return {
            key: Sample(key, geometries.get(key, atoms.get(key)), each.group, *told, None, parts.get(key, ()))
            for key, each in self.pool.traits.items()
            for told in [(each.scaffold, each.substituents)]
        }

    def without(self, failures: Mapping[str, str]) -> Question:
        """Return the question without the complexes that GFN2-xTB could not compute, with the reason of each by key.

        They are left out of every strategy, so that all are tested on the same.
        """
        keys, first = frozenset(failures), min(failures)
        count = f"{len(keys)} of {len(self.pool)} complexes"
        why = f"{count} are left out: GFN2-xTB could not compute them, {first} for one: {failures[first]}"
        rows = self.pool.table[~self.pool.table["key"].isin(keys)].reset_index(drop=True)
        pool = LabelledPool(rows, self.pool.provenance, self.pool.read_geometries)
        left_out = [*self.left_out, why]
        return replace(
            self,
            pool=pool,
            labels=self.labels.without(keys),
            parts=tuple(_parts(self.asked, pool, left_out)),
            left_out=tuple(left_out),
        )

    def fits(self, gfn2: Mapping[str, Gfn2Energies]) -> tuple[list[Fit], list[str]]:
        """Return every fit, and in sentences which strategies no training part of a split would allow.

        Raises `InputError` where none is left.
        """
        found: list[Fit] = []
        left_out: list[str] = []
        for strategy in self.strategies:
            target = strategy.target_kcal_mol(self.labels, gfn2)
            labelled = {key: replace(sample, target_kcal_mol=target.get(key)) for key, sample in self.samples.items()}
            models = [m for m in self.models if strategy.name == "binding" or m not in self.given]
            for split, parts in _by_split(self.parts):
                learned = [([labelled[key] for key in p.known], [labelled[key] for key in p.tested]) for p in parts]
                by_atoms = strategy.energy == "absolute"
                outside = [key for both in learned for key in outside_of(*both)] if by_atoms else []
                if outside:
                    left_out.append(
                        f"{strategy.name} on {split} is left out: atoms as in {outside[0]} are no sum of what its part"
                        " learns from, so that their energy is unknown"
                    )
                    continue
                found += [
                    Fit(model, strategy.name, part, known, tested, by_atoms)
                    for model in models
                    for part, (known, tested) in zip(parts, learned, strict=True)
                ]
        if not found:
            raise InputError("; ".join(left_out))
        return found, left_out


def _by_split(parts: Iterable[Part]) -> Iterator[tuple[str, list[Part]]]:
    by: dict[str, list[Part]] = {}
    for part in parts:
        by.setdefault(part.split, []).append(part)
    yield from by.items()


def _parts(asked: Asked, pool: LabelledPool, left_out: list[str]) -> Iterator[Part]:
    """Yield the parts of every split that the file allows; raise `InputError` where it allows none."""
    refused = []
    for split in dict.fromkeys(asked.splits):
        try:
            yield from split_parts(split, pool.traits, seeds=asked.seeds, train=asked.train)
        except NothingToHoldOutError as error:
            refused.append(str(error))
    if len(refused) == len(dict.fromkeys(asked.splits)):
        raise InputError("; ".join(refused))
    left_out += refused


def _allowed(asked: Sequence[T], why_not: Callable[[T], str | None], left_out: list[str]) -> list[T]:
    """Return what the file allows; raise `InputError` where that is nothing of what was asked."""
    refused: list[str] = []
    found = [each for each in asked if not _left_out(each, why_not(each), refused)]
    if not found:
        raise InputError("; ".join(refused))
    left_out += refused
    return found


def _left_out(each: Model | Strategy, why: str | None, left_out: list[str]) -> bool:
    if why is not None:
        left_out.append(f"{each.name} is left out: {why}")
    return why is not None


def _strategy(name: str) -> Strategy:
    if name not in STRATEGIES:
        near = difflib.get_close_matches(name, STRATEGIES, n=1, cutoff=0.5)
        there = f"did you mean '{near[0]}'?" if near else f"they are {', '.join(STRATEGIES)}"
        raise InputError(f"unknown strategy '{name}': {there}")
    return STRATEGIES[name]
