"""A constraint: a ligand in, the reason why it is left out, or nothing. How one is added: docs/constraints.md."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol, Self, runtime_checkable

from reexplore.chemistry.ligands import Ligand
from reexplore.constraints.cost import Cost
from reexplore.constraints.ligand_charge import LigandCharge
from reexplore.constraints.molecular_weight import MolecularWeight
from reexplore.constraints.redox_stable import RedoxStable
from reexplore.constraints.sa_score import SaScore
from reexplore.constraints.without import Without
from reexplore.errors import InputError, of_key
from reexplore.plug_ins import Kinds


@runtime_checkable
class Constraint(Protocol):
    """One rule a ligand has to keep; what it says depends on the free ligand as written and on nothing else."""

    @classmethod
    def read(cls, said: Any) -> Self:
        """Return the constraint that a campaign file says; raise `ValueError` with what is wrong and what to give."""

    def say(self) -> Any:
        """Return what `read` takes, as JSON-ready values."""

    def reason(self, ligand: Ligand) -> str | None:
        """Return in a few words why a ligand is left out, None when it is not."""


@runtime_checkable
class ReadsColumn(Protocol):
    """What a constraint has besides when it reads a column of the ligand file; without a `column` it reads none."""

    @property
    def column(self) -> str:
        """Return the name of the column."""

    def read_value(self, text: str) -> Any:
        """Return what a cell of the column says, JSON-ready; raise `ValueError` with what is wrong."""

    def with_values(self, values: Mapping[str, Any]) -> Constraint:
        """Return the constraint with the values it is to go by, by the ligand's identity."""


CONSTRAINTS: Kinds[Constraint] = Kinds(
    what="constraint",
    group="reexplore.constraints",
    here={
        "sa_score": SaScore,
        "molecular_weight": MolecularWeight,
        "without": Without,
        "ligand_charge": LigandCharge,
        "cost": Cost,
        "redox_stable": RedoxStable,
    },
    needs=("read", "say", "reason"),
)


@dataclass(frozen=True)
class Rule:
    """A constraint of a campaign by its name; `version` is that of another package that brings it.

    `values` are those it goes by of the ligand file, by the ligand's identity; None when it reads no column.
    """

    name: str
    constraint: Constraint
    version: str = ""
    values: Mapping[str, Any] | None = None

    def to_json(self) -> dict[str, Any]:
        """Return what a task's recipe holds of it."""
        said = {"name": self.name, "said": self.constraint.say()}
        more = {"version": self.version} if self.version else {}
        return said | more | ({"values": dict(self.values)} if self.values is not None else {})

    @property
    def column(self) -> str:
        """Return the column of the ligand file that it reads, empty when it reads none."""
        return self.constraint.column if isinstance(self.constraint, ReadsColumn) else ""

    def bound(self, values: Mapping[str, Any]) -> Rule:
        """Return the rule with the values it goes by."""
        assert isinstance(self.constraint, ReadsColumn)
        return replace(self, constraint=self.constraint.with_values(values), values=values)


@dataclass(frozen=True)
class Rules:
    """The constraints of a campaign in the order of its file: the first that a ligand breaks is its reason."""

    rules: tuple[Rule, ...] = ()

    def broken(self, ligand: Ligand) -> tuple[str, str] | None:
        """Return the name of the constraint that leaves a ligand out and the reason, None when none does."""
        for rule in self.rules:
            if (reason := rule.constraint.reason(ligand)) is not None:
                return rule.name, reason
        return None

    @property
    def columns(self) -> dict[str, str]:
        """Return the columns of the ligand file that constraints read, by the constraint's name."""
        return {rule.name: rule.column for rule in self.rules if rule.column}

    @property
    def values(self) -> dict[str, Mapping[str, Any]]:
        """Return the values that constraints go by, by the constraint's name."""
        return {rule.name: rule.values for rule in self.rules if rule.values is not None}

    def read_value(self, name: str, text: str) -> Any:
        """Return what a cell says to the constraint of this name; raise `ValueError` with what is wrong."""
        (constraint,) = (rule.constraint for rule in self.rules if rule.name == name)
        assert isinstance(constraint, ReadsColumn)
        return constraint.read_value(text)

    def bound(self, values: Mapping[str, Mapping[str, Any]]) -> Rules:
        """Return the constraints with the values they go by, given by the constraint's name."""
        return Rules(tuple(rule.bound(values[rule.name]) if rule.name in values else rule for rule in self.rules))

    def say(self) -> list[dict[str, Any]]:
        """Return the constraints as a campaign file has them."""
        return [{rule.name: rule.constraint.say()} for rule in self.rules]

    def to_json(self) -> list[dict[str, Any]]:
        """Return what a task's recipe holds of the constraints."""
        return [rule.to_json() for rule in self.rules]

    @classmethod
    def from_json(cls, data: Sequence[Mapping[str, Any]]) -> Rules:
        """Read them from `to_json`; raise `ExecutionError` when another version of a constraint is installed."""
        rules = read_constraints([{entry["name"]: entry["said"]} for entry in data])
        for rule, entry in zip(rules.rules, data, strict=True):
            CONSTRAINTS.require_version(rule.name, rule.version, wanted=entry.get("version", ""))
        return rules.bound({entry["name"]: entry["values"] for entry in data if "values" in entry})


def read_constraints(said: Sequence[Mapping[str, Any]]) -> Rules:
    """Return the constraints that a campaign file lists; raise `InputError` with the first thing that is wrong."""
    rules: list[Rule] = []
    for entry in said:
        ((name, value),) = entry.items()
        if any(rule.name == name for rule in rules):
            raise InputError(f"'{name}' stands twice: keep one of them", key="constraints")
        with of_key("constraints"):
            kind, version = CONSTRAINTS.find(name)
        try:
            rules.append(Rule(name, kind.read(value), version))
        except ValueError as error:
            raise InputError(str(error), key=f"constraints.{name}") from None
    return Rules(tuple(rules))
