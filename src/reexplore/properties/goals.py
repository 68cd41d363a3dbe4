"""What a campaign is to find: one property or several, each with the direction that is wanted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import Any, Literal, get_args

import numpy as np

from reexplore.chemistry.metals import METALS
from reexplore.energies.levels import Level
from reexplore.errors import InputError, of_key
from reexplore.inputs.shown import shown
from reexplore.plug_ins import Kinds, made_by
from reexplore.properties.base import Array, Measured, Property
from reexplore.properties.binding_energy import BindingEnergy
from reexplore.properties.complexation import ComplexationFreeEnergy
from reexplore.properties.exchange_energy import ExchangeEnergy
from reexplore.properties.kramers_gap import CM_PER_KCAL_MOL, KramersGap
from reexplore.properties.label import Label
from reexplore.properties.selectivity import Selectivity
from reexplore.properties.separation_factor import SeparationFactor
from reexplore.properties.transfer import TransferFreeEnergy

Direction = Literal["lower", "higher"]

PROPERTIES: Kinds[Property] = Kinds(
    what="property",
    group="reexplore.properties",
    here={
        "binding_energy": BindingEnergy,
        "exchange_energy": ExchangeEnergy,
        "selectivity": Selectivity,
        "complexation_free_energy": ComplexationFreeEnergy,
        "separation_factor": SeparationFactor,
        "transfer_free_energy": TransferFreeEnergy,
        "kramers_gap": KramersGap,
    },
    needs=(
        *("name", "unit", "ranks_across_charges", "needs_aqua_ions", "read", "say", "title", "meaning", "metals"),
        *("require_comparable", "value", "samples"),
    ),
)

#: Objectives of other packages: functions that return the list of goals a campaign file may have.
OBJECTIVES: Kinds[Any] = Kinds(what="objective", group="reexplore.objectives", here={}, needs=())

#: Two properties that agree so closely on random energies are one.
_SAME = 1 - 1e-9
_TRIED = 64


@dataclass(frozen=True)
class Goal:
    """A property and the direction that is wanted; `version` is that of another package that brings it."""

    quantity: Property
    direction: Direction = "lower"
    version: str = ""

    @property
    def sign(self) -> int:
        """Return what turns the property into something to be lowered."""
        return 1 if self.direction == "lower" else -1

    @property
    def title(self) -> str:
        """Return a name to read, with its unit."""
        return f"{self.quantity.title}, {self.quantity.unit}"

    def say(self) -> dict[str, Any]:
        """Return the goal as a campaign file has it."""
        said = {"property": self.quantity.name, **self.quantity.say(), "direction": self.direction}
        return said | ({"version": self.version} if self.version else {})


@dataclass(frozen=True)
class Goals:
    """The objective of a campaign; without goals it lowers the binding energy of each metal by itself.

    With goals the unit that is chosen is a ligand in one stoichiometry, and all `metals` of it are labelled.
    """

    goals: tuple[Goal, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.goals)

    def __str__(self) -> str:
        """Return the objective as a sentence, such as `selectivity Lu over La: lower; …`."""
        wanted = ", ".join(f"{goal.quantity.title}: {goal.direction}" for goal in self.goals)
        return f"{wanted}; each ligand is labelled with {' and '.join(self.metals)}"

    @cached_property
    def metals(self) -> tuple[str, ...]:
        """Return the metals that each ligand is labelled with, in the order of the series."""
        wanted = {metal for goal in self.goals for metal in goal.quantity.metals}
        return tuple(metal for metal in METALS if metal in wanted)

    @property
    def unit_size(self) -> int:
        """Return how many complexes are labelled for one choice."""
        return len(self.metals) or 1

    @property
    def needs_aqua_ions(self) -> bool:
        """Return whether a goal has no value without the aqua ions."""
        return any(goal.quantity.needs_aqua_ions for goal in self.goals)

    @property
    def needs_thermal_terms(self) -> bool:
        """Return whether the goals are made of free energies: labels and what models learn are, then."""
        return any(_is_free(goal) for goal in self.goals)

    @property
    def learns_transfer(self) -> bool:
        """Return whether models learn transfer free energies, in place of binding energies."""
        return any(_is_transfer(goal) for goal in self.goals)

    @property
    def learns_gap(self) -> bool:
        """Return whether labels are Kramers gaps, which models learn in place of binding energies."""
        return any(_is_gap(goal) for goal in self.goals)

    @property
    def learns_binding(self) -> bool:
        """Return whether models learn binding energies."""
        return not (self.learns_transfer or self.learns_gap)

    @property
    def needs_ph(self) -> bool:
        """Return whether a goal ranks ligands of different charge by how they bind at a pH."""
        return any(bool(getattr(goal.quantity, "needs_ph", False)) for goal in self.goals)

    def learned_kcal_mol(self, label: Label) -> float:
        """Return the energy of a labelled complex that models learn; what `samples` of a property take as binding."""
        if self.learns_gap:
            if label.magnet is None:
                raise ValueError(f"{label.candidate.name} has no Kramers gap")
            return label.magnet.gap_cm / CM_PER_KCAL_MOL
        reaction = label.transfer if self.learns_transfer else label.binding
        if reaction is None:
            raise ValueError(f"{label.candidate.name} has no energy in a second solvent")
        return reaction.energy_kcal_mol

    def group(self, stoichiometry: str, *, ligand_charge: int) -> str:
        """Return the name of the ranking that a ligand belongs to: what may be compared by every goal."""
        across = all(goal.quantity.ranks_across_charges for goal in self.goals)
        return stoichiometry if across else f"{stoichiometry}, L charge {ligand_charge:+d}"

    def values(self, labels: Mapping[str, Label]) -> tuple[Measured | None, ...]:
        """Return the value of every goal for a ligand with a label for each metal."""
        return tuple(goal.quantity.value(labels) for goal in self.goals)

    def can_be_computed(self, hydration_kcal_mol: Mapping[str, float]) -> bool:
        """Return whether every aqua ion is there that a goal has no value without."""
        return not self.needs_aqua_ions or set(self.metals) <= hydration_kcal_mol.keys()

    def by_metal(self, table: Array) -> dict[str, Array]:
        """Return a table whose rows are ligand by ligand, metal by metal, as one table for each metal."""
        return {metal: table[k :: self.unit_size] for k, metal in enumerate(self.metals)}

    def to_lower(self, binding_kcal_mol: Mapping[str, Array], hydration_kcal_mol: Mapping[str, float]) -> Array:
        """Return what is to be lowered, shape (goals, …), from binding energies of one shape by metal."""
        parts = [goal.sign * goal.quantity.samples(binding_kcal_mol, hydration_kcal_mol) for goal in self.goals]
        return np.stack(parts)

    def say(self) -> list[dict[str, Any]]:
        """Return the objective as a campaign file has it."""
        return [goal.say() for goal in self.goals]

    def require_comparable(self, level: Level) -> None:
        """Raise `InputError` when a goal compares what the level describes in different ways."""
        for goal in self.goals:
            goal.quantity.require_comparable(level)

    @classmethod
    def from_json(cls, data: Sequence[Mapping[str, Any]]) -> Goals:
        """Read them from `say`; raise `ExecutionError` when another version of a property is installed."""
        goals = read_goals([{k: v for k, v in entry.items() if k != "version"} for entry in data])
        for goal, entry in zip(goals.goals, data, strict=True):
            PROPERTIES.require_version(goal.quantity.name, goal.version, wanted=entry.get("version", ""))
        return goals


def read_goals(said: Sequence[Mapping[str, Any]]) -> Goals:
    """Return the objective that a campaign file lists, or names; raise `InputError` with what is wrong first."""
    if [set(entry) for entry in said] == [{"objective"}]:
        said = _named(str(said[0]["objective"]))
    goals = tuple(_goal(entry, number) for number, entry in enumerate(said))
    found = Goals(goals)
    for first, second in combinations(goals, 2):
        _require_learned_together(first, second)
        _require_one_scale(first, second)
        _require_different(first, second, found.metals)
    return found


def _named(name: str) -> Sequence[Mapping[str, Any]]:
    """Return the goals of another package's objective."""
    kind, _ = OBJECTIVES.find(name)
    said: object = made_by(kind, said=f"the objective '{name}'")
    if not isinstance(said, list) or not said or not all(isinstance(entry, dict) for entry in said):
        raise InputError(f"'{name}' gives {shown(said)}, not a list of goals with property and direction")
    return said


def _goal(entry: Mapping[str, Any], number: int) -> Goal:
    name = entry.get("property")
    direction: Direction | None = entry.get("direction")
    with of_key(str(number)):
        if not isinstance(name, str):
            there = f"not {shown(name)}" if "property" in entry else f"beside {', '.join(map(shown, entry))}"
            raise InputError(f"name its property, one of {', '.join(PROPERTIES.names)}, {there}", key="property")
        if direction is not None and direction not in get_args(Direction):
            raise InputError(f"{shown(direction)} is neither lower nor higher: write one of them", key="direction")
        with of_key("property"):
            kind, version = PROPERTIES.find(name)
        try:
            found = kind.read({key: value for key, value in entry.items() if key not in ("property", "direction")})
        except ValueError as error:
            raise InputError(f"{name}: {error}") from None
    # Properties of other packages, and most of ours, are energies that are to be lowered.
    usual: Direction = getattr(found, "usual_direction", "lower")
    return Goal(found, usual if direction is None else direction, version)


def _is_free(goal: Goal) -> bool:
    # Properties of other packages that are older than free energies do not say.
    return bool(getattr(goal.quantity, "needs_thermal_terms", False))


def _is_transfer(goal: Goal) -> bool:
    return bool(getattr(goal.quantity, "learns_transfer", False))


def _is_gap(goal: Goal) -> bool:
    return bool(getattr(goal.quantity, "learns_gap", False))


def _require_learned_together(first: Goal, second: Goal) -> None:
    """Raise `InputError` when models would have to learn two different energies of a complex."""
    if _is_gap(first) != _is_gap(second):
        raise InputError(
            f"'{first.quantity.title}' does not stand beside '{second.quantity.title}': a magnet and a complex in water"
            " are two structures; ask in two campaigns"
        )
    if _is_transfer(first) != _is_transfer(second):
        moved, other = (first, second) if _is_transfer(first) else (second, first)
        told = f"'{moved.quantity.title}' does not stand beside '{other.quantity.title}': models learn one energy of a"
        raise InputError(f"{told} complex. With theory.organic it is told of every labelled complex, whatever the goal")


def _require_one_scale(first: Goal, second: Goal) -> None:
    """Raise `InputError` when one goal is an electronic energy and the other a free one."""
    if _is_free(first) != _is_free(second):
        free, other = (first, second) if _is_free(first) else (second, first)
        told = f"'{free.quantity.title}' is made of free energies and '{other.quantity.title}' is not"
        raise InputError(f"{told}: take properties of one kind")


def _require_different(first: Goal, second: Goal, metals: Sequence[str]) -> None:
    """Raise `InputError` when two goals order ligands alike, or in opposite ways, whatever the energies are."""
    random = np.random.default_rng(0)
    binding = {metal: random.standard_normal(_TRIED) for metal in metals}
    hydration = {metal: float(random.standard_normal()) for metal in metals}
    one, other = (goal.sign * goal.quantity.samples(binding, hydration) for goal in (first, second))
    alike = float(np.corrcoef(one, other)[0, 1])
    if abs(alike) > _SAME:
        names = f"'{first.quantity.title}' and '{second.quantity.title}'"
        contrary = "contradict each other: what one prefers the other avoids"
        why = "order every two ligands alike" if alike > 0 else contrary
        raise InputError(f"{names} {why}; keep one of them")
