"""Any atom order is put into that of the candidate; what cannot be is said."""

import numpy as np
import pytest

from reexplore.chemistry.candidates import Candidate
from reexplore.chemistry.ligand_input import plain_ligand
from reexplore.chemistry.metals import METALS
from reexplore.errors import CalculationFailed, FailureCode, InputError
from reexplore.structures.builders.placement import place_complexes
from reexplore.structures.matching import arrange
from reexplore.structures.quality import check_complex
from reexplore.structures.structure import Layout, Structure
from tests.structures.sample import candidate, relaxed

NAMES = ("La_HOPO-H_1_6", "Eu_HOPO-H_1_6", "La_CAM-H_1_6", "La_HOPO-H_4_0")


def shuffled(structure: Structure, seed: int) -> Structure:
    order = np.random.default_rng(seed).permutation(len(structure))
    return Structure(tuple(structure.symbols[i] for i in order), structure.positions_angstrom[order], structure.charge)


@pytest.mark.parametrize("name", NAMES)
def test_a_shuffled_complex_passes_as_the_original_does(name):
    original, asked = relaxed(name), candidate(name)
    mixed = shuffled(original, seed=3)
    arranged = arrange(mixed, candidate=asked)
    report, reference = check_complex(arranged.structure, candidate=asked), check_complex(original, candidate=asked)
    assert report.ok
    assert sorted(report.donor_distances_angstrom) == sorted(reference.donor_distances_angstrom)
    assert report.inchikey == reference.inchikey
    again = mixed.positions_angstrom[list(arranged.file_atoms)]
    assert np.array_equal(again, arranged.structure.positions_angstrom)
    assert sorted(arranged.file_atoms) == list(range(len(original)))


def test_a_lost_water_is_found_in_any_order():
    original, asked = relaxed("La_HOPO-H_1_6"), candidate("La_HOPO-H_1_6")
    atoms = list(Layout.of(asked).water(2))
    moved = original.positions_angstrom.copy()
    outward = moved[atoms[0]] - moved[0]
    moved[atoms] += 2.0 * outward / np.linalg.norm(outward)
    arranged = arrange(shuffled(original.moved_to(moved), seed=5), candidate=asked)
    problems = check_complex(arranged.structure, candidate=asked).problems
    assert {p.code for p in problems} == {FailureCode.WATER_LOST}


def test_a_proton_on_the_wrong_oxygen_is_a_transfer_not_a_stranger():
    original, asked = relaxed("La_CAM-H_1_6"), candidate("La_CAM-H_1_6")
    layout = Layout.of(asked)
    positions = original.positions_angstrom.copy()
    phenolate = layout.donors[0]
    nearest = min(
        range(layout.waters), key=lambda k: np.linalg.norm(positions[layout.water(k)[0]] - positions[phenolate])
    )
    oxygen, hydrogen, _ = layout.water(nearest)
    # Away from the metal and from the ring, where nothing is in the way.
    away = positions[phenolate] - positions[0]
    towards = positions[oxygen] - positions[phenolate]
    direction = away / np.linalg.norm(away) + towards / np.linalg.norm(towards)
    positions[hydrogen] = positions[phenolate] + 0.98 * direction / np.linalg.norm(direction)
    arranged = arrange(shuffled(original.moved_to(positions), seed=7), candidate=asked)
    codes = [p.code for p in check_complex(arranged.structure, candidate=asked).problems]
    assert FailureCode.PROTON_TRANSFER in codes


def test_another_molecule_of_the_same_atoms_is_refused_with_what_it_is():
    original, asked = relaxed("La_HOPO-H_1_6"), candidate("La_HOPO-H_1_6")
    positions = original.positions_angstrom.copy()
    methyl = next(i for i in Layout.of(asked).ligand(0) if original.symbols[i] == "C")
    positions[methyl] += 30.0
    with pytest.raises(CalculationFailed, match="but as 1 × C, ") as failed:
        arrange(shuffled(original.moved_to(positions), seed=1), candidate=asked)
    assert failed.value.failure.code is FailureCode.LIGAND_BROKEN


def test_a_broken_complex_in_our_order_is_left_to_quality_control():
    original, asked = relaxed("La_HOPO-H_1_6"), candidate("La_HOPO-H_1_6")
    positions = original.positions_angstrom.copy()
    positions[1] += 30.0
    arranged = arrange(original.moved_to(positions), candidate=asked)
    assert arranged.file_atoms == tuple(range(len(original)))
    assert not check_complex(arranged.structure, candidate=asked).ok


def test_other_atoms_than_asked_for_are_named():
    asked = candidate("La_HOPO-H_1_6")
    with pytest.raises(InputError, match="it has 0 Eu instead of 1, 1 La instead of 0"):
        arrange(relaxed("La_HOPO-H_1_6"), candidate=Candidate(asked.ligand, METALS["Eu"], 1, 6))
    with pytest.raises(InputError, match="O instead of"):
        arrange(relaxed("La_HOPO-H_1_6"), candidate=Candidate(asked.ligand, METALS["La"], 1, 7))


def test_a_hydroxide_is_told_from_the_waters_by_its_hydrogens():
    hydroxide = plain_ligand("[OH-]", donors=[0]).ligand
    asked = Candidate(hydroxide, METALS["La"], 1, 7)
    arranged = arrange(shuffled(place_complexes(asked, count=1, seed=1)[0], seed=2), candidate=asked)
    assert not [p for p in check_complex(arranged.structure, candidate=asked).problems if p.code != FailureCode.CLASH]
