import numpy as np
import pytest

from reexplore.chemistry.co_ligands import co_ligand
from reexplore.structures.conformers.free_ligand import lowest_conformer, water
from reexplore.structures.structure import Structure
from reexplore.structures.xtb.relax import gradient, relax
from reexplore.structures.xtb.surfaces import SURFACES
from reexplore.structures.xtb.vibrations import IMAGINARY_NOISE_CM1, STEP_ANGSTROM, vibrations
from tests.structures.sample import relaxed

# xtb 6.5.1: `xtb water.xyz --gfn 2 --opt extreme`, then `xtb xtbopt.xyz --gfn 2 --hess`.
XTB_WATER_ANGSTROM = [[0.0, 0.0, -0.37937068], [0.77217860, 0.0, 0.18968534], [-0.77217860, 0.0, 0.18968534]]
XTB_WATER_CM1 = (1539.60, 3643.80, 3652.13)

# xtb 6.5.1: `xtb La_CAM-H_1_6.xyz --gfn 2 --alpb water --chrg 1 --uhf 0 --hess`; the eight lowest.
XTB_COMPLEX_CM1 = (-76.07, 13.69, 25.41, 30.48, 55.48, 62.47, 71.14, 72.27)

GFN2 = SURFACES["gfn2"]


def test_water_vibrates_as_in_the_xtb_program():
    found = vibrations(Structure(("O", "H", "H"), np.array(XTB_WATER_ANGSTROM), 0), solvent="gas")
    assert found.frequencies_cm1 == pytest.approx(XTB_WATER_CM1, abs=2.0)
    assert found.imaginary_cm1 == ()
    assert found.is_minimum
    # In the gas phase nothing holds a molecule: six zeros, but for the gradient that remains.
    assert np.abs(found.external_cm1).max() < 40.0
    assert len(found.external_cm1) == 6


def test_a_linear_molecule_has_two_rotations():
    carbon_dioxide = Structure(("C", "O", "O"), np.array([[0.0, 0, 0], [0, 0, 1.143], [0, 0, -1.143]]), 0)
    found = vibrations(carbon_dioxide, solvent="gas")
    assert (len(found.frequencies_cm1), len(found.external_cm1)) == (4, 5)
    # Its bend is two modes of one frequency.
    assert found.frequencies_cm1[0] == pytest.approx(found.frequencies_cm1[1], abs=2.0)


@pytest.mark.engine
def test_a_relaxation_that_stopped_on_a_saddle_is_found_out():
    # The xtb program at its level `tight` left this complex there, 0.15 kcal/mol above a minimum.
    stored = relaxed("La_CAM-H_1_6")
    saddle = vibrations(stored, surface=GFN2)
    assert saddle.frequencies_cm1[:8] == pytest.approx(XTB_COMPLEX_CM1, abs=4.0)
    assert not saddle.is_minimum
    assert saddle.imaginary_cm1 == saddle.frequencies_cm1[:1]
    assert np.abs(saddle.external_cm1).max() < IMAGINARY_NOISE_CM1
    # A start beside a saddle leaves it slowly.
    minimum = vibrations(relax(stored, surface=GFN2, gradient_norm_hartree_bohr=1e-4).structure, surface=GFN2)
    assert minimum.is_minimum
    assert minimum.to_dict()["imaginary_cm1"] == []
    assert len(minimum.frequencies_cm1) == 3 * len(stored) - 6


def test_stiffness_of_a_stretch_is_the_slope_of_the_gradient():
    # Conservation: the squares of all frequencies sum to the trace of the mass-weighted Hessian.
    start = relax(water(), solvent="gas").structure
    found = vibrations(start, solvent="gas")
    masses, step_bohr = np.repeat([15.999, 1.008, 1.008], 3), STEP_ANGSTROM / 0.529177210903
    trace = 0.0
    for k in range(9):
        shift = np.zeros(9)
        shift[k] = STEP_ANGSTROM
        ahead, behind = (
            gradient(start.moved_to(start.positions_angstrom + sign * shift.reshape(3, 3)), solvent="gas").ravel()[k]
            for sign in (1, -1)
        )
        trace += (ahead - behind) / (2 * step_bohr) / masses[k]
    # 1 hartree/(bohr² u) is 5140.487 cm⁻¹ squared.
    assert np.sum(np.square(found.frequencies_cm1)) == pytest.approx(trace * 5140.487**2, rel=2e-3)


@pytest.mark.engine
@pytest.mark.parametrize(("name", "modes"), [("chloride", 0), ("thiocyanate", 4), ("nitrate", 6)])
def test_an_atom_and_a_linear_molecule_have_their_own_number_of_modes(name, modes):
    free = lowest_conformer(co_ligand(name), count=10, seed=1).relaxed.structure
    found = vibrations(free)
    assert len(found.frequencies_cm1) == modes
    assert len(found.external_cm1) == 3 * len(free) - modes
    assert found.is_minimum
