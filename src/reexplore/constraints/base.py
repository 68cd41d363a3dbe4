"""A constraint: a ligand in, the reason why it is left out, or nothing. How one is added: docs/constraints.md."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, Self, runtime_checkable

from reexplore.chemistry.ligands import Ligand
from reexplore.constraints.ligand_charge import LigandCharge
from reexplore.constraints.molecular_weight import MolecularWeight
from reexplore.constraints.sa_score import SaScore
from reexplore.constraints.without import Without
from reexplore.errors import ExecutionError, InputError
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


CONSTRAINTS: Kinds[Constraint] = Kinds(
    what="constraint",
    group="reexplore.constraints",
    here={
        "sa_score": SaScore,
        "molecular_weight": MolecularWeight,
        "without": Without,
        "ligand_charge": LigandCharge,
    },
    needs=("read", "say", "reason"),
)


@dataclass(frozen=True)
class Rule:
    """A constraint of a campaign by its name; `version` is that of another package that brings it."""

    name: str
    constraint: Constraint
    version: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return what a task's recipe holds of it."""
        said = {"name": self.name, "said": self.constraint.say()}
        return said | ({"version": self.version} if self.version else {})


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
            if rule.version != entry.get("version", ""):
                raise ExecutionError(
                    f"the worker's installation is not the driver's: its constraint '{rule.name}' is version"
                    f" {rule.version}, not {entry.get('version', '')}"
                )
        return rules


def read_constraints(said: Sequence[Mapping[str, Any]]) -> Rules:
    """Return the constraints that a campaign file lists; raise `InputError` with the first thing that is wrong."""
    rules: list[Rule] = []
    for entry in said:
        ((name, value),) = entry.items()
        if any(rule.name == name for rule in rules):
            raise InputError(f"constraints: '{name}' stands twice: keep one of them")
        kind, version = CONSTRAINTS.find(name)
        try:
            rules.append(Rule(name, kind.read(value), version))
        except ValueError as error:
            raise InputError(f"constraints.{name}: {error}") from None
    return Rules(tuple(rules))
