"""Densities on a grid: what a complex looks like to a convolutional network."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from reexplore.errors import InputError
from reexplore.structures.structure import Structure
from reexplore.surrogate.settings import VoxelSettings
from reexplore.surrogate.voxels import GROUPS, TURNS, channels, densities, in_own_axes, random_turn, weights
from tests.surrogate.sample import read_complex

SETTINGS = VoxelSettings()
COMPLEX = read_complex("La_CAM-H_1_6")


def seen(structure, settings=SETTINGS):
    return densities(in_own_axes(structure), weights(structure, settings), settings)


def turned(structure, turn):
    return Structure(structure.symbols, structure.positions_angstrom @ turn.T + 5.0, structure.charge)


def test_the_densities_count_the_atoms_of_each_group():
    found = seen(COMPLEX)
    # A Gaussian that is not normalised, on points so far apart.
    one = (np.sqrt(2 * np.pi) * SETTINGS.width_angstrom / SETTINGS.spacing_angstrom) ** 3
    counts = found.sum((1, 2, 3)).numpy() / one
    wanted = [sum(symbol in group for symbol in COMPLEX.symbols) for group in GROUPS]
    assert counts[:-1] == pytest.approx([*wanted, 1], rel=0.01)
    assert found.shape == (channels(SETTINGS), *[SETTINGS.points] * 3)


def test_another_order_of_atoms_is_the_same_complex():
    order = [0, *np.random.default_rng(0).permutation(np.arange(1, len(COMPLEX)))]
    other = Structure(tuple(COMPLEX.symbols[i] for i in order), COMPLEX.positions_angstrom[order], COMPLEX.charge)
    assert torch.allclose(seen(other), seen(COMPLEX), atol=1e-5)


@pytest.mark.parametrize("settings", [SETTINGS, VoxelSettings(channels="rgb")])
def test_every_lanthanide_looks_different(settings):
    found = [seen(replace(COMPLEX, symbols=(metal, *COMPLEX.symbols[1:])), settings) for metal in ("La", "Gd", "Lu")]
    assert not torch.allclose(found[0], found[1], atol=1e-2)
    assert not torch.allclose(found[1], found[2], atol=1e-2)


def test_the_fixed_rotations_are_a_group_with_all_signs_of_axes():
    assert TURNS.shape == (12, 3, 3)
    assert np.linalg.det(TURNS) == pytest.approx(np.ones(12))
    rows = {tuple(turn.ravel()) for turn in TURNS}
    assert {tuple((a @ b).ravel()) for a in TURNS for b in TURNS} == rows
    assert {(1, 0, 0, 0, -1, 0, 0, 0, -1), (-1, 0, 0, 0, 1, 0, 0, 0, -1)} <= rows


def test_a_turned_complex_is_seen_alike_over_all_fixed_rotations():
    turn = random_turn(np.random.default_rng(3))
    assert turn @ turn.T == pytest.approx(np.eye(3))
    amount = weights(COMPLEX, SETTINGS)

    def views(structure):
        own = in_own_axes(structure)
        return [densities(own @ t.T, amount, SETTINGS) for t in TURNS]

    before, after = views(COMPLEX), views(turned(COMPLEX, turn))
    for view in after:
        assert any(torch.allclose(view, other, atol=1e-4) for other in before)


def test_what_does_not_fit_is_one_sentence():
    far = np.vstack([COMPLEX.positions_angstrom[:-1], COMPLEX.positions_angstrom[0] + [0, 0, 14.0]])
    with pytest.raises(InputError, match=r"an atom lies 14.0 Å from La, and the box .* ends at 13.6 Å"):
        weights(replace(COMPLEX, positions_angstrom=far), SETTINGS)
    with pytest.raises(InputError, match="knows no element Se"):
        weights(replace(COMPLEX, symbols=(*COMPLEX.symbols[:-1], "Se")), SETTINGS)
