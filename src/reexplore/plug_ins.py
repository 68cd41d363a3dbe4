"""What other packages bring: announced by an entry point, found by its name, loaded when it is used."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Generic, TypeVar

from reexplore.errors import ExecutionError, InputError, MissingEngineError

T = TypeVar("T")


@dataclass(frozen=True)
class PlugIn:
    """Something of another package: what it is to people (`constraint`), its name and where it is."""

    what: str
    point: EntryPoint

    @property
    def version(self) -> str:
        """Return the version of the package that brings it."""
        return self.point.dist.version if self.point.dist is not None else ""

    def load(self, *, needs: tuple[str, ...] = ()) -> Any:
        """Return it; raise `MissingEngineError` when it cannot be imported, is not callable or lacks something."""
        said = f"the {self.what} '{self.point.name}' ({self.point.value})"
        try:
            found = self.point.load()
        except Exception as error:  # whatever another package's code raises
            raise MissingEngineError(f"{said} cannot be loaded: {error!r}") from error
        missing = [name for name in needs if not hasattr(found, name)]
        if missing:
            raise MissingEngineError(f"{said} has no {' and no '.join(missing)}")
        if not callable(found):
            raise MissingEngineError(f"{said} is neither a class nor a function")
        return found


def made_by(function: Callable[[], T], *, said: str) -> T:
    """Return what a function of another package returns; raise `MissingEngineError` with what it stumbles over."""
    try:
        return function()
    except Exception as error:  # whatever another package's code raises
        raise MissingEngineError(f"{said} fails: {error!r}") from error


def plug_ins(group: str, *, what: str) -> dict[str, PlugIn]:
    """Return by name what is announced under an entry point; nothing is loaded."""
    return {point.name: PlugIn(what, point) for point in entry_points(group=group)}


@dataclass(frozen=True)
class Kinds(Generic[T]):
    """All classes of one protocol by name: those `here`, and those that other packages announce under `group`.

    `what` is the word for one of them in messages, `needs` the names that the protocol asks of a class.
    """

    what: str
    group: str
    here: Mapping[str, type[T]]
    needs: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Return every name, those of other packages last."""
        return (*self.here, *sorted(plug_ins(self.group, what=self.what)))

    def find(self, name: str) -> tuple[type[T], str]:
        """Return a class by name, and the version of the package that brings it when it is not this one.

        Raises `InputError` with the nearest name when there is none, `MissingEngineError` when it cannot be loaded.
        """
        if name in self.here:
            return self.here[name], ""
        if name in (added := plug_ins(self.group, what=self.what)):
            kind: type[T] = added[name].load(needs=self.needs)
            return kind, added[name].version
        near = difflib.get_close_matches(name, self.names, n=1, cutoff=0.5)
        plural = f"{self.what[:-1]}ies" if self.what.endswith("y") else f"{self.what}s"
        there = f"the {plural} are {', '.join(self.names)}" if self.names else f"no installed package brings {plural}"
        hint = f"did you mean '{near[0]}'?" if near else there
        raise InputError(f"unknown {self.what} '{name}': {hint}")

    def require_version(self, name: str, found: str, *, wanted: str) -> None:
        """Raise `ExecutionError` when the version here is not the one that a driver has chosen."""
        if found != wanted:
            raise ExecutionError(
                f"the worker's installation is not the driver's: its {self.what} '{name}' is version {found}, not"
                f" {wanted}"
            )
