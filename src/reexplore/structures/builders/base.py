"""Every way to build a complex, behind one protocol: a candidate in, unrelaxed structures out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Protocol

from reexplore.chemistry.candidates import Candidate
from reexplore.errors import InputError
from reexplore.structures.structure import Structure
from reexplore.structures.xtb.gfnff import NEWEST_FORCE_FIELD

#: The version of the order in which placement takes what it has placed; 1 looked at overlap alone.
NEWEST_ORDER = 2


class Builder(Protocol):
    """Builds unrelaxed structures of a complex in `Layout` order."""

    @property
    def name(self) -> str:
        """Return the name under which a campaign file asks for it."""

    @property
    def packages(self) -> Mapping[str, str]:
        """Return the modules that it imports beside those of every search, each with what to install for it."""

    @property
    def caution(self) -> str:
        """Return the sentence that a campaign with it begins with, or nothing."""

    @property
    def is_ordered(self) -> bool:
        """Return whether what counts as promising has versions, of which a campaign names one."""

    @property
    def has_force_field(self) -> bool:
        """Return whether it assembles with a force field, of which a campaign names a version."""

    @property
    def turns_side_chains(self) -> bool:
        """Return whether it samples the rotamers of side chains; otherwise the search turns them."""

    def version(self) -> str:
        """Return what its structures depend on; raise `MissingEngineError` when that is not installed."""

    def build(
        self,
        candidate: Candidate,
        *,
        count: int,
        seed: int,
        order: int = NEWEST_ORDER,
        force_field: int = NEWEST_FORCE_FIELD,
    ) -> list[Structure]:
        """Return up to `count` structures, the most promising first; raise `CalculationFailed` for none.

        `order` is the version of what counts as promising, `force_field` that of what it assembles with, where a
        builder has several.
        """


class Architector:
    """Architector: crystal-structure polyhedra, Open Babel ligands, GFN-FF assembly. Not seeded."""

    name = "architector"
    packages: ClassVar[Mapping[str, str]] = {
        "architector": "architector",
        "numba": "numba",
        "openbabel": "openbabel-wheel",
    }
    caution = "Architector cannot be seeded: run afresh, a campaign may have other labels (docs/structures.md)"
    is_ordered = False
    has_force_field = True
    turns_side_chains = False

    def version(self) -> str:
        """Return the versions of Architector and Open Babel."""
        from reexplore.structures.builders.architector import architector_version

        return architector_version()

    def build(
        self,
        candidate: Candidate,
        *,
        count: int,
        seed: int,
        order: int = NEWEST_ORDER,
        force_field: int = NEWEST_FORCE_FIELD,
    ) -> list[Structure]:
        """Return up to `count` structures over polyhedra and symmetries; the seed cannot reach Open Babel."""
        from reexplore.structures.builders.architector import build_complexes

        del seed, order
        return build_complexes(candidate, conformers=count, force_field=force_field)


class Placement:
    """Our own: rigid chelates placed on coordination polyhedra. Seeded, bit by bit the same everywhere."""

    name = "placement"
    packages: ClassVar[Mapping[str, str]] = {}
    caution = ""
    is_ordered = True
    has_force_field = False
    turns_side_chains = True

    def version(self) -> str:
        """Return the versions of the method and of RDKit."""
        from reexplore.structures.builders.placement import placement_version

        return placement_version()

    def build(
        self,
        candidate: Candidate,
        *,
        count: int,
        seed: int,
        order: int = NEWEST_ORDER,
        force_field: int = NEWEST_FORCE_FIELD,
    ) -> list[Structure]:
        """Return up to `count` structures, least overlap first; there is no force field in it."""
        from reexplore.structures.builders.placement import place_complexes

        del force_field
        return place_complexes(candidate, count=count, seed=seed, order=order)


BUILDERS: dict[str, Builder] = {builder.name: builder for builder in (Architector(), Placement())}


def find_builder(name: str) -> Builder:
    """Return a builder by name; raise `InputError` when there is none."""
    if name not in BUILDERS:
        raise InputError(f"unknown builder '{name}': choose from {', '.join(BUILDERS)}")
    return BUILDERS[name]
