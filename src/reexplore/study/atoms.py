"""The energy of a complex as a sum over its atoms: the line that is taken off before anything else is learned."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from reexplore.surrogate.samples import Sample

Array = NDArray[np.float64]


#: What lies this many atoms from all sums of what is known is outside of them; less is rounding.
_OUTSIDE = 1e-6
#: Axes of the known compositions with a smaller share of the largest are rounding.
_NO_AXIS = 1e-10


def line_of_atoms(known: Sequence[Sample], asked: Sequence[Sample], target_kcal_mol: Array) -> tuple[Array, Array]:
    """Return the least-squares line on the elements' counts at both kinds of samples, in kcal/mol.

    It is fitted to the known ones, of which `target_kcal_mol` has shape (known,), without any penalty: the published
    study's shifts of each element are the same.
    """
    of_known, of_asked = _counts(known, asked)
    weights, *_ = np.linalg.lstsq(of_known, target_kcal_mol, rcond=None)
    return of_known @ weights, of_asked @ weights


def outside_of(known: Sequence[Sample], asked: Sequence[Sample]) -> list[str]:
    """Return the keys of those whose composition no sum of known ones is: no line knows their energy.

    So it is with an element that no known complex holds, and with counts that never differ among the known ones.
    """
    of_known, of_asked = _counts(known, asked)
    _, sizes, axes = np.linalg.svd(of_known, full_matrices=False)
    axes = axes[sizes > _NO_AXIS * sizes.max()]
    left = np.abs(of_asked - of_asked @ axes.T @ axes).max(axis=1)
    return [sample.key for sample, far in zip(asked, left, strict=True) if far > _OUTSIDE]


def _counts(known: Sequence[Sample], asked: Sequence[Sample]) -> tuple[Array, Array]:
    """Return how many atoms of each element both kinds of samples hold, shapes (known, elements), (asked, elements)."""
    of = [[Counter(sample.geometry.symbols) for sample in samples] for samples in (known, asked)]
    elements = sorted({element for counts in of for each in counts for element in each})
    first, second = (np.array([[each[e] for e in elements] for each in counts], dtype=np.float64) for counts in of)
    return first, second
