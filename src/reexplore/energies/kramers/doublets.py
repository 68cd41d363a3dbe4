"""Kramers doublets of an odd number of electrons: energies, g tensors and magnetic axes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh

from reexplore.energies.kramers.f_configuration import ComplexArray, Configuration

Array = NDArray[np.float64]

HARTREE_TO_CM = 219474.6313632  # CODATA 2018
#: The electron's g factor, CODATA 2018.
_G_ELECTRON = 2.00231930436256


@dataclass(frozen=True)
class Doublet:
    """Two states of one energy above the lowest (cm⁻¹), with the g factors of a spin ½ in ascending order.

    `axis` is the unit vector of the largest g factor. `split_cm` is how far the two computed energies differ: by
    Kramers' theorem nothing but rounding.
    """

    energy_cm: float
    split_cm: float
    g: tuple[float, float, float]
    axis: tuple[float, float, float]

    @classmethod
    def from_dict(cls, data: dict[str, float | list[float]]) -> Doublet:
        """Rebuild it from `dataclasses.asdict`, as JSON has it."""
        return cls(**{name: tuple(value) if isinstance(value, list) else value for name, value in data.items()})  # type: ignore[arg-type]


def doublets(
    configuration: Configuration,
    *,
    one_electron_hartree: Array,
    repulsion_hartree: Array,
    angular_momentum: ComplexArray,
    spin_orbit_constant_cm: float,
    count: int,
) -> list[Doublet]:
    """Return the lowest `count` doublets of the Hamiltonian of 4f orbitals with spin-orbit coupling ζ Σ l·s.

    `one_electron_hartree` (7, 7) and `repulsion_hartree` (7, 7, 7, 7) are among real 4f orbitals, and
    `angular_momentum` (3, 7, 7) is l about the metal among them.
    """
    hamiltonian = configuration.spin_free_hamiltonian(one_electron_hartree, repulsion_hartree).astype(complex)
    # Small numbers keep the two states of a doublet together to rounding.
    hamiltonian -= np.trace(hamiltonian) / configuration.size * np.eye(configuration.size)
    hamiltonian += spin_orbit_constant_cm / HARTREE_TO_CM * configuration.spin_times(angular_momentum).toarray()
    last = min(2 * count, configuration.size) - 1
    energies, states = eigh(hamiltonian, subset_by_index=(0, last), driver="evr", overwrite_a=True)
    moments = [
        states.conj().T @ (momentum @ states) + _G_ELECTRON * (states.conj().T @ (spin @ states))
        for momentum, spin in zip(configuration.totals(angular_momentum), configuration.spin, strict=True)
    ]
    levels = (energies - energies[0]) * HARTREE_TO_CM
    return [_doublet(levels[k : k + 2], np.array(moments)[:, k : k + 2, k : k + 2]) for k in range(0, last, 2)]


def _doublet(levels: Array, moments: ComplexArray) -> Doublet:
    """Return a doublet from its two levels and the matrices of l + g s between its states (3, 2, 2).

    g gᵀ = 2 Tr(μ_k μ_l) for μ in Bohr magnetons (L. F. Chibotaru, L. Ungur, J. Chem. Phys. 2012, 137, 064112).
    """
    squares, axes = np.linalg.eigh(2.0 * np.einsum("kab,lba->kl", moments, moments).real)
    axis = axes[:, 2] * np.sign(axes[np.argmax(np.abs(axes[:, 2])), 2])
    return Doublet(
        energy_cm=float(levels.mean()),
        split_cm=float(levels[1] - levels[0]),
        g=tuple(np.sqrt(np.maximum(squares, 0.0)).tolist()),
        axis=tuple(axis.tolist()),
    )
