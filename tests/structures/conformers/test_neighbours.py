import numpy as np
import pytest
from scipy.spatial.distance import pdist

from reexplore.structures.conformers.neighbours import neighbours, turned_over
from reexplore.structures.structure import Layout
from tests.structures.sample import candidate, relaxed


@pytest.mark.parametrize(("name", "number"), [("La_HOPO-H_4_0", 8), ("La_HOPO-H_1_6", 2)])
def test_one_change_a_neighbour(name, number):
    structure, who = relaxed(name), candidate(name)
    found = neighbours(structure, who)
    assert len(found) == number
    layout = Layout.of(who)
    ligands = [list(layout.ligand(k)) for k in range(layout.ligands)]
    for other in found:
        moved = np.abs(other.positions_angstrom - structure.positions_angstrom).max(axis=1) > 1e-6
        assert sum(moved[atoms].any() for atoms in ligands) == 1


def test_a_ligand_turned_over_is_the_same_ligand_with_its_donors_the_other_way_round():
    name = "La_HOPO-H_4_0"
    structure, who = relaxed(name), candidate(name)
    atoms = list(Layout.of(who).ligand(2))
    once = turned_over(structure, who, 2)
    before, after = (s.positions_angstrom[[0, *atoms]] for s in (structure, once))
    np.testing.assert_allclose(pdist(after), pdist(before), atol=1e-9)
    first, second = (1 + donor for donor in who.ligand.donors)

    def direction(positions, atom):
        arm = positions[atom] - positions[0]
        return arm / np.linalg.norm(arm)

    # The two La-O differ a little in length, so the places are the same within some degrees.
    assert direction(after, first) @ direction(before, second) > np.cos(np.radians(5))
    assert direction(after, second) @ direction(before, first) > np.cos(np.radians(5))
    np.testing.assert_allclose(turned_over(once, who, 2).positions_angstrom, structure.positions_angstrom, atol=1e-9)


def test_a_ligand_around_its_metal_is_not_turned_over():
    name = "La_HOPO-H_1_6"
    structure, who = relaxed(name), candidate(name)
    positions = structure.positions_angstrom.copy()
    atoms = Layout.of(who).ligand(0)
    # The metal in the middle of both donors.
    positions[0] = positions[[atoms[donor] for donor in who.ligand.donors]].mean(axis=0)
    around = structure.moved_to(positions)
    assert len(neighbours(around, who)) == len(neighbours(structure, who)) - 1
    assert all(np.isfinite(other.positions_angstrom).all() for other in neighbours(around, who))
