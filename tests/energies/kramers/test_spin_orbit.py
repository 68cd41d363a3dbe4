import pytest
from pyscf import gto

from reexplore.energies.kramers.ions import IONS
from reexplore.energies.kramers.spin_orbit import spin_orbit_constant_cm


@pytest.mark.engine
def test_the_constant_of_the_table_is_computed_and_gives_ytterbiums_splitting():
    found = spin_orbit_constant_cm(IONS["Yb"], gto.basis.load("x2c-SVPall", "Yb"))
    assert found == pytest.approx(IONS["Yb"].spin_orbit_constant_cm, abs=1.0)
    # 2F7/2 and 2F5/2 are 7/2 ζ apart: 10214 cm⁻¹ (NIST).
    assert 3.5 * found == pytest.approx(10214.0, rel=0.02)
