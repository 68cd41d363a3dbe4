"""Every state of n electrons in seven 4f orbitals: determinants, and the matrices of operators between them."""

from __future__ import annotations

from functools import cached_property
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

Array = NDArray[np.float64]
ComplexArray = NDArray[np.complex128]

ORBITALS = 7
#: Spin matrices of one electron, x, y, z; spin up comes first.
_SPIN = 0.5 * np.array([[[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]])


class Configuration:
    """The determinants of fⁿ. Spin orbitals are ordered: seven of spin up, the same seven of spin down.

    With `highest_spin` only the states of Hund's spin are kept, 2S + 1 = 6 for Dy(III): matrices are then in an
    orthonormal basis of those.
    """

    def __init__(self, electrons: int, *, highest_spin: bool = False) -> None:
        self.electrons = electrons
        self._occupied = _occupations(electrons)
        self._annihilators = self._removals()
        self._basis = self._highest_spin_states() if highest_spin else None

    @property
    def size(self) -> int:
        """Return the number of states."""
        return int(len(self._occupied) if self._basis is None else self._basis.shape[1])

    def one_electron(self, operator: ComplexArray) -> Any:
        """Return the sparse matrix of a one-electron operator, given among spin orbitals (shape (14, 14))."""
        return self._between_states(self._sum_of_excitations(operator))

    def spin_times(self, vector: ComplexArray) -> Any:
        """Return the sparse matrix of Σ v·s over the electrons, v operators among the orbitals (shape (3, 7, 7))."""
        return self.one_electron(np.array([np.kron(s, v) for s, v in zip(_SPIN, vector, strict=True)]).sum(axis=0))

    def totals(self, vector: ComplexArray) -> list[Any]:
        """Return the sparse matrices of Σ v over the electrons, v as before."""
        return [self.one_electron(np.kron(np.eye(2), v)) for v in vector]

    @cached_property
    def spin(self) -> list[Any]:
        """Return the sparse matrices of the total spin, x, y, z."""
        return [self.one_electron(np.kron(s, np.eye(ORBITALS))) for s in _SPIN]

    def spin_free_hamiltonian(self, one_electron: Array, repulsion: Array) -> Array:
        """Return the Hamiltonian of integrals h (7, 7) and (pq|rs) (7, 7, 7, 7), in their unit.

        H = Σ h E_pq + ½ Σ (pq|rs) (E_pq E_rs − δ_qr E_ps), E_pq summed over spins (T. Helgaker, P. Jørgensen,
        J. Olsen, Molecular Electronic-Structure Theory, 2000, section 2.2).
        """
        alone = one_electron - 0.5 * np.einsum("prrq->pq", repulsion)
        found = self._sum_of_excitations(np.kron(np.eye(2), alone))
        for p in range(ORBITALS):
            for q in range(ORBITALS):
                first = np.zeros((ORBITALS, ORBITALS))
                first[p, q] = 0.5
                pairs = self._sum_of_excitations(np.kron(np.eye(2), repulsion[p, q]))
                found = found + self._sum_of_excitations(np.kron(np.eye(2), first)) @ pairs
        return np.asarray(self._between_states(found).toarray())

    def _sum_of_excitations(self, operator: NDArray[Any]) -> Any:
        """Return Σ o_PQ a†_P a_Q as a sparse matrix between all determinants."""
        total = None
        for row, create in zip(operator, self._annihilators, strict=True):
            if not row.any():
                continue
            lowered = sum(value * self._annihilators[q] for q, value in enumerate(row) if value)
            term = create.T @ lowered
            total = term if total is None else total + term
        size = len(self._occupied)
        return sparse.csr_matrix((size, size)) if total is None else total

    def _removals(self) -> list[Any]:
        """Return the annihilators of every spin orbital, from n to n − 1 electrons, with the phase of their order."""
        fewer = {occupied: row for row, occupied in enumerate(_occupations(self.electrons - 1))}
        entries: list[list[tuple[int, int, int]]] = [[] for _ in range(2 * ORBITALS)]
        for column, occupied in enumerate(self._occupied):
            for place, orbital in enumerate(occupied):
                rest = occupied[:place] + occupied[place + 1 :]
                entries[orbital].append((fewer[rest], column, (-1) ** place))
        shape = (len(fewer), len(self._occupied))
        found = []
        for each in entries:
            rows, columns, phases = (np.array(part) for part in zip(*each, strict=True))
            found.append(sparse.csr_matrix((phases.astype(float), (rows, columns)), shape=shape))
        return found

    def _highest_spin_states(self) -> Any:
        """Return the states of Hund's spin as columns: those of the largest projection, and what S₋ makes of them."""
        up = min(self.electrons, ORBITALS)
        top = [k for k, occupied in enumerate(self._occupied) if sum(o < ORBITALS for o in occupied) == up]
        column = sparse.identity(len(self._occupied), format="csr")[:, top]
        lowering = self._sum_of_excitations(np.kron(np.array([[0, 0], [1, 0]]), np.eye(ORBITALS)))
        columns = [column]
        for _ in range(2 * up - self.electrons):
            column = lowering @ column
            # All columns of one projection have the same norm.
            column = column / np.sqrt(column.multiply(column).sum() / len(top))
            columns.append(column)
        return sparse.hstack(columns).tocsr()

    def _between_states(self, matrix: Any) -> Any:
        return matrix if self._basis is None else self._basis.T @ matrix @ self._basis


def _occupations(electrons: int) -> list[tuple[int, ...]]:
    return list(combinations(range(2 * ORBITALS), electrons))
