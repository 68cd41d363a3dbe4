import pytest

from reexplore.energies.kramers.ions import IONS, find_kramers_ion
from reexplore.errors import InputError


@pytest.mark.parametrize(("symbol", "doublets"), [("Nd", 5), ("Sm", 3), ("Dy", 8), ("Er", 8), ("Yb", 4)])
def test_ground_multiplets_are_hunds(symbol, doublets):
    """4I9/2, 6H5/2, 6H15/2, 4I15/2, 2F7/2."""
    assert find_kramers_ion(symbol).doublets == doublets


@pytest.mark.parametrize(
    ("symbol", "reason"),
    [("Tb", "8 4f electrons: only an odd number"), ("La", "0 4f electrons"), ("Gd", "not in the table"), ("Fe", "Fe")],
)
def test_other_metals_are_refused_with_the_reason(symbol, reason):
    with pytest.raises(InputError, match=reason):
        find_kramers_ion(symbol)


def test_spin_orbit_constants_grow_along_the_series():
    constants = [ion.spin_orbit_constant_cm for ion in IONS.values()]
    assert constants == sorted(constants)
