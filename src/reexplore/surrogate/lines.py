"""The linear baselines on what is known of a ligand without a geometry: its choices, or its composition."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from reexplore.surrogate.baselines import RidgeFit, fit_ridge
from reexplore.surrogate.choices import Choices
from reexplore.surrogate.descriptors import added, bare
from reexplore.surrogate.kernels import Around
from reexplore.surrogate.samples import composed

Array = NDArray[np.float64]

#: `choices` are scaffold, substituents counted without their site, metal, and the numbers around it; `composition`
#: are the ligand's element counts and charge, metal, and the same numbers.
What = Literal["choices", "composition"]

#: A complex as the SMILES of its ligand's parts, and its surroundings.
Complex = tuple[Sequence[str], Around]


@dataclass(frozen=True)
class Line:
    """A ridge line in kcal/mol; a name that it has not seen counts nothing."""

    what: What
    fit: RidgeFit

    @classmethod
    def fitted(cls, what: What, known: Sequence[Complex], target_kcal_mol: Array) -> Line:
        """Fit a line to labelled complexes."""
        return cls(what, fit_ridge([_row(what, *each) for each in known], target_kcal_mol))

    def expected(self, asked: Sequence[Complex]) -> Array:
        """Return the prediction of some complexes in kcal/mol, shape (n,)."""
        return self.fit.predict([_row(self.what, *each) for each in asked])

    def predict(self, asked: Choices) -> Array:
        """Return the prediction of every complex in kcal/mol, shape (L, M)."""
        weight = dict(zip(self.fit.columns, self.fit.coefficients, strict=True))

        def worth(names: Mapping[str, float]) -> float:
            return sum(weight.get(name, 0.0) * count for name, count in names.items())

        base, of_group = _named(self.what)
        ligand = np.full(len(asked), self.fit.intercept + worth(base(asked.scaffold)))
        for site in range(asked.numbers.shape[1]):
            values = [worth(of_group(asked.scaffold, site, smiles)) for smiles in asked.substituents]
            ligand += np.array(values)[asked.numbers[:, site]]
        outside = np.array([worth(_names_around(around)) for around in asked.around])
        return np.asarray(ligand[:, None] + outside[None])

    def to_dict(self) -> dict[str, Any]:
        """Return the line as JSON-ready values."""
        return {"what": self.what, "fit": self.fit.to_dict()}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Line:
        """Rebuild a line from `to_dict`."""
        return cls(data["what"], RidgeFit.from_dict(data["fit"]))


def _row(what: What, smiles: Sequence[str], around: Around) -> dict[str, float]:
    base, of_group = _named(what)
    scaffold, *groups = smiles
    found = dict(base(scaffold)) | dict(_names_around(around))
    for site, group in enumerate(groups):
        for name, count in of_group(scaffold, site, group).items():
            found[name] = found.get(name, 0.0) + count
    return found


def _named(
    what: What,
) -> tuple[Callable[[str], Mapping[str, float]], Callable[[str, int, str], Mapping[str, float]]]:
    """Return what a scaffold is called in a line, and what a substituent at one of its sites is."""
    if what == "choices":
        return lambda scaffold: {f"scaffold {scaffold}": 1.0}, lambda _scaffold, _site, smiles: {f"on {smiles}": 1.0}
    return lambda scaffold: composed(bare(scaffold)), lambda *placed: composed(added(*placed))


def _names_around(around: Around) -> dict[str, float]:
    return {f"metal {around.metal}": 1.0, f"counts {around.ligands}:{around.waters}:{around.co_ligands}": 1.0}
