"""What GFN2-xTB says of complexes on their screening geometries: a likeness that a process of dear labels leans on.

A thousand cheap energies make an additive process of their own. What it says of any complex is a column that costs
nothing more, for ligands without a geometry too; how much it counts follows from the dear labels.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from reexplore.surrogate.additive_process import AdditiveProcess, Labelled
from reexplore.surrogate.kernels import Around, Part, parts_of

Array = NDArray[np.float64]

#: Fewer energies than this are no ground to lean on.
FEWEST = 20


@dataclass(frozen=True)
class Groundwork:
    """Complexes (SMILES of their parts, surroundings), their GFN2-xTB energies, and the weights of their process."""

    known: tuple[tuple[tuple[str, ...], Around], ...]
    energies_kcal_mol: tuple[float, ...]
    weights: tuple[float, ...]

    @classmethod
    def fit(cls, known: Sequence[tuple[tuple[str, ...], Around]], energies_kcal_mol: Sequence[float]) -> Self:
        """Fit the process to energies of complexes."""
        process = AdditiveProcess.fit(_labelled(known), np.array(energies_kcal_mol, dtype=np.float64))
        return cls(tuple(known), tuple(energies_kcal_mol), tuple(process.weights.tolist()))

    def __call__(self, parts: Sequence[Part], around: Sequence[Around]) -> Array:
        """Return what GFN2-xTB is expected to say of parts in surroundings, shape (around, parts), kcal/mol."""
        missing = [part for part in dict.fromkeys(parts) if any((each, part) not in self._told for each in around)]
        if missing:
            for outside, row in zip(around, self._process.means(missing, around), strict=True):
                self._told.update({(outside, part): value for part, value in zip(missing, row.tolist(), strict=True)})
        found = [[self._told[outside, part] for part in parts] for outside in around]
        return np.array(found, dtype=np.float64).reshape(len(around), len(parts))

    @cached_property
    def _process(self) -> AdditiveProcess:
        return AdditiveProcess(_labelled(self.known), np.array(self.energies_kcal_mol), np.array(self.weights))

    @cached_property
    def _told(self) -> dict[tuple[Around, Part], float]:
        return {}

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON-ready values."""
        return {
            "known": [[list(smiles), list(around)] for smiles, around in self.known],
            "energies_kcal_mol": list(self.energies_kcal_mol),
            "weights": list(self.weights),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Rebuild it from `to_dict`."""
        known = tuple((tuple(smiles), Around(*around)) for smiles, around in data["known"])
        return cls(known, tuple(data["energies_kcal_mol"]), tuple(data["weights"]))

    def to_text(self) -> str:
        """Return it as JSON text."""
        return json.dumps(self.to_dict(), allow_nan=False)


def groundwork_of(settings: Mapping[str, Any]) -> Groundwork | None:
    """Return the groundwork that a surrogate's settings hold, None where there is none."""
    return Groundwork.from_dict(settings[SETTING]) if SETTING in settings else None


#: Its name in the settings of surrogates that see ligands.
SETTING = "groundwork"


def _labelled(known: Sequence[tuple[tuple[str, ...], Around]]) -> Labelled:
    return Labelled(tuple(parts_of(smiles) for smiles, _ in known), tuple(around for _, around in known))
