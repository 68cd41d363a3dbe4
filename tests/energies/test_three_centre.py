from __future__ import annotations

import numpy as np
import pytest
from pyscf import df

from reexplore.energies import three_centre
from reexplore.energies.levels import QUICK
from reexplore.energies.molecule import build_molecule
from reexplore.energies.three_centre import ThreeCentreIntegrals
from tests.energies.examples import LANTHANUM_TWO_WATERS


@pytest.fixture(scope="module")
def parts():
    mol = build_molecule(LANTHANUM_TWO_WATERS, level=QUICK, memory_gb=2.0)
    fitting = df.addons.make_auxmol(mol, QUICK.coulomb_fitting_basis)
    random = np.random.default_rng(1)
    density = random.normal(size=(mol.nao, mol.nao))
    return mol, fitting, density + density.T, random.normal(size=fitting.nao)


@pytest.mark.parametrize("place", ["memory", "file", "again"])
def test_contractions_equal_pyscf_wherever_the_integrals_lie(parts, place, tmp_path, monkeypatch):
    mol, fitting, density, charges = parts
    monkeypatch.setattr(three_centre, "_BLOCK_BYTES", 1_000_000)
    integrals = ThreeCentreIntegrals(
        mol,
        fitting,
        memory_bytes=1e9 if place == "memory" else 0.0,
        scratch=tmp_path if place == "file" else None,
    )
    full = df.incore.aux_e2(mol, fitting)
    for _ in range(2):
        np.testing.assert_allclose(
            integrals.potential_of_density(density), np.einsum("ijp,ij->p", full, density), atol=1e-8
        )
        np.testing.assert_allclose(
            integrals.potential_matrix(charges), np.einsum("ijp,p->ij", full, charges), atol=1e-8
        )
    assert (integrals.bytes_in_memory > 0) == (place == "memory")
    assert any(tmp_path.rglob("*.npy")) == (place == "file")
