import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from reexplore.errors import CalculationFailed, FailureCode
from reexplore.structures.conformers.free_ligand import free_ligand_conformers, water
from reexplore.structures.metal_exchange import exchange_metal
from reexplore.structures.structure import Layout
from reexplore.structures.xtb.relax import (
    ENERGY_CHANGE_HARTREE,
    GRADIENT_NORM_HARTREE_BOHR,
    gradient,
    relax,
    single_point_energy,
)
from reexplore.structures.xtb.surfaces import GFN2_M, SURFACES
from tests.structures.sample import XTB_ENERGIES_HARTREE, candidate, ligand, relaxed

BOHR = 0.529177210903
#: The surface on which the structures of the sample are minima.
GFN2 = SURFACES["gfn2"]


@pytest.mark.parametrize("name", XTB_ENERGIES_HARTREE)
def test_energy_is_that_of_the_xtb_program(name):
    assert single_point_energy(relaxed(name), surface=GFN2) == pytest.approx(XTB_ENERGIES_HARTREE[name], abs=1e-6)


def test_water_has_its_documented_gfn2_energy_and_shape():
    # xtb's documentation prints -5.070544440612 Eh for its relaxed example water in the gas phase.
    result = relax(water(), solvent="gas")
    assert result.energy_hartree == pytest.approx(-5.070544, abs=2e-6)
    oxygen, first, second = result.structure.positions_angstrom
    assert np.linalg.norm(first - oxygen) == pytest.approx(0.959, abs=0.002)
    cosine = (first - oxygen) @ (second - oxygen) / np.linalg.norm(first - oxygen) / np.linalg.norm(second - oxygen)
    assert np.degrees(np.arccos(cosine)) == pytest.approx(107.2, abs=0.5)


def test_water_is_stabilised_by_the_solvent_by_a_few_kcal():
    # Experimental hydration free energy of water: -6.3 kcal/mol.
    difference = single_point_energy(water()) - single_point_energy(water(), solvent="gas")
    assert difference * 627.51 == pytest.approx(-6.3, abs=3.0)


@pytest.mark.parametrize("surface", [GFN2, GFN2_M], ids=lambda s: s.name)
def test_gradient_is_the_slope_of_the_energy(surface):
    structure = relaxed("La_CAM-H_1_6")
    direction = np.random.default_rng(1).normal(size=(len(structure), 3))
    step = 1e-3
    ahead, behind = (
        single_point_energy(structure.moved_to(structure.positions_angstrom + sign * step * direction), surface=surface)
        for sign in (1, -1)
    )
    slope = (ahead - behind) / (2 * step / BOHR)
    assert np.sum(gradient(structure, surface=surface) * direction) == pytest.approx(slope, abs=2e-5)


# The solvent's surface grid has fixed axes: turning a complex changes its energy by 0.03 kcal/mol.
@pytest.mark.parametrize(("solvent", "tolerance"), [("gas", 1e-7), ("alpb-water", 1e-4)])
def test_energy_does_not_depend_on_orientation_or_place(solvent, tolerance):
    structure = relaxed("Eu_HOPO-H_1_6")
    rotation = Rotation.random(rng=np.random.default_rng(2)).as_matrix()
    turned = structure.positions_angstrom @ rotation.T + [3.0, -1.0, 2.0]
    here, there = (single_point_energy(s, solvent=solvent) for s in (structure, structure.moved_to(turned)))
    assert there == pytest.approx(here, abs=tolerance)


def test_relaxation_reaches_the_minimum_the_xtb_program_found():
    name = "Eu_HOPO-H_1_6"
    structure = relaxed(name)
    noise = np.random.default_rng(3).normal(scale=0.03, size=(len(structure), 3))
    result = relax(structure.moved_to(structure.positions_angstrom + noise), surface=GFN2)
    # Within 0.1 kcal/mol, or below: xtb's own criteria leave as much.
    assert result.energy_hartree < XTB_ENERGIES_HARTREE[name] + 0.1 / 627.51
    remaining = gradient(result.structure, surface=GFN2)
    assert np.linalg.norm(remaining) < 1.05 * GRADIENT_NORM_HARTREE_BOHR
    assert np.abs(remaining).max() == pytest.approx(result.gradient_max_hartree_bohr, abs=1e-6)


def test_relaxing_a_minimum_leaves_it_there():
    result = relax(free_ligand_conformers(ligand("CAM", "H"), count=1, seed=1)[0])
    again = relax(result.structure)
    assert again.steps <= 3
    assert again.energy_hartree == pytest.approx(result.energy_hartree, abs=2 * ENERGY_CHANGE_HARTREE)


def test_relaxation_is_deterministic():
    start = water().moved_to(water().positions_angstrom * 1.1)
    assert relax(start).structure.key == relax(start).structure.key


def test_too_few_steps_end_in_a_failure_not_in_a_number():
    start = exchange_metal(
        relaxed("La_HOPO-H_1_6"),
        layout=Layout.of(candidate("La_HOPO-H_1_6")),
        old=candidate("La_HOPO-H_1_6").metal,
        new=candidate("Lu_HOPO-H_1_6").metal,
    )
    with pytest.raises(CalculationFailed) as caught:
        relax(start, max_steps=3)
    failure = caught.value.failure
    assert failure.code is FailureCode.NOT_CONVERGED
    assert failure.stage == "relaxation"
    assert failure.evidence["gradient_norm_hartree_bohr"] > GRADIENT_NORM_HARTREE_BOHR
