from __future__ import annotations

import numpy as np
import pytest
from pyscf import df, gto, scf

from reexplore.energies.dft import fitting
from reexplore.energies.dft.fitting import DensityFit, potential_at_charges
from reexplore.energies.dft.molecule import build_molecule
from reexplore.energies.levels import QUICK
from tests.energies.examples import LANTHANUM_TWO_WATERS

FITTING_BASIS = QUICK.coulomb_fitting_basis


@pytest.fixture(scope="module")
def mol():
    return build_molecule(LANTHANUM_TWO_WATERS, level=QUICK, memory_gb=2.0)


@pytest.fixture(scope="module")
def density(mol):
    random = np.random.default_rng(1).normal(size=(mol.nao, mol.nao))
    return random + random.T


@pytest.fixture(params=["memory", "file"])
def place(request, tmp_path, monkeypatch):
    monkeypatch.setattr(fitting, "_CHUNK_BYTES", 1_000_000)
    return {"memory_bytes": 1e9 if request.param == "memory" else 0.0, "scratch": tmp_path}


def test_contractions_equal_pyscf_wherever_the_integrals_lie(mol, density, place):
    fit = DensityFit(mol, FITTING_BASIS, exchange=False, **place)
    full = df.incore.aux_e2(mol, fit.functions)
    coefficients = np.random.default_rng(2).normal(size=fit.functions.nao)
    for _ in range(2):
        np.testing.assert_allclose(fit.moments(density), np.einsum("ijp,ij->p", full, density), atol=1e-8)
        np.testing.assert_allclose(
            fit.potential_matrix(coefficients), np.einsum("ijp,p->ij", full, coefficients), atol=1e-8
        )
    assert (fit.bytes_in_memory > 0) == (place["memory_bytes"] > 0)
    assert any(place["scratch"].rglob("*.bin")) == (place["memory_bytes"] == 0)


def test_coulomb_and_exchange_equal_pyscf(mol, density, place):
    fit = DensityFit(mol, FITTING_BASIS, exchange=True, **place)
    coulomb, exchange = scf.RHF(mol).density_fit(auxbasis=FITTING_BASIS).get_jk(dm=density)
    ours = fit.potential_matrix(fit.coefficients(fit.moments(density)))
    np.testing.assert_allclose(ours, coulomb, atol=1e-7)
    # Two matrices at once, and one with negative occupations: the random matrix has both signs.
    found = fit.exchange(np.array([density, 2.0 * density]))
    np.testing.assert_allclose(found[0], exchange, atol=1e-7)
    np.testing.assert_allclose(found[1], 2.0 * exchange, atol=1e-7)


def test_products_of_orbitals_are_fitted_in_the_coulomb_norm(mol, place):
    fit = DensityFit(mol, FITTING_BASIS, exchange=True, **place)
    orbitals = np.random.default_rng(4).normal(size=(mol.nao, 3))
    full = df.incore.aux_e2(mol, fit.functions)
    moments = np.einsum("mnp,mi,nj->pij", full, orbitals, orbitals)
    metric = fit.functions.intor("int2c2e")
    np.testing.assert_allclose(np.einsum("pq,qij->pij", metric, fit.products(orbitals)), moments, atol=1e-7)
    with pytest.raises(ValueError, match="without exchange"):
        DensityFit(mol, FITTING_BASIS, exchange=False, **place).products(orbitals)


def test_both_forms_give_the_same_fitted_density(mol, density):
    bare, halved = (DensityFit(mol, FITTING_BASIS, exchange=flag, memory_bytes=1e9) for flag in (False, True))
    expected, found = (fit.coefficients(fit.moments(density)) for fit in (bare, halved))
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-6 * np.abs(expected).max())


def test_potential_at_charges_equals_pyscf(mol, density, monkeypatch):
    monkeypatch.setattr(fitting, "_CHUNK_BYTES", 1_000_000)
    places = np.random.default_rng(3).normal(scale=4.0, size=(150, 3))
    charges = gto.fakemol_for_charges(places, expnt=np.full(150, 1e16))
    exact = np.einsum("gij,ij->g", mol.intor("int1e_grids", grids=places), density)
    np.testing.assert_allclose(potential_at_charges(mol, charges, density), exact, atol=1e-6)
