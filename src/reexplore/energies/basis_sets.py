"""Basis sets by name: whether they exist for an element, and how many functions they have there."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from reexplore.errors import InputError


@lru_cache(maxsize=512)
def function_count(basis: str, symbol: str) -> int:
    """Return the number of spherical functions that a basis set has on an element.

    Raises `InputError` when neither PySCF nor basis-set-exchange has it for that element, or for the name of a file.
    """
    from pyscf import gto

    if Path(basis).exists():
        raise InputError(f"'{basis}' is a file here, which PySCF would run in place of the basis set: move it away")

    try:
        shells = gto.basis.load(basis, symbol)
    except Exception as error:  # PySCF raises whatever its parser stumbles over
        raise InputError(f"there is no basis set '{basis}' for {symbol}") from error
    if not shells:
        raise InputError(f"the basis set '{basis}' is empty for {symbol}")
    # A shell is [l, (exponent, coefficient, ...), ...], with one column for each contraction.
    return sum((2 * shell[0] + 1) * (len(shell[-1]) - 1) for shell in shells)
