"""Where the electrons' interaction is evaluated: on a graphics card, or on the processor."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Result = TypeVar("Result")


class Interaction(Protocol):
    """What a field asks for in every cycle; it decides on states, occupations and steps itself.

    Energies are in hartree, density matrices have the shape ([spins,] nao, nao).
    """

    #: The graphics card's name, None for the processor.
    card: str | None

    def use_grid(self, grid_level: int) -> None:
        """Integrate on PySCF's grid of this level from now on."""

    def core_hamiltonian(self) -> Array:
        """Return the matrix of kinetic energy, nuclei and core potentials."""

    def potential(self, density: Array, *, hartree_fock: bool) -> Any:
        """Return the effective potential, solvent included, tagged with `ecoul`, `exc` and `e_solvent`.

        With `hartree_fock` exact exchange stands in the place of the functional.
        """

    def diagonalised(self, matrix: Array, span: Array) -> tuple[Array, Array]:
        """Return the eigenvalues of a symmetric matrix within orthonormal orbitals (nao, n), and the eigenvectors."""

    def solvent_hartree(self, density: Array) -> float:
        """Return the electrostatic energy of the solvent from the density's exact potential."""


class CardError(Exception):
    """A card was lost, or too full, in the middle of a task: the processor can take over."""

    def __init__(self, card: str, told: str) -> None:
        super().__init__(f"{card} failed ({told})")
        self.attempt = {
            "stage": "card",
            "method": "gpu4pyscf",
            "converged": False,
            "card": card,
            "cycles": 0,
            "fault": told,
        }


def evaluated(
    compute: Callable[[Interaction], Result],
    *,
    card: Callable[[], Interaction | None],
    processor: Callable[[], Interaction],
    attempts: list[dict[str, Any]],
) -> Result:
    """Return what is computed with a card, or with the processor where there is none or it fails."""
    try:
        found = card()
        if found is not None:
            return compute(found)
    except CardError as fault:
        attempts.append(fault.attempt)
    return compute(processor())
