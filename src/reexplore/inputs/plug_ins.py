"""What is known by name: the kinds that are here, and those that installed packages add by an entry point."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import Generic, TypeVar

from reexplore.errors import InputError, MissingEngineError

T = TypeVar("T")


@dataclass(frozen=True)
class PlugIns(Generic[T]):
    """All classes of one protocol by name: those `here`, and those of other packages under `group`.

    `what` is the word for one of them in messages, `needs` the names that the protocol asks of a class.
    """

    what: str
    group: str
    here: Mapping[str, type[T]]
    needs: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Return every name, those of other packages last."""
        return (*self.here, *sorted(self._added()))

    def find(self, name: str) -> tuple[type[T], str]:
        """Return a class by name, and the version of the package that brings it when it is not this one.

        Raises `InputError` with the nearest name when there is none, `MissingEngineError` when it cannot be loaded.
        """
        if name in self.here:
            return self.here[name], ""
        if name in (added := self._added()):
            point = added[name]
            return self._loaded(point), point.dist.version if point.dist is not None else ""
        near = difflib.get_close_matches(name, self.names, n=1, cutoff=0.5)
        plural = f"{self.what[:-1]}ies" if self.what.endswith("y") else f"{self.what}s"
        hint = f"did you mean '{near[0]}'?" if near else f"the {plural} are {', '.join(self.names)}"
        raise InputError(f"unknown {self.what} '{name}': {hint}")

    def _added(self) -> dict[str, EntryPoint]:
        return {point.name: point for point in entry_points(group=self.group)}

    def _loaded(self, point: EntryPoint) -> type[T]:
        try:
            found = point.load()
        except Exception as error:  # whatever another package's code raises
            raise MissingEngineError(
                f"the {self.what} '{point.name}' ({point.value}) cannot be loaded: {error!r}"
            ) from error
        missing = [name for name in self.needs if not hasattr(found, name)]
        if missing:
            raise MissingEngineError(
                f"the {self.what} '{point.name}' ({point.value}) has no {' and no '.join(missing)}"
            )
        loaded: type[T] = found
        return loaded
