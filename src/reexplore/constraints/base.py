"""A constraint: a ligand in, the reason why it is left out, or nothing. How one is added: docs/constraints.md."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Protocol, Self, runtime_checkable

from reexplore.chemistry.ligands import Ligand
from reexplore.constraints.ligand_charge import LigandCharge
from reexplore.constraints.molecular_weight import MolecularWeight
from reexplore.constraints.sa_score import SaScore
from reexplore.constraints.without import Without
from reexplore.errors import ExecutionError, InputError, MissingEngineError, of_key

#: Packages add constraints of their own under this name: a class of the shape of `Constraint`.
ENTRY_POINTS = "reexplore.constraints"


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


#: Those that are here without another package.
CONSTRAINTS: dict[str, type[Constraint]] = {
    "sa_score": SaScore,
    "molecular_weight": MolecularWeight,
    "without": Without,
    "ligand_charge": LigandCharge,
}


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
            raise InputError(f"'{name}' stands twice: keep one of them", key="constraints")
        with of_key("constraints"):
            kind, version = _find(name)
        try:
            rules.append(Rule(name, kind.read(value), version))
        except ValueError as error:
            raise InputError(str(error), key=f"constraints.{name}") from None
    return Rules(tuple(rules))


def known_constraints() -> tuple[str, ...]:
    """Return the names of all constraints there are here, those of other packages last."""
    return (*CONSTRAINTS, *sorted(_added()))


def _added() -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=ENTRY_POINTS)}


def _find(name: str) -> tuple[type[Constraint], str]:
    """Return a constraint by name, and the version of the package that brings it when it is not this one."""
    if name in CONSTRAINTS:
        return CONSTRAINTS[name], ""
    if name in (added := _added()):
        point = added[name]
        return _loaded(point), point.dist.version if point.dist is not None else ""
    known = known_constraints()
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    hint = f"did you mean '{near[0]}'?" if near else f"the constraints are {', '.join(known)}"
    raise InputError(f"unknown constraint '{name}': {hint}")


def _loaded(point: EntryPoint) -> type[Constraint]:
    try:
        found = point.load()
    except Exception as error:  # whatever another package's code raises
        raise MissingEngineError(
            f"the constraint '{point.name}' ({point.value}) cannot be loaded: {error!r}"
        ) from error
    missing = [method for method in ("read", "say", "reason") if not callable(getattr(found, method, None))]
    if missing:
        raise MissingEngineError(f"the constraint '{point.name}' ({point.value}) has no {' and no '.join(missing)}")
    loaded: type[Constraint] = found
    return loaded
