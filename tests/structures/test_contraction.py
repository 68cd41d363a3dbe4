"""Fits against lines that are known, and against the stored europium complex."""

import numpy as np
import pytest

from reexplore.chemistry.metals import LANTHANIDES, METALS
from reexplore.structures.contraction import Sphere, fit_contraction, sphere
from reexplore.structures.metal_exchange import WATER, expected_change_angstrom
from reexplore.structures.structure import Layout
from tests.structures.sample import candidate, relaxed

DONORS = ("O", "O", "N", WATER, WATER)


def made(series, metals, *, ligand_slope, water_slope, beside=None):
    """Return spheres whose distances lie on lines, the metals of `beside` that much off them."""
    slopes = np.array([ligand_slope, ligand_slope, 0.0, water_slope, water_slope])
    start = np.array([2.3, 2.4, 2.7, 2.5, 2.6])
    spheres = []
    for metal in metals:
        change = metal.shannon_radius_angstrom - METALS["La"].shannon_radius_angstrom
        off = (beside or {}).get(metal.symbol, 0.0)
        spheres.append(Sphere(series, metal, DONORS, tuple(start + slopes * change + off)))
    return spheres


def test_lines_are_found_again_with_their_errors():
    first = made("first", LANTHANIDES, ligand_slope=0.2, water_slope=0.5)
    second = made("second", LANTHANIDES[::3], ligand_slope=0.4, water_slope=0.5)
    found = fit_contraction([*first, *second])
    assert found.series["first"].value == pytest.approx((0.2 + 0.2 + 0.5 + 0.5) / 5)
    assert found.series["first"].standard_error == pytest.approx(0.0, abs=1e-9)
    assert (found.series["first"].count, found.series["second"].count) == (15, 5)
    # The mean of two values and its standard error: half their sum, half their difference.
    assert found.donors["O"].value == pytest.approx(0.3)
    assert found.donors["O"].standard_error == pytest.approx(0.1)
    assert found.donors[WATER].value == pytest.approx(0.5)


def test_yttrium_beside_the_line_is_said_and_does_not_bend_it():
    metals = (METALS["Y"], *LANTHANIDES)
    found = fit_contraction(made("one", metals, ligand_slope=0.3, water_slope=0.4, beside={"Y": -0.1}))
    assert found.donors["O"].value == pytest.approx(0.3)
    assert found.offsets_angstrom["Y"] == pytest.approx({"O": -0.1, "N": -0.1, WATER: -0.1})
    assert found.offsets_angstrom["Lu"] == pytest.approx({"O": 0.0, "N": 0.0, WATER: 0.0}, abs=1e-9)


def test_two_metals_make_no_line():
    assert fit_contraction(made("one", LANTHANIDES[:2], ligand_slope=0.3, water_slope=0.4)).series == {}


def test_a_candidates_sphere_follows_the_layout():
    name = "La_HOPO-H_1_6"
    structure, layout = relaxed(name), Layout.of(candidate(name))
    lengths = np.linalg.norm(
        structure.positions_angstrom[list(layout.donors)] - structure.positions_angstrom[0], axis=1
    )
    found = sphere(candidate(name), lengths, series="HOPO")
    assert found.donors == ("O", "O", *(WATER,) * 6)
    with pytest.raises(ValueError, match="8 donors have 7"):
        sphere(candidate(name), lengths[1:], series="HOPO")


def test_the_constants_of_the_exchange_are_those_of_stored_geometries():
    # The stored europium complex was relaxed from the stored lanthanum one by the xtb program, on plain GFN2-xTB.
    spheres = {}
    for name in ("La_HOPO-H_1_6", "Eu_HOPO-H_1_6"):
        structure, layout = relaxed(name), Layout.of(candidate(name))
        vectors = structure.positions_angstrom[list(layout.donors)] - structure.positions_angstrom[0]
        spheres[name[:2]] = np.linalg.norm(vectors, axis=1)
    expected = [
        expected_change_angstrom(
            donor, old=METALS["La"], new=METALS["Eu"], coordination_number=8, waters=6, contraction=1
        )
        for donor in ("O", "O", *(WATER,) * 6)
    ]
    assert (spheres["Eu"] - spheres["La"]).mean() == pytest.approx(np.mean(expected), abs=0.01)
