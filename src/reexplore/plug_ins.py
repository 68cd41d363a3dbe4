"""What other packages bring: announced by an entry point, found by its name, loaded when it is used."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from reexplore.errors import MissingEngineError


@dataclass(frozen=True)
class PlugIn:
    """Something of another package: what it is to people (`constraint`), its name and where it is."""

    what: str
    point: EntryPoint

    @property
    def version(self) -> str:
        """Return the version of the package that brings it."""
        return self.point.dist.version if self.point.dist is not None else ""

    def load(self, *, methods: tuple[str, ...] = ()) -> Any:
        """Return it; raise `MissingEngineError` when it cannot be imported, is not callable or lacks a method."""
        said = f"the {self.what} '{self.point.name}' ({self.point.value})"
        try:
            found = self.point.load()
        except Exception as error:  # whatever another package's code raises
            raise MissingEngineError(f"{said} cannot be loaded: {error!r}") from error
        missing = [method for method in methods if not callable(getattr(found, method, None))]
        if missing:
            raise MissingEngineError(f"{said} has no {' and no '.join(missing)}")
        if not callable(found):
            raise MissingEngineError(f"{said} is neither a class nor a function")
        return found


def plug_ins(group: str, *, what: str) -> dict[str, PlugIn]:
    """Return by name what is announced under an entry point; nothing is loaded."""
    return {point.name: PlugIn(what, point) for point in entry_points(group=group)}
