"""Is a relaxed structure a minimum? Its harmonic vibrations, from a numerical Hessian."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reexplore.structures.structure import Structure
from reexplore.structures.xtb.engines import Solvent
from reexplore.structures.xtb.surfaces import GFN2_M, EnergySurface

Array = NDArray[np.float64]

#: Displacement of the central differences. Half and twice this change the eight lowest frequencies of
#: [La(CAM)(H2O)6]+ by 1 cm⁻¹: ALPB's surface grid, not the density, makes the noise.
STEP_ANGSTROM = 0.005

#: Below this, in cm⁻¹, an imaginary mode is no saddle point. ALPB's surface grid has fixed axes, which
#: gives the free rotations of a complex frequencies of 15-27 cm⁻¹ (`external_cm1`) where they should
#: be zero; a water or a methyl group that turns almost freely may come out imaginary by as much.
#: xtb's thermochemistry takes imaginary modes up to 20 cm⁻¹ for real for the same reason. The other
#: side of it: a descent as flat as the noise is not seen.
IMAGINARY_NOISE_CM1 = 30.0


#: A molecule is linear when turning it about its axis moves its atoms this little beside turning it over; a chain of
#: 40 Å has fifty times as much.
_LINEAR = 1e-3


@dataclass(frozen=True)
class Vibrations:
    """Harmonic frequencies in cm⁻¹, ascending, without translation and rotation.

    An imaginary frequency is a negative number. `external_cm1` are the translations and rotations
    before they were projected out, zero but for the noise of the Hessian; `engine` is the program and
    method.
    """

    frequencies_cm1: tuple[float, ...]
    external_cm1: tuple[float, ...]
    engine: str

    @property
    def imaginary_cm1(self) -> tuple[float, ...]:
        """Return the imaginary frequencies, as negative numbers."""
        return tuple(f for f in self.frequencies_cm1 if f < 0.0)

    @property
    def is_minimum(self) -> bool:
        """Return whether no imaginary frequency is beyond `IMAGINARY_NOISE_CM1`."""
        return all(f > -IMAGINARY_NOISE_CM1 for f in self.frequencies_cm1)

    def to_dict(self) -> dict[str, Any]:
        """Return the result as JSON-ready values."""
        return asdict(self) | {"imaginary_cm1": list(self.imaginary_cm1), "is_minimum": self.is_minimum}


def vibrations(structure: Structure, *, surface: EnergySurface = GFN2_M, solvent: Solvent | None = None) -> Vibrations:
    """Return the harmonic frequencies of a relaxed structure, from six gradients for each atom.

    Central differences of the gradient, mass-weighted; translation and rotation are projected out
    (E. B. Wilson, J. C. Decius, P. C. Cross, Molecular Vibrations, 1955, ch. 2). The structure has to
    be relaxed on the same surface with the same solvent. Raises as `relax` does.
    """
    return vibrations_and_modes(structure, surface=surface, solvent=solvent)[0]


def vibrations_and_modes(
    structure: Structure, *, surface: EnergySurface = GFN2_M, solvent: Solvent | None = None
) -> tuple[Vibrations, Array]:
    """Return the frequencies and, in their order, how the atoms move: shape (frequencies, atoms, 3), each of norm 1."""
    from ase.data import atomic_masses, atomic_numbers

    here = surface.of(structure, solvent=solvent)
    masses = np.array([atomic_masses[atomic_numbers[symbol]] for symbol in structure.symbols])
    root = np.sqrt(np.repeat(masses, 3))
    weighted = numerical_hessian(here.at, structure.positions_angstrom) / np.outer(root, root)
    outer = _external(structure.positions_angstrom, masses)
    inner = np.eye(len(root)) - outer @ outer.T
    # The external modes become the zeros of the projected matrix; they are taken out by their number.
    values, vectors = np.linalg.eigh(inner @ weighted @ inner)
    internal = np.sort(np.argsort(np.linalg.norm(outer.T @ vectors, axis=0))[: len(root) - outer.shape[1]])
    moves = vectors[:, internal].T / root
    found = Vibrations(
        _wavenumbers(values[internal]), _wavenumbers(np.linalg.eigvalsh(outer.T @ weighted @ outer)), here.name
    )
    return found, (moves / np.linalg.norm(moves, axis=1, keepdims=True)).reshape(len(moves), len(masses), 3)


def numerical_hessian(at: Any, positions_angstrom: Array) -> Array:
    """Return the second derivatives in hartree/bohr², shape (3 atoms, 3 atoms)."""
    from ase.units import Bohr

    size = positions_angstrom.size
    hessian = np.zeros((size, size))
    for k in range(size):
        shift = np.zeros(size)
        shift[k] = STEP_ANGSTROM
        (_, ahead), (_, behind) = (
            at(positions_angstrom + sign * shift.reshape(positions_angstrom.shape)) for sign in (1.0, -1.0)
        )
        hessian[k] = (ahead - behind).ravel() / (2.0 * STEP_ANGSTROM / Bohr)
    return (hessian + hessian.T) / 2.0


def _external(positions_angstrom: Array, masses: Array) -> Array:
    """Return translations and rotations in mass-weighted coordinates as orthonormal columns."""
    from scipy.linalg import orth

    arms = positions_angstrom - masses @ positions_angstrom / masses.sum()
    axes = np.eye(3)
    moves = [np.tile(axis, (len(masses), 1)) for axis in axes] + [np.cross(axis, arms) for axis in axes]
    weighted = np.array([(np.sqrt(masses)[:, None] * move).ravel() for move in moves])
    # A linear molecule has five of them, an atom three. A relaxation leaves it bent by some thousandths of an Å.
    return np.asarray(orth((weighted / np.linalg.norm(weighted, axis=1).max()).T, rcond=_LINEAR))


def _wavenumbers(curvatures: NDArray[np.floating[Any]]) -> tuple[float, ...]:
    """Return frequencies in cm⁻¹ of curvatures in hartree/(bohr² u); negative ones stay negative."""
    from ase.units import Bohr, Hartree, _amu, _c, _e

    joule_m2_kg = curvatures * Hartree * _e / (Bohr * 1e-10) ** 2 / _amu
    wavenumbers = np.sign(joule_m2_kg) * np.sqrt(np.abs(joule_m2_kg)) / (2.0 * np.pi * _c * 100.0)
    return tuple(float(w) for w in wavenumbers)
