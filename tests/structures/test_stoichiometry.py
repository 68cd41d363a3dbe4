"""What a complex is made of follows from formula and charge, or is refused."""

import numpy as np
import pytest

from reexplore.errors import InputError
from reexplore.structures.stoichiometry import formula, stoichiometry
from reexplore.structures.structure import Structure
from tests.structures.sample import candidate, relaxed


def atoms(text, charge):
    """Return atoms anywhere, from counts such as `La1 O8 H16`."""
    symbols = [symbol for part in text.split() for symbol in [part.rstrip("0123456789")] * int(part.lstrip("CHNOLaEu"))]
    return Structure(tuple(symbols), np.arange(3.0 * len(symbols)).reshape(-1, 3), charge)


HOPO = atoms("C7 H7 N2 O3", -1)


@pytest.mark.parametrize("name", ["La_HOPO-H_1_6", "Eu_HOPO-H_1_6", "La_HOPO-H_4_0"])
def test_complexes_of_known_stoichiometry(name):
    found = stoichiometry(relaxed(name), ligand=HOPO)
    expected = candidate(name)
    assert (found.metal, found.ligands, found.waters) == (expected.metal, expected.ligands, expected.waters)


@pytest.mark.parametrize(
    ("complex_", "ligand", "message"),
    [
        (atoms("La1 O8 H16", 3), HOPO, "LaH16O8 of charge \\+3 is not made of La3\\+, ligands C7H7N2O3"),
        (atoms("La1 C7 H19 N2 O9", 3), HOPO, "check both charges"),
        (atoms("La1 C7 H18 N2 O9", 2), HOPO, "is not made of"),
        (atoms("La2 C7 H19 N2 O9", 2), HOPO, "this one holds 2"),
        (atoms("C7 H19 N2 O9", 2), HOPO, "this one holds 0"),
        # A water as the ligand: three of them, or two and one water, or one and two.
        (atoms("La1 O3 H6", 3), atoms("O1 H2", 0), "can hold 1 or 2 or 3 ligands"),
    ],
)
def test_what_does_not_add_up_is_one_sentence(complex_, ligand, message):
    with pytest.raises(InputError, match=message):
        stoichiometry(complex_, ligand=ligand)


def test_formulas_are_in_hills_order():
    assert formula(atoms("O2 H6 C2 N1", 0)) == "C2H6NO2"
    assert formula(atoms("O1 H2", 0)) == "H2O"
    assert formula(atoms("O8 H16 Eu1", 3)) == "EuH16O8"


def test_co_ligands_are_told_and_the_rest_follows():
    # La3+ with two C7H7N2O3-, one NO3- and two waters.
    nitrate, complex_ = atoms("N1 O3", -1), atoms("La1 C14 H18 N5 O11", 0)
    found = stoichiometry(complex_, ligand=HOPO, co_ligands=[(nitrate, 1)])
    assert (found.ligands, found.waters) == (2, 2)
    with pytest.raises(InputError, match=r"2 × NO3 of charge -1 and waters: check both charges"):
        stoichiometry(complex_, ligand=HOPO, co_ligands=[(nitrate, 2)])
