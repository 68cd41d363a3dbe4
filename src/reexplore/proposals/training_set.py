"""What a generator is trained on: strings of ligands, the class of each donor, and properties of some of them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from reexplore.errors import InputError
from reexplore.proposals.donor_classes import DONOR_CLASSES
from reexplore.proposals.filters import OneDonor
from reexplore.proposals.strings import LONGEST, string_of, tokens_of

Array = NDArray[np.float64]

#: A training set of fewer strings teaches no space.
FEWEST = 100


@dataclass(frozen=True, eq=False)
class TrainingSet:
    """Strings and donor classes, shape (strings,); `values` are their properties, not a number where unknown.

    `values` has the shape (strings, properties) and each property a unit of its own, which its name tells.
    """

    strings: tuple[str, ...]
    classes: tuple[str, ...]
    properties: tuple[str, ...]
    values: Array

    def __post_init__(self) -> None:
        if len(set(self.strings)) < FEWEST:
            raise InputError(
                f"a generator learns from {FEWEST} different ligands at least, and {len(set(self.strings))} are given:"
                " draw more of the family"
            )
        if unknown := set(self.classes) - set(DONOR_CLASSES):
            raise InputError(f"there is no class of donors '{min(unknown)}': take {', '.join(DONOR_CLASSES)}")
        if len(self.classes) != len(self.strings) or self.values.shape != (len(self.strings), len(self.properties)):
            raise InputError("a training set has one class and one row of properties for each string")
        if any(len(tokens_of(string)) > LONGEST for string in self.strings):
            raise InputError(f"a ligand of the training set has more than {LONGEST} tokens: leave it out")

    @classmethod
    def of(cls, ligands: Sequence[OneDonor], known: Mapping[str, Mapping[str, float]], names: Sequence[str]) -> Self:
        """Return the training set of some ligands; `known` are properties by the ligand's identity."""
        rows = [[known.get(each.ligand.identity, {}).get(name, np.nan) for name in names] for each in ligands]
        values = np.array(rows, dtype=np.float64).reshape(len(ligands), len(names))
        strings = tuple(string_of(each.ligand) for each in ligands)
        return cls(strings, tuple(each.donor_class.name for each in ligands), tuple(names), values)

    def beside(self, ligands: Sequence[OneDonor], values: Array, name: str) -> Self:
        """Return these strings without properties, and ligands with a value of one property beside them.

        Ligands that need other tokens than these strings have are left out.
        """
        tokens = {token for string in self.strings for token in tokens_of(string)}
        rows = {string: (kind, np.nan) for string, kind in zip(self.strings, self.classes, strict=True)}
        for each, value in zip(ligands, values, strict=True):
            string = string_of(each.ligand)
            if set(tokens_of(string)) <= tokens and len(tokens_of(string)) <= LONGEST:
                rows[string] = (each.donor_class.name, float(value))
        table = np.array([[value] for _, value in rows.values()])
        return type(self)(tuple(rows), tuple(kind for kind, _ in rows.values()), (name,), table)

    def to_text(self) -> str:
        """Return it as JSON text."""
        values = [[None if np.isnan(value) else value for value in row] for row in self.values.tolist()]
        rows = [list(row) for row in zip(self.strings, self.classes, values, strict=True)]
        return json.dumps({"properties": list(self.properties), "rows": rows}, separators=(",", ":"))

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Read it from `to_text`."""
        data = json.loads(text)
        strings, classes, values = zip(*data["rows"], strict=True) if data["rows"] else ((), (), ())
        table = np.array([[np.nan if v is None else v for v in row] for row in values], dtype=np.float64)
        return cls(
            tuple(strings),
            tuple(classes),
            tuple(data["properties"]),
            table.reshape(len(strings), len(data["properties"])),
        )


@dataclass(frozen=True, eq=False)
class Scales:
    """The mean of each property in each class, and the deviation from it that counts as one.

    `means` has the shape (classes, properties), `deviations` (properties,). A class without a value has that of all.
    """

    classes: tuple[str, ...]
    means: Array
    deviations: Array

    @classmethod
    def fit(cls, given: TrainingSet) -> Self:
        """Return the scales of a training set."""
        classes = tuple(DONOR_CLASSES)
        of_class = np.array(given.classes)
        means = np.zeros((len(classes), len(given.properties)))
        rest = np.full(given.values.shape, np.nan)
        for column, values in enumerate(given.values.T):
            whole = values[~np.isnan(values)]
            for row, name in enumerate(classes):
                mine = of_class == name
                some = values[mine & ~np.isnan(values)]
                means[row, column] = some.mean() if len(some) else whole.mean() if len(whole) else 0.0
                rest[mine, column] = values[mine] - means[row, column]
        size = np.array([column[~np.isnan(column)].std() if (~np.isnan(column)).any() else 1.0 for column in rest.T])
        return cls(classes, means, np.where(size > 0, size, 1.0))

    def scaled(self, given: TrainingSet) -> Array:
        """Return what is left of each property beside the mean of its class, in deviations."""
        rows = [self.classes.index(name) for name in given.classes]
        return np.asarray((given.values - self.means[rows]) / self.deviations)
