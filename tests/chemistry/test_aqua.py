import pytest

from reexplore.chemistry.aqua import aqua_ion
from reexplore.chemistry.metals import METALS
from reexplore.structures.structure import Layout


@pytest.mark.parametrize(("metal", "waters", "expected"), [("La", 8, 8), ("La", 9, 9), ("Sc", 8, 6)])
def test_an_aqua_ion_has_waters_only(metal, waters, expected):
    ion = aqua_ion(METALS[metal], waters=waters)
    assert (ion.ligands, ion.waters, ion.charge, ion.coordination_number) == (0, expected, 3, expected)
    assert ion.name == f"{metal}(H2O){expected}"
    assert len(Layout.of(ion)) == 1 + 3 * expected


def test_all_aqua_ions_of_a_metal_are_one():
    assert aqua_ion(METALS["Eu"], waters=8).key == aqua_ion(METALS["Eu"], waters=8).key
    assert aqua_ion(METALS["Eu"], waters=8).key != aqua_ion(METALS["Gd"], waters=8).key
