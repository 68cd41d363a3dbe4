import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from reexplore.chemistry.metals import METALS, SERIES
from reexplore.structures.bonds import bonds_from_distances, distance_matrix
from reexplore.structures.metal_exchange import WATER, exchange_metal, expected_change_angstrom, part_shifts, parts
from reexplore.structures.quality import check_complex
from reexplore.structures.structure import Layout
from tests.structures.sample import candidate, relaxed

NAMES = ("La_HOPO-H_1_6", "La_CAM-H_1_6", "La_HOPO-H_4_0")
LA, LU = METALS["La"], METALS["Lu"]


def _donor_lengths(structure, layout):
    positions = structure.positions_angstrom
    return np.linalg.norm(positions[list(layout.donors)] - positions[0], axis=1)


@pytest.mark.parametrize("name", NAMES)
def test_mean_distance_of_each_ligand_and_water_changes_as_declared(name):
    structure, layout = relaxed(name), Layout.of(candidate(name))
    moved = exchange_metal(structure, layout=layout, old=LA, new=LU)
    change = _donor_lengths(moved, layout) - _donor_lengths(structure, layout)
    bidentate = change[: 2 * layout.ligands].reshape(-1, 2).mean(axis=1)
    np.testing.assert_allclose(
        bidentate, expected_change_angstrom("O", old=LA, new=LU, coordination_number=8, waters=layout.waters), atol=1e-7
    )
    np.testing.assert_allclose(
        change[2 * layout.ligands :],
        expected_change_angstrom(WATER, old=LA, new=LU, coordination_number=8, waters=6),
        atol=1e-7,
    )


def test_all_metals_at_once_are_each_metal_alone():
    structure, layout = relaxed(NAMES[2]), Layout.of(candidate(NAMES[2]))
    shifts = part_shifts(structure, layout=layout, old=LA, metals=SERIES)
    for metal, mine in zip(SERIES, shifts, strict=True):
        moved = exchange_metal(structure, layout=layout, old=LA, new=metal)
        for part, shift in zip(parts(layout), mine, strict=True):
            difference = moved.positions_angstrom[list(part)] - structure.positions_angstrom[list(part)]
            np.testing.assert_allclose(difference, np.broadcast_to(shift, difference.shape), atol=2e-8)


@pytest.mark.parametrize("name", NAMES)
def test_ligands_and_waters_stay_rigid_and_the_charge_stays(name):
    structure, layout = relaxed(name), Layout.of(candidate(name))
    moved = exchange_metal(structure, layout=layout, old=LA, new=LU)
    before, after = distance_matrix(structure), distance_matrix(moved)
    parts = [layout.ligand(k) for k in range(layout.ligands)] + [layout.water(k) for k in range(layout.waters)]
    for part in parts:
        np.testing.assert_allclose(after[np.ix_(part, part)], before[np.ix_(part, part)], atol=1e-7)
    assert moved.charge == structure.charge
    assert moved.symbols == ("Lu", *structure.symbols[1:])


def test_same_metal_changes_nothing():
    structure, layout = relaxed(NAMES[0]), Layout.of(candidate(NAMES[0]))
    assert exchange_metal(structure, layout=layout, old=LA, new=LA).key == structure.key


def test_there_and_back_is_nowhere():
    structure, layout = relaxed(NAMES[2]), Layout.of(candidate(NAMES[2]))
    there = exchange_metal(structure, layout=layout, old=LA, new=LU)
    back = exchange_metal(there, layout=layout, old=LU, new=LA)
    np.testing.assert_allclose(back.positions_angstrom, structure.positions_angstrom, atol=1e-6)


def test_turning_first_or_last_is_the_same():
    structure, layout = relaxed(NAMES[1]), Layout.of(candidate(NAMES[1]))
    rotation = Rotation.random(rng=np.random.default_rng(1)).as_matrix()

    def turned(s):
        return s.moved_to(s.positions_angstrom @ rotation.T)

    first = exchange_metal(turned(structure), layout=layout, old=LA, new=LU)
    last = turned(exchange_metal(structure, layout=layout, old=LA, new=LU))
    np.testing.assert_allclose(first.positions_angstrom, last.positions_angstrom, atol=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_every_lanthanide_in_the_lanthanum_template_is_a_sound_complex(name):
    structure, parent = relaxed(name), candidate(name)
    for metal in SERIES[1:]:
        other = candidate(name.replace("La", metal.symbol, 1))
        moved = exchange_metal(structure, layout=Layout.of(parent), old=LA, new=metal)
        assert check_complex(moved, candidate=other).ok
        assert np.array_equal(bonds_from_distances(moved), bonds_from_distances(structure))


def test_exchanged_europium_is_nearer_to_the_relaxed_one_than_lanthanum_was():
    # The stored europium complex was relaxed from the stored lanthanum one by the xtb program, on plain GFN2-xTB.
    layout = Layout.of(candidate("La_HOPO-H_1_6"))
    lanthanum, europium = relaxed("La_HOPO-H_1_6"), relaxed("Eu_HOPO-H_1_6")
    moved = exchange_metal(lanthanum, layout=layout, old=LA, new=METALS["Eu"], contraction=1)
    target = _donor_lengths(europium, layout)
    error = np.abs(_donor_lengths(moved, layout) - target).mean()
    assert error < 0.4 * np.abs(_donor_lengths(lanthanum, layout) - target).mean()


def test_wrong_metal_or_size_is_refused():
    structure, layout = relaxed(NAMES[0]), Layout.of(candidate(NAMES[0]))
    with pytest.raises(ValueError, match="begin with La"):
        exchange_metal(structure, layout=layout, old=LU, new=LA)
    with pytest.raises(ValueError, match="77 atoms"):
        exchange_metal(structure, layout=Layout.of(candidate(NAMES[2])), old=LA, new=LU)
