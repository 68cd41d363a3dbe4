"""The energy surface that a campaign file declares."""

from __future__ import annotations

from reexplore.config import TheoryEntry
from reexplore.structures.xtb.metal_donor import Push
from reexplore.structures.xtb.surfaces import EnergySurface, find_surface, own_surface


def declared_surface(theory: TheoryEntry) -> EnergySurface:
    """Return the surface that complexes are relaxed on.

    Every surface of the file's own has to be sound, whichever is asked for. Raises `InputError` when one is not.
    """
    own = {
        entry.name: own_surface(entry.name, tuple(Push(**push.model_dump()) for push in entry.corrections))
        for entry in theory.surfaces
    }
    return find_surface(theory.surface, own)
