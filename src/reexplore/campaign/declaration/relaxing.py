"""Whether a campaign's finalists can be relaxed at its level."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from reexplore.chemistry.metals import Metal
from reexplore.config import TheoryEntry
from reexplore.energies.levels import Level
from reexplore.errors import InputError
from reexplore.structures.structure import Structure


def require_relaxable(theory: TheoryEntry, level: Level, metals: Iterable[Metal]) -> None:
    """Raise `InputError` for a level without gradients, and for a metal that it makes an open shell of.

    Without finalists nothing is asked of a level. The teacher relaxes on its own invented energy.
    """
    if theory.relax is None or level.is_fake:
        return
    # It loads PySCF, which no other file needs.
    from reexplore.energies.dft.gradient import require_gradient

    for metal in metals:
        try:
            require_gradient(Structure((metal.symbol,), np.zeros((1, 3)), metal.oxidation_state), level)
        except InputError as error:
            raise InputError(f"finalists with {metal.symbol} cannot be relaxed: {error}; or leave relax out") from None
