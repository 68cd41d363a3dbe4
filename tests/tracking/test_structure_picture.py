"""Pictures show every atom, name the donors and tell one structure from another."""

import io

import numpy as np
import pytest
from matplotlib.image import imread

from reexplore.structures.structure import Layout, Structure
from reexplore.tracking.structure_picture import bonds_to_draw, complex_picture, contacts, structure_picture
from tests.structures.sample import candidate, relaxed


def pixels(png: bytes) -> np.ndarray:
    return imread(io.BytesIO(png), format="png")[..., :3]


def share_of(image: np.ndarray, colour: tuple[float, float, float]) -> float:
    return float((np.abs(image - colour).max(axis=-1) < 0.15).mean())


def test_the_contacts_are_those_within_the_donor_limit():
    structure, layout = relaxed("La_HOPO-H_1_6"), Layout.of(candidate("La_HOPO-H_1_6"))
    found = contacts(structure)
    assert {0} == {metal for metal, _ in found}
    assert set(layout.donors) <= {atom for _, atom in found}


def test_bonds_of_unknown_elements_are_left_out():
    structure = Structure(("C", "H", "Br"), [[0.0, 0, 0], [1.09, 0, 0], [-1.0, 1.6, 0]], 0)
    assert bonds_to_draw(structure).tolist() == [[False, True, False], [True, False, False], [False] * 3]


def test_a_picture_shows_metal_oxygen_and_carbon():
    image = pixels(structure_picture(relaxed("La_HOPO-H_1_6")))
    assert image.shape == (750, 750, 3)
    assert share_of(image, (0.2, 0.48, 0.52)) > 0.003
    assert share_of(image, (1.0, 0.1, 0.1)) > 0.003
    assert share_of(image, (0.6, 0.6, 0.6)) > 0.003


def test_the_view_does_not_depend_on_how_the_structure_lies():
    structure = relaxed("La_CAM-H_1_6")
    turned = structure.moved_to(structure.positions_angstrom[:, [1, 2, 0]] + 5.0)
    first, second = pixels(structure_picture(structure)), pixels(structure_picture(turned))
    mirrored = min(np.abs(first - v).mean() for v in (second, second[::-1], second[:, ::-1], second[::-1, ::-1]))
    # Shine and labels do not turn with it.
    assert mirrored < 0.02  # 0.07 without turning


def test_the_ligand_stands_beside_its_complex_with_donors_highlighted():
    asked = candidate("La_HOPO-H_1_6")
    names = {donor: f"O{donor}" for donor in asked.ligand.donors}
    image = pixels(complex_picture(relaxed("La_HOPO-H_1_6"), candidate=asked, names=names))
    assert image.shape == (750, 1500, 3)
    assert share_of(image[:, :750], (1.0, 0.78, 0.35)) > 0.01
    assert share_of(image[:, 750:], (0.2, 0.48, 0.52)) > 0.003


@pytest.mark.parametrize("symbols", [("O",), ("La",)])
def test_one_atom_is_a_picture_too(symbols):
    assert structure_picture(Structure(symbols, [[0.0, 0.0, 0.0]], 0)).startswith(b"\x89PNG")
