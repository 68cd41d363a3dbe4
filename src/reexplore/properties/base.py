"""A property: what the energies of one ligand's complexes say about it. How one is added: docs/objectives.md."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, Self, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from reexplore.energies.levels import Level
from reexplore.energies.reactions import Reaction
from reexplore.properties.label import Label

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Measured:
    """The value of a property with the error that the errors of its terms leave in it, None where no term has one."""

    value: float
    error: float | None

    @classmethod
    def of(cls, reaction: Reaction) -> Measured:
        """Return the energy of a reaction in kcal/mol."""
        return cls(reaction.energy_kcal_mol, reaction.error_kcal_mol)


@runtime_checkable
class Property(Protocol):
    """A number of one ligand in one stoichiometry, made of the binding energies of its complexes with `metals`.

    Labels come as `Label`, one for each of the metals. Predictions come as joint samples of binding energies in
    kcal/mol, of one shape for all metals: errors that the metals share cancel where the property is a difference.
    """

    name: ClassVar[str]
    unit: ClassVar[str]
    #: Whether the energies of the metals' aqua ions are in it.
    needs_aqua_ions: ClassVar[bool]
    #: Whether its energies are free energies; one of another package that does not say is made of electronic ones.
    needs_thermal_terms: ClassVar[bool]

    @classmethod
    def read(cls, said: Mapping[str, Any]) -> Self:
        """Return the property that an objective of a campaign file says; raise `ValueError` with what is wrong."""

    def say(self) -> dict[str, Any]:
        """Return what `read` takes, as JSON-ready values."""

    @property
    def ranks_across_charges(self) -> bool:
        """Return whether ligands of different charge may stand in one ranking."""

    @property
    def title(self) -> str:
        """Return a name to read, such as `selectivity Lu over La`."""

    @property
    def meaning(self) -> str:
        """Return in a sentence what a low value means."""

    @property
    def metals(self) -> tuple[str, ...]:
        """Return the metals that one ligand has to be labelled with."""

    def require_comparable(self, level: Level) -> None:
        """Raise `InputError` when the level describes its metals in ways that may not be compared."""

    def value(self, labels: Mapping[str, Label]) -> Measured | None:
        """Return the value of a labelled ligand, from its labels by metal; None where an aqua ion is missing."""

    def samples(self, binding_kcal_mol: Mapping[str, Array], hydration_kcal_mol: Mapping[str, float]) -> Array:
        """Return the property of every sample, from binding energies and the aqua ions' by metal."""
