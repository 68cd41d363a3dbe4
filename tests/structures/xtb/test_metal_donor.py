import numpy as np
import pytest

from reexplore.chemistry.metals import METALS
from reexplore.errors import InputError
from reexplore.structures.conformers.free_ligand import water
from reexplore.structures.donor_kinds import DONOR_KINDS
from reexplore.structures.structure import Structure
from reexplore.structures.xtb.metal_donor import MetalDonor, Push, shipped_pushes
from tests.structures.sample import relaxed

BOHR = 0.529177210903
NAME = "La_CAM-H_1_6"


def test_gradient_is_the_slope_of_the_energy():
    structure = relaxed(NAME)
    correction = MetalDonor(structure, shipped_pushes())
    direction = np.random.default_rng(1).normal(size=(len(structure), 3))
    ahead, behind = (correction.at(structure.positions_angstrom + sign * 1e-4 * direction)[0] for sign in (1, -1))
    _, gradient = correction.at(structure.positions_angstrom)
    assert np.sum(gradient * direction) == pytest.approx((ahead - behind) / (2e-4 / BOHR), rel=1e-6)


def test_no_force_and_no_torque_act_on_the_whole():
    structure = relaxed(NAME)
    _, gradient = MetalDonor(structure, shipped_pushes()).at(structure.positions_angstrom)
    assert np.abs(gradient.sum(axis=0)).max() < 1e-12
    assert np.abs(np.cross(structure.positions_angstrom, gradient).sum(axis=0)).max() < 1e-12


def test_it_is_a_repulsion_of_every_donor_and_of_nothing_else():
    structure = relaxed(NAME)
    energy, gradient = MetalDonor(structure, shipped_pushes()).at(structure.positions_angstrom)
    assert energy > 0
    pushed = np.flatnonzero(np.linalg.norm(gradient, axis=1) > 1e-12)
    assert {structure.symbols[i] for i in pushed} <= {"La", "O", "N"}
    outward = structure.positions_angstrom[pushed[1:]] - structure.positions_angstrom[0]
    # Downhill is outward.
    assert (np.einsum("ix,ix->i", outward, gradient[pushed[1:]]) < 0).all()


def test_without_a_metal_it_is_nothing():
    molecule = water()
    energy, gradient = MetalDonor(molecule, shipped_pushes()).at(molecule.positions_angstrom)
    assert energy == 0.0
    assert not gradient.any()


def test_every_metal_has_numbers_for_every_donor_but_phosphorus():
    held = {(push.metal, push.donor) for push in shipped_pushes()}
    assert held == {(metal, donor) for metal in METALS for donor in DONOR_KINDS if donor != "phosphine"}
    assert len(shipped_pushes()) == len(held)


def test_the_series_is_smooth():
    # Neodymium is interpolated; no metal jumps out of the line of its neighbours.
    series = [symbol for symbol, metal in METALS.items() if metal.atomic_number >= 57]
    table = {(push.metal, push.donor): push for push in shipped_pushes()}
    for donor in {push.donor for push in shipped_pushes()}:
        places = np.array([table[symbol, donor].at_angstrom for symbol in series])
        forces = np.array(
            [table[symbol, donor].height_hartree * table[symbol, donor].decay_per_bohr for symbol in series]
        )
        assert (np.diff(places) < 0).all()
        assert np.abs(np.diff(forces, 2)).max() < 1.5e-3


def test_a_metal_or_donor_without_numbers_is_refused_and_plain_gfn2_is_offered():
    structure = relaxed(NAME)
    with pytest.raises(InputError, match=r"no numbers for La and an oxygen with two neighbours.*surface gfn2"):
        MetalDonor(structure, [push for push in shipped_pushes() if push.donor != "water"])
    at = np.array([[0, 0, 0], [3.1, 0, 0], [3.7, 1.2, 0], [3.7, -0.6, 1.1], [3.7, -0.6, -1.1]])
    phosphine = Structure(("La", "P", "H", "H", "H"), at, 3)
    with pytest.raises(InputError, match="La and a phosphorus"):
        MetalDonor(phosphine, shipped_pushes())
    away = phosphine.positions_angstrom.copy()
    away[1:, 0] += 2.0
    assert MetalDonor(phosphine.moved_to(away), shipped_pushes()).at(away)[0] == 0.0


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"height_hartree": -0.001}, "no repulsion: height_hartree is -0.001"),
        ({"height_hartree": float("nan")}, "no repulsion"),
        ({"decay_per_bohr": 0.0}, "no repulsion: decay_per_bohr"),
        ({"decay_per_bohr": float("inf")}, "no repulsion"),
        ({"at_angstrom": 0.2}, "no repulsion: at_angstrom"),
        ({"metal": "Fe"}, "'Fe' is no rare earth"),
        ({"donor": "ketone"}, "the kinds of donors are water, alkoxide"),
    ],
)
def test_numbers_that_are_no_repulsion_are_refused(changed, reason):
    good = {"metal": "La", "donor": "water", "height_hartree": 0.01, "decay_per_bohr": 1.0, "at_angstrom": 2.5}
    Push(**good)
    with pytest.raises(InputError, match=reason):
        Push(**good | changed)
