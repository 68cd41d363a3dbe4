"""What a surrogate sees of a pool: samples to learn from, and all of them in blocks to predict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reexplore.backtest.question import Question
from reexplore.campaign.ledger.borrowed import Borrowed
from reexplore.dataset.pool import LabelledPool
from reexplore.dataset.samples import atoms_of, parts_of
from reexplore.errors import InputError
from reexplore.structures.structure import Structure
from reexplore.surrogate.base import Surrogate, needs_geometries, seen_by
from reexplore.surrogate.predicting import Blocks
from reexplore.surrogate.samples import Sample


class Seen:
    """The candidates of a question as one kind of surrogate sees them: by geometry, by their ligands' parts, or both.

    Of one that reads no positions a geometry is its atoms alone.
    """

    def __init__(self, question: Question, kind: type[Surrogate]) -> None:
        self._question, self._kind = question, kind
        self.keys = tuple(sorted(question.labels))
        self.sees = seen_by(kind)
        self._needs_geometries = needs_geometries(kind)
        if self._needs_geometries and (missing := [key for key in self.keys if key not in question.pool.geometries]):
            raise InputError(
                f"the surrogate needs geometries, and {len(missing)} of {len(self.keys)} candidates have none, the"
                f" first of them {missing[0]}: take a pool file with its extended XYZ beside it, or another surrogate"
            )
        #: The SMILES of each candidate's scaffold and substituents; empty for a surrogate that reads none.
        self.parts = parts_of(question.pool) if self.sees != "geometry" else dict.fromkeys(self.keys, ())

    @cached_property
    def structures(self) -> Mapping[str, Structure]:
        """Return the geometry of each candidate that has one; where it is its atoms alone no position is a number."""
        if self._needs_geometries or self.sees == "both":
            return {key: found for key in self.keys if (found := self._question.pool.geometries.get(key)) is not None}
        return {} if self.sees == "ligand" else atoms_of(self._question.pool)

    def of_others(self, pool: LabelledPool) -> Borrowed:
        """Return the labels of another pool as this surrogate sees them, without candidates that this pool has.

        Raises `InputError` where they are of another kind, or lack what the surrogate needs.
        """
        others = Seen(self._question.of_others(pool), self._kind)
        samples = others.samples([key for key in others.keys if key not in self._question.labels])
        return Borrowed(f"{len(samples)} labels of others", tuple(samples))

    def samples(self, keys: Sequence[str]) -> list[Sample]:
        """Return some candidates with their labels."""
        found = []
        for key in keys:
            traits, label = self._question.traits[key], self._question.labels[key]
            told = (traits.group, traits.scaffold, traits.substituents, label)
            found.append(Sample(key, self.structures.get(key), *told, self.parts[key]))
        return found

    def predicted(self, ensemble: Any) -> NDArray[np.float64]:
        """Return what an ensemble says of every candidate, shape (keys, members or joint samples)."""
        return self._blocks.predicted(ensemble)

    @cached_property
    def _blocks(self) -> Blocks:
        return Blocks(self.samples(self.keys))
