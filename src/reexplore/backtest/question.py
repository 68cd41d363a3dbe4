"""What a backtest asks of a pool: which property is sought, among which units, and what is known of each."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from reexplore.dataset.columns import ALIKE
from reexplore.dataset.columns import unit as unit_of
from reexplore.dataset.pool import LabelledPool
from reexplore.energies.levels import LEVELS, comparison_warning
from reexplore.errors import InputError
from reexplore.properties import Goals, read_goals
from reexplore.properties.goals import Direction
from reexplore.surrogate.ensembles import FEWEST_LABELS
from reexplore.surrogate.samples import Traits

COST = "core_hours"


@dataclass(frozen=True)
class Unit:
    """What is chosen as one: a complex, or a ligand with two metals.

    `truth` is what is to be lowered; `cost` are core-hours, None where the pool does not tell.
    """

    keys: tuple[str, ...]
    group: str
    truth: float
    cost: float | None


@dataclass(frozen=True, eq=False)
class Question:
    """A property of a pool to be found low or high, or with two `metals` the first's value less the second's."""

    pool: LabelledPool
    column: str
    metals: tuple[str, str] | None = None
    direction: Direction = "lower"

    @cached_property
    def goals(self) -> Goals:
        """Return the objective as a campaign would have it, none for a property of the complexes themselves."""
        if self.metals is None:
            return Goals()
        said = {"property": "selectivity", "metals": list(self.metals), "direction": self.direction}
        return read_goals([said])

    @property
    def hydration_kcal_mol(self) -> dict[str, float]:
        """Return nothing for each metal: the pool's own property is compared, and a constant would cancel."""
        return dict.fromkeys(self.goals.metals, 0.0)

    @property
    def title(self) -> str:
        """Return what is sought, to read."""
        what = self.column if self.metals is None else f"{self.column}, {self.metals[0]} less {self.metals[1]}"
        return f"{what}: {self.direction}"

    @property
    def unit(self) -> str:
        """Return the unit of what is sought."""
        return unit_of(self.column)

    @cached_property
    def notes(self) -> tuple[str, ...]:
        """Return what a reader of the result has to know."""
        told = self.pool.table.get("level", ())
        levels = [LEVELS[name] for name in dict.fromkeys(told) if name in LEVELS]
        found = [level.caution for level in levels]
        if self.metals is not None:
            found += [comparison_warning(level, self.metals) for level in levels]
        return tuple(dict.fromkeys(why for why in found if why is not None))

    @cached_property
    def labels(self) -> dict[str, float]:
        """Return what the models learn, by key: the property, turned so that low is wanted."""
        sign = 1.0 if self.metals is not None or self.direction == "lower" else -1.0
        values = self.pool.values(self.column)
        kept = [key for unit in self._keys for key in unit]
        return {key: sign * values[key] for key in kept}

    @cached_property
    def traits(self) -> dict[str, Traits]:
        """Return what is known of each candidate beside its label, by key."""
        return {key: self.pool.traits[key] for key in self.labels}

    @cached_property
    def units(self) -> tuple[Unit, ...]:
        """Return what is chosen among, in the order of the pool."""
        cost = self.pool.table.set_index("key")[COST].to_dict() if COST in self.pool.table else {}
        found = []
        for keys in self._keys:
            group = self.traits[keys[0]].group
            truth, name = self.labels[keys[0]], group.name
            if self.metals is not None:
                by_metal = {self.traits[key].group.metal: np.array([self.labels[key]]) for key in keys}
                truth = float(self.goals.to_lower(by_metal, self.hydration_kcal_mol)[0, 0])
                name = self.goals.group(group.stoichiometry, ligand_charge=group.ligand_charge)
            spent = [cost.get(key, np.nan) for key in keys]
            found.append(Unit(keys, name, truth, None if np.isnan(spent).any() else float(sum(spent))))
        return tuple(found)

    @cached_property
    def digest(self) -> str:
        """Return a hash of all that decides what is chosen but for the geometries."""
        known = [[key, label, repr(self.traits[key])] for key, label in sorted(self.labels.items())]
        said = json.dumps([self.goals.say(), known], allow_nan=False)
        return hashlib.sha256(said.encode()).hexdigest()[:16]

    def of_others(self, other: LabelledPool) -> Question:
        """Return what models learn of the labels of another pool, as a question to it.

        Raises `InputError` where the two pools were not computed in one way.
        """
        for column in ALIKE:
            mine, theirs = (set(pool.table[column]) if column in pool.table else set() for pool in (self.pool, other))
            if mine and theirs and mine != theirs:
                raise InputError(
                    f"--learn-from: {column} is {', '.join(map(str, sorted(theirs)))} there and"
                    f" {', '.join(map(str, sorted(mine)))} in the pool: labels of two kinds are not learned together"
                )
        # Of a difference models learn each metal by itself.
        return Question(other, self.column, None, "lower" if self.metals is not None else self.direction)

    def require_room(self, *, start: int, batch: int, labels: int) -> None:
        """Raise `InputError` when so many labels cannot be bought of this pool in such batches."""
        size, whole = len(self.labels), self.goals.unit_size
        for name, count in (("--start", start), ("--batch", batch), ("--labels", labels)):
            if count % whole:
                raise InputError(f"{name} {count}: each ligand is labelled with {whole} metals; take a multiple")
        fewest = max(FEWEST_LABELS, 2 * whole)
        if start < fewest:
            raise InputError(f"--start {start}: a model needs {fewest} labels at least")
        if start > labels:
            raise InputError(f"--start {start} is more than --labels {labels}: lower it")
        if labels > size:
            raise InputError(f"--labels {labels} is more than the pool has ({size}): lower it")
        if batch > size - start:
            raise InputError(f"--batch {batch} is more than the pool has left after the start ({size - start})")
        if labels < size and (left := (labels - start) % batch):
            nearest = " or ".join(str(n) for n in (labels - left, labels - left + batch) if n <= size)
            raise InputError(
                f"--labels {labels} ends within a batch: from {start} in batches of {batch} take {nearest}"
            )
        if not any(len(units) > 1 for units in self.groups.values()):
            raise InputError("no two candidates of the pool may be compared: every group has a single one")

    @cached_property
    def groups(self) -> dict[str, list[Unit]]:
        """Return the units that may be ranked together, group by group."""
        found: dict[str, list[Unit]] = {}
        for each in self.units:
            found.setdefault(each.group, []).append(each)
        return found

    @cached_property
    def _keys(self) -> list[tuple[str, ...]]:
        if self.metals is None:
            return [(key,) for key in self.pool.traits]
        by_ligand: dict[tuple[object, ...], dict[str, str]] = {}
        for key, traits in self.pool.traits.items():
            by_ligand.setdefault((traits.ligand, traits.group.stoichiometry), {})[traits.group.metal] = key
        metals = self.goals.metals
        found = [tuple(by[metal] for metal in metals) for by in by_ligand.values() if set(metals) <= by.keys()]
        if not found:
            raise InputError(f"no ligand of the pool has labels with both {' and '.join(self.metals)}")
        return found
