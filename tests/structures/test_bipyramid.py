"""Magnets: placed with their ligands opposite each other, relaxed, and every way in which they are none."""

import numpy as np
import pytest

from reexplore.chemistry.candidates import Candidate
from reexplore.chemistry.co_ligands import read_co_ligands
from reexplore.chemistry.ligand_input import plain_ligand
from reexplore.chemistry.metals import METALS
from reexplore.errors import CalculationFailed, FailureCode, InputError
from reexplore.structures.bipyramid import axis_degrees, bipyramid_problems, build_bipyramid, require_bipyramid
from reexplore.structures.builders.placement import place_complexes
from reexplore.structures.structure import Layout
from reexplore.structures.xtb.surfaces import find_surface

METHOXIDE = plain_ligand("C[O-:11]").ligand
ACETATE = plain_ligand("CC(=O)[O-:11]").ligand
MAGNET = Candidate(METHOXIDE, METALS["Dy"], 2, 5)


def test_ligands_are_placed_opposite_each_other():
    placed = place_complexes(MAGNET, count=4, seed=1, axial=True)
    assert len(placed) == 4
    for structure in placed:
        assert axis_degrees(structure, MAGNET) == pytest.approx(180.0, abs=1.0)
        assert bipyramid_problems(structure, MAGNET) == ()
    # Without being asked for it is one place of many.
    assert min(axis_degrees(each, MAGNET) for each in place_complexes(MAGNET, count=12, seed=1)) < 120.0


def test_a_bent_axis_is_told():
    structure = place_complexes(MAGNET, count=1, seed=1, axial=True)[0]
    positions = structure.positions_angstrom.copy()
    angle = np.radians(40.0)
    turn = np.array([[np.cos(angle), 0, np.sin(angle)], [0, 1, 0], [-np.sin(angle), 0, np.cos(angle)]])
    ligand = list(Layout.of(MAGNET).ligand(0))
    positions[ligand] = positions[ligand] @ turn.T
    codes = {problem.code for problem in bipyramid_problems(structure.moved_to(positions), MAGNET)}
    assert FailureCode.AXIS_BENT in codes


def test_a_second_donor_within_reach_is_told():
    candidate = Candidate(ACETATE, METALS["Dy"], 2, 5)
    structure = place_complexes(candidate, count=1, seed=1, axial=True)[0]
    layout = Layout.of(candidate)
    positions = structure.positions_angstrom.copy()
    donor = layout.ligand(0)[layout.bites[0][0]]
    other = next(k for k in layout.ligand(0) if structure.symbols[k] == "O" and k != donor)
    away = positions[other] - positions[0]
    positions[other] = positions[0] + 2.4 * away / np.linalg.norm(away)
    codes = {problem.code for problem in bipyramid_problems(structure.moved_to(positions), candidate)}
    assert FailureCode.LIGAND_CHELATES in codes


@pytest.mark.parametrize(
    ("candidate", "reason"),
    [
        (Candidate(METHOXIDE, METALS["Dy"], 2, 6), "not 2 and 6"),
        (Candidate(METHOXIDE, METALS["Dy"], 3, 4), "not 3 and 4"),
        (Candidate(plain_ligand("CC(=[O:11])[O-:12]").ligand, METALS["Dy"], 2, 3), "by one donor"),
    ],
)
def test_other_complexes_are_refused(candidate, reason):
    with pytest.raises(InputError, match=reason):
        require_bipyramid(candidate)


@pytest.mark.engine
def test_a_relaxed_magnet_keeps_its_axis():
    found = build_bipyramid(MAGNET, surface=find_surface("gfn2-m"), seed=1)
    assert found.axis_degrees > 175.0
    structure = found.relaxed.structure
    assert bipyramid_problems(structure, MAGNET) == ()
    distances = np.sort(np.linalg.norm(structure.positions_angstrom[1:] - structure.positions_angstrom[0], axis=1))
    # Alkoxides in crystals of such magnets: 2.04 to 2.12 Å from Dy.
    assert 2.0 < distances[0] <= distances[1] < 2.15


def test_co_ligands_stand_around_the_axis():
    around = Candidate(METHOXIDE, METALS["Dy"], 2, 0, read_co_ligands({"pyridine": 5}))
    for structure in place_complexes(around, count=4, seed=1, axial=True):
        assert axis_degrees(structure, around) == pytest.approx(180.0, abs=1.0)
        assert bipyramid_problems(structure, around) == ()


@pytest.mark.engine
def test_when_no_start_keeps_its_axis_the_reason_is_told(monkeypatch):
    monkeypatch.setattr("reexplore.structures.bipyramid.LEAST_AXIS_DEGREES", 179.99)
    monkeypatch.setattr("reexplore.structures.bipyramid.STARTS", 1)
    with pytest.raises(CalculationFailed) as failed:
        build_bipyramid(MAGNET, surface=find_surface("gfn2"), seed=1)
    assert failed.value.failure.code is FailureCode.AXIS_BENT
