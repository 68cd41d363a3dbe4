"""The energy surface that a campaign file declares."""

from __future__ import annotations

from reexplore.config import SurfaceEntry, TheoryEntry
from reexplore.errors import of_key
from reexplore.structures.xtb.metal_donor import Push
from reexplore.structures.xtb.surfaces import EnergySurface, find_surface, own_surface


def declared_surface(theory: TheoryEntry) -> EnergySurface:
    """Return the surface that complexes are relaxed on.

    Every surface of the file's own has to be sound, whichever is asked for. Raises `InputError` when one is not.
    """
    own = {}
    for number, entry in enumerate(theory.surfaces):
        with of_key(f"theory.surfaces.{number}"):
            own[entry.name] = own_surface(entry.name, _pushes(entry))
    with of_key("theory.surface"):
        return find_surface(theory.surface, own)


def _pushes(entry: SurfaceEntry) -> tuple[Push, ...]:
    pushes = []
    for number, correction in enumerate(entry.corrections):
        with of_key(f"corrections.{number}"):
            pushes.append(Push(**correction.model_dump()))
    return tuple(pushes)
