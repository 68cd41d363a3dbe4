"""Determinants of the 4f shell against what angular momentum and Slater's theory say of every fⁿ."""

import numpy as np
import pytest

from reexplore.energies.kramers.averaged_field import ShellAverage
from reexplore.energies.kramers.doublets import doublets
from reexplore.energies.kramers.f_configuration import Configuration


def complex_angular_momentum():
    """l of f functions with m = 3 … −3."""
    m = np.arange(3, -4, -1)
    raising = np.diag(np.sqrt(12.0 - m[1:] * (m[1:] + 1.0)), 1).astype(complex)
    return np.array([0.5 * (raising + raising.T), -0.5j * (raising - raising.T), np.diag(m)])


def real_angular_momentum():
    """l among the real f functions, where it is imaginary."""
    to_real = np.zeros((7, 7), dtype=complex)
    for k in range(3):
        m = 3 - k
        to_real[k, 2 * k], to_real[6 - k, 2 * k] = (-1) ** m / np.sqrt(2), 1 / np.sqrt(2)
        to_real[k, 2 * k + 1], to_real[6 - k, 2 * k + 1] = -1j * (-1) ** m / np.sqrt(2), 1j / np.sqrt(2)
    to_real[3, 6] = 1.0
    found = to_real.conj().T @ complex_angular_momentum() @ to_real
    assert np.abs(found.real).max() < 1e-12
    return 1j * found.imag


def random_integrals(seed=0):
    """Integrals with the symmetry of real orbitals."""
    random = np.random.default_rng(seed)
    halves = random.normal(size=(30, 7, 7))
    halves = halves + halves.transpose(0, 2, 1)
    one = random.normal(size=(7, 7))
    return one + one.T, np.einsum("kpq,krs->pqrs", halves, halves)


def test_a_hamiltonian_is_that_of_pyscfs_configuration_interaction():
    from pyscf import fci

    one, repulsion = random_integrals()
    ours = np.linalg.eigvalsh(Configuration(3).spin_free_hamiltonian(one, repulsion))
    theirs = []
    for up in range(4):
        sector = (up, 3 - up)
        size = fci.cistring.num_strings(7, up) * fci.cistring.num_strings(7, 3 - up)
        vectors = np.eye(size).reshape(size, fci.cistring.num_strings(7, up), -1)
        absorbed = fci.direct_spin1.absorb_h1e(one, repulsion, 7, sector, 0.5)
        matrix = [fci.direct_spin1.contract_2e(absorbed, v, 7, sector).ravel() for v in vectors]
        theirs.extend(np.linalg.eigvalsh(np.array(matrix)))
    np.testing.assert_allclose(ours, np.sort(theirs), atol=1e-9)


@pytest.mark.parametrize("electrons", [1, 3, 11, 13])
def test_the_highest_spin_states_are_the_eigenstates_of_that_spin(electrons):
    whole, highest = Configuration(electrons), Configuration(electrons, highest_spin=True)
    spin = min(electrons, 14 - electrons) / 2
    squared = sum(part @ part for part in whole.spin).toarray()
    values = np.linalg.eigvalsh(squared)
    assert highest.size == int((np.abs(values - spin * (spin + 1)) < 1e-9).sum())
    inside = sum(part @ part for part in highest.spin).toarray()
    np.testing.assert_allclose(inside, spin * (spin + 1) * np.eye(highest.size), atol=1e-12)


@pytest.mark.parametrize("electrons", [3, 9])
def test_the_shells_average_is_the_mean_over_all_states_of_the_highest_spin(electrons):
    one, repulsion = random_integrals()
    hamiltonian = Configuration(electrons, highest_spin=True).spin_free_hamiltonian(one, repulsion)
    average = ShellAverage.of(electrons)
    coulomb, exchange = np.einsum("ppqq", repulsion), np.einsum("pqqp", repulsion)
    expected = average.occupation * np.trace(one) + 0.5 * (average.coulomb * coulomb - average.exchange * exchange)
    assert np.trace(hamiltonian) / len(hamiltonian) == pytest.approx(expected, rel=1e-12)


def test_one_hole_has_landes_splitting_and_g_factor():
    """f13: 2F7/2 below 2F5/2 by 7/2 ζ, with g_J = 8/7."""
    found = doublets(
        Configuration(13),
        one_electron_hartree=np.zeros((7, 7)),
        repulsion_hartree=np.zeros((7, 7, 7, 7)),
        angular_momentum=real_angular_momentum(),
        spin_orbit_constant_cm=1000.0,
        count=7,
    )
    energies = [doublet.energy_cm for doublet in found]
    assert energies == pytest.approx(4 * [0.0] + 3 * [3500.0], abs=1e-6)


def test_an_axial_field_splits_one_hole_into_doublets_of_one_projection():
    """2F7/2 in a weak field along z: g∥ = 2 g_J |m|, g⊥ = 0, but g⊥ = (J + ½) g_J of |m| = ½."""
    momentum = real_angular_momentum()
    found = doublets(
        Configuration(13),
        one_electron_hartree=1e-7 * np.real(momentum[2] @ momentum[2]),
        repulsion_hartree=np.zeros((7, 7, 7, 7)),
        angular_momentum=momentum,
        spin_orbit_constant_cm=3000.0,
        count=4,
    )
    lande = 1 + (2.00231930436256 - 1) / 7
    expected = [(lande * np.array(g)).tolist() for g in ([1, 4, 4], [0, 0, 3], [0, 0, 5], [0, 0, 7])]
    for doublet, g in zip(found if found[0].g[0] > 1 else found[::-1], expected, strict=True):
        assert doublet.g == pytest.approx(g, abs=2e-3)
    # Holes seek the orbitals that the field raises: those of the largest projection.
    assert found[0].g[2] == pytest.approx(8.0, abs=1e-2)
    assert abs(found[0].axis[2]) == pytest.approx(1.0)
    assert max(doublet.split_cm for doublet in found) < 1e-6
