"""The energy surface that a campaign file declares, and what a task's inputs hold of it."""

from __future__ import annotations

from typing import Any

from reexplore.config import TheoryEntry
from reexplore.structures.metal_exchange import contraction_of
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


def relaxation_inputs(theory: TheoryEntry, *, metal: bool) -> dict[str, Any]:
    """Return what a task's inputs hold of the surface; a sketch is not relaxed."""
    return declared_surface(theory).recipe(metal=metal and not theory.sketch)


def checks_inputs(theory: TheoryEntry) -> dict[str, Any]:
    """Return what a task's inputs hold of quality control: nothing for its first version."""
    return {} if theory.checks == 1 else {"checks": theory.checks}


def order_inputs(theory: TheoryEntry) -> dict[str, Any]:
    """Return what placement's inputs hold of the order of its structures: nothing for the first version."""
    return {} if theory.placement_order == 1 else {"order": theory.placement_order}


def contraction_inputs(theory: TheoryEntry) -> dict[str, Any]:
    """Return what a task's inputs hold of how far a metal moves its donors: nothing for plain GFN2-xTB."""
    version = contraction_of(declared_surface(theory))
    return {} if version == 1 else {"contraction": version}
