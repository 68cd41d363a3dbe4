import numpy as np
import pytest

from reexplore.structures.bonds import bonds_from_distances
from reexplore.structures.conformers.rotamers import turned, turns
from reexplore.structures.structure import Layout
from tests.structures.sample import candidate, ligand, relaxed


@pytest.mark.parametrize(
    ("substituent", "number"),
    [
        ("H", 1),  # the amide side chain, in all of them
        ("methyl", 1),
        ("nitro", 1),
        ("phenyl", 1),
        ("cyano", 1),
        ("hydroxyl", 2),
        ("aldehyde", 2),
        ("methoxy", 2),
        ("carboxylic-acid", 3),
        ("phosphonate", 4),
        ("2-methylbenzoic-acid", 4),
    ],
)
def test_bonds_worth_turning(substituent, number):
    assert len(turns(ligand("HOPO", substituent))) == number


def test_no_donor_moves_and_two_turns_are_none():
    name = "La_HOPO-H_4_0"
    structure, layout = relaxed(name), Layout.of(candidate(name))
    (turn,) = turns(candidate(name).ligand)
    once = turned(structure, turn, first_atoms=[layout.ligand(k)[0] for k in range(layout.ligands)])
    still = [0, *layout.donors]
    np.testing.assert_array_equal(once.positions_angstrom[still], structure.positions_angstrom[still])
    moved = np.linalg.norm(once.positions_angstrom - structure.positions_angstrom, axis=1) > 0.5
    assert all(moved[list(layout.ligand(k))].any() for k in range(4))
    twice = turned(once, turn, first_atoms=[layout.ligand(k)[0] for k in range(layout.ligands)])
    np.testing.assert_allclose(twice.positions_angstrom, structure.positions_angstrom, atol=1e-6)


def test_bonds_survive_a_turn():
    name = "La_CAM-H_1_6"
    structure, layout = relaxed(name), Layout.of(candidate(name))
    (turn,) = turns(candidate(name).ligand)
    once = turned(structure, turn, first_atoms=[layout.ligand(k)[0] for k in range(layout.ligands)])
    atoms = np.ix_(layout.ligand(0), layout.ligand(0))
    assert np.array_equal(bonds_from_distances(once)[atoms], bonds_from_distances(structure)[atoms])
