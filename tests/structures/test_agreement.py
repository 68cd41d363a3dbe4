"""Distances between geometries that are known because one was made of the other."""

import numpy as np
import pytest
from ase import Atoms
from ase.build import minimize_rotation_and_translation
from scipy.spatial.transform import Rotation

from reexplore.structures.agreement import heavy_atom_rmsd_angstrom
from reexplore.structures.geometry import Layout
from tests.structures.sample import candidate, relaxed


def shuffled(name, seed=0):
    """Return a stored complex turned, moved, and with its ligands and waters in another order."""
    structure, layout = relaxed(name), Layout.of(candidate(name))
    random = np.random.default_rng(seed)
    order = [0]
    for k in random.permutation(layout.ligands):
        order += layout.ligand(int(k))
    for k in random.permutation(layout.waters):
        order += layout.water(int(k))
    turn = Rotation.random(rng=random)
    return structure.moved_to(turn.apply(structure.positions_angstrom[order]) + random.normal(size=3))


@pytest.mark.parametrize("name", ["La_HOPO-H_1_6", "La_HOPO-H_4_0"])
@pytest.mark.parametrize("seed", range(3))
def test_numbering_and_orientation_do_not_count(name, seed):
    layout = Layout.of(candidate(name))
    assert heavy_atom_rmsd_angstrom(relaxed(name), shuffled(name, seed), layout=layout) < 1e-6


def test_the_distance_is_ases_when_the_numbers_agree():
    first, second = relaxed("La_HOPO-H_1_6"), relaxed("Eu_HOPO-H_1_6")
    layout = Layout.of(candidate("La_HOPO-H_1_6"))
    heavy = [i for i, s in enumerate(first.symbols) if s != "H"]
    atoms = [Atoms(["C"] * len(heavy), s.positions_angstrom[heavy]) for s in (first, second)]
    minimize_rotation_and_translation(*atoms)
    expected = np.sqrt(((atoms[0].positions - atoms[1].positions) ** 2).sum(axis=1).mean())
    assert heavy_atom_rmsd_angstrom(first, second, layout=layout) == pytest.approx(expected, abs=1e-6)
    assert expected > 0.02


def test_a_water_that_is_elsewhere_is_seen():
    first = relaxed("La_HOPO-H_1_6")
    layout = Layout.of(candidate("La_HOPO-H_1_6"))
    positions = first.positions_angstrom.copy()
    positions[list(layout.water(2))] += [0.0, 0.0, 1.0]
    heavy = sum(s != "H" for s in first.symbols)
    found = heavy_atom_rmsd_angstrom(first, first.moved_to(positions), layout=layout)
    assert 0.7 / np.sqrt(heavy) < found <= 1.0 / np.sqrt(heavy)


def test_another_complex_is_refused():
    with pytest.raises(ValueError, match="one complex"):
        heavy_atom_rmsd_angstrom(
            relaxed("La_HOPO-H_1_6"), relaxed("La_CAM-H_1_6"), layout=Layout.of(candidate("La_HOPO-H_1_6"))
        )
