"""The gradient of the averaged energy, and the steps that lead down."""

import numpy as np
import pytest
from scipy.linalg import expm

from reexplore.energies.kramers.gap import averaged_field, molecule
from reexplore.energies.kramers.ions import IONS
from reexplore.energies.kramers.method import KramersMethod
from reexplore.energies.kramers.minimise import OrbitalMinimiser, Rotations
from reexplore.energies.kramers.start import start_orbitals
from reexplore.structures.structure import Structure

METHOD = KramersMethod("x2c-SV(P)all", "x2c-SV(P)all", "x2c-SV(P)all")
FLUORIDE = Structure(("Yb", "F"), np.array([[0.0, 0.0, 0.0], [0.0, 0.0, 2.0]]), 2)


@pytest.mark.engine
def test_the_gradient_is_the_slope_of_the_energy_along_any_rotation():
    ion = IONS["Yb"]
    field = averaged_field(molecule(FLUORIDE, ion, METHOD), ion, METHOD, memory_gb=1.0, scratch=None)
    orbitals = start_orbitals(field, ion)
    rotations = Rotations(field, orbitals.shape[1])
    point = OrbitalMinimiser(field)._at(orbitals, rotations)
    way = np.random.default_rng(1).normal(size=point.gradient.size)
    way /= np.linalg.norm(way)
    step = 1e-4
    ends = [field.at(orbitals @ expm(rotations.matrix(sign * step * way))).energy_hartree for sign in (1.0, -1.0)]
    assert (ends[0] - ends[1]) / (2 * step) == pytest.approx(point.gradient @ way, abs=1e-5)
    # Orbitals stay orthonormal, and steps only go down.
    energies = []
    found = OrbitalMinimiser(field).run(
        orbitals, most_steps=30, each=lambda now: energies.append(field.at(now).energy_hartree)
    )
    assert found.converged
    assert energies == pytest.approx(sorted(energies, reverse=True), abs=1e-6)
    between = found.orbitals.T @ field.overlap @ found.orbitals
    np.testing.assert_allclose(between, np.eye(len(between)), atol=1e-9)
