import json
from dataclasses import replace

import numpy as np
import pytest

from reexplore.chemistry.candidates import Candidate
from reexplore.chemistry.ligand_input import plain_ligand
from reexplore.chemistry.metals import METALS
from reexplore.errors import CalculationFailed, Failure, FailureCode
from reexplore.structures.builders.placement import place_complexes
from reexplore.structures.quality import check_complex
from reexplore.structures.search import templates
from reexplore.structures.search.templates import FROM_FILE, Start, lowest_template
from reexplore.structures.structure import Layout, Structure
from reexplore.structures.xtb.gfnff import Settled
from reexplore.structures.xtb.relax import Relaxed, relax
from reexplore.structures.xtb.surfaces import SURFACES
from tests.structures.sample import XTB_ENERGIES_HARTREE, candidate, relaxed

NAME = "La_HOPO-H_1_6"
WHO = candidate(NAME)


@pytest.fixture
def resting(monkeypatch):
    """Leave every atom where it is, with an energy that rises with the extent; count the relaxations."""
    finished = []

    def extent(structure):
        return float(np.linalg.norm(structure.positions_angstrom - structure.positions_angstrom[0]))

    def stay(structure, **options):
        if options["gradient_norm_hartree_bohr"] < templates.LOOSE_HARTREE_BOHR:
            finished.append(structure)
        return Relaxed(structure, extent(structure) / 1000, 0.0, 1, "none")

    monkeypatch.setattr(templates, "neighbours", lambda *_: [])
    monkeypatch.setattr(templates, "settle", lambda structure, **_: Settled(structure, extent(structure)))
    monkeypatch.setattr(templates, "relax", stay)
    return finished


def scaled(factor):
    good = relaxed(NAME)
    return Start(good.moved_to(good.positions_angstrom * factor), "placement")


def without_a_water():
    positions = relaxed(NAME).positions_angstrom.copy()
    water = list(Layout.of(WHO).water(0))
    positions[water] += positions[water[0]]
    return Start(relaxed(NAME).moved_to(positions), "architector")


def without_a_bond():
    positions = relaxed(NAME).positions_angstrom.copy()
    positions[Layout.of(WHO).ligand(0)[0]] += 6.0
    return Start(relaxed(NAME).moved_to(positions), "placement")


@pytest.mark.usefixtures("resting")
def test_damaged_starts_are_left_behind_with_their_reason_and_number():
    found = lowest_template(WHO, starts=[without_a_bond(), without_a_bond(), scaled(1.0)], refine=2)
    assert found.quality.ok
    assert [(r.builder, r.stage, r.code, r.count) for r in found.rejected] == [
        ("placement", "force field", "ligand_broken", 2)
    ]
    assert found.starts == {"placement": 3}


@pytest.mark.usefixtures("resting")
def test_lowest_is_kept_with_all_it_was_chosen_from():
    starts = [scaled(f) for f in (1.04, 0.99, 1.02)]
    found = lowest_template(WHO, starts=starts, refine=3)
    assert np.allclose(found.structure.positions_angstrom, starts[1].structure.positions_angstrom)
    energies = [m.energy_hartree for m in found.minima]
    assert energies == sorted(energies)
    assert found.energy_hartree == energies[0]
    assert [m.relative_kcal_mol for m in found.minima] == pytest.approx(
        [627.5095 * (e - energies[0]) for e in energies], rel=1e-5
    )


def test_no_more_than_asked_for_are_taken_to_their_minimum(resting):
    lowest_template(WHO, starts=[scaled(f) for f in (0.98, 0.99, 1.0, 1.01, 1.02)], refine=2)
    assert len(resting) == 2


def test_equal_starts_are_relaxed_once(resting):
    found = lowest_template(WHO, starts=[scaled(1.0)] * 4, refine=4)
    assert len(resting) == 1
    assert found.distinct == 1


def test_the_hopeless_are_not_taken_to_their_minimum_beyond_the_fewest(resting, monkeypatch):
    monkeypatch.setattr(templates, "_HOPELESS_KCAL_MOL", 0.01)
    monkeypatch.setattr(templates, "_LEAST_RELAXED", 2)
    lowest_template(WHO, starts=[scaled(f) for f in (0.98, 1.0, 1.02)], refine=3)
    assert len(resting) == 2


@pytest.mark.usefixtures("resting")
def test_the_search_goes_on_to_lower_neighbours_as_long_as_there_are_any(monkeypatch):
    good = relaxed(NAME)

    def smaller(structure, _candidate):
        steps = [structure.positions_angstrom * factor for factor in (0.99, 1.01)]
        return [structure.moved_to(p) for p in steps if np.ptp(p) > 0.97 * np.ptp(good.positions_angstrom)]

    monkeypatch.setattr(templates, "neighbours", smaller)
    found = lowest_template(WHO, starts=[scaled(1.0)], refine=2)
    np.testing.assert_allclose(found.structure.positions_angstrom, good.positions_angstrom * 0.99**3, atol=1e-7)


def test_a_way_to_a_known_minimum_ends_there(resting, monkeypatch):
    low = scaled(0.98).structure
    monkeypatch.setattr(templates, "neighbours", lambda structure, _: [low] if structure.key != low.key else [])
    lowest_template(WHO, starts=[scaled(1.0), scaled(1.02)], refine=2)
    # Both starts, and the neighbour once from each.
    assert len(resting) == 4


@pytest.mark.usefixtures("resting")
def test_what_is_found_from_the_lowest_counts_and_its_failure_does_not():
    start, lower = scaled(1.0), scaled(0.98).structure
    found = lowest_template(WHO, starts=[start], refine=2, explore=lambda _: [lower])
    assert (found.builder, found.minima[1].builder) == ("crest", "placement")

    def fail(_):
        raise CalculationFailed(FailureCode.CRASHED, "crest", "it ended with exit code 3")

    kept = lowest_template(WHO, starts=[start], refine=2, explore=fail)
    assert kept.builder == "placement"
    assert [(r.builder, r.code) for r in kept.rejected] == [("crest", "crashed")]


@pytest.fixture
def held_twice(monkeypatch):
    """Let one more atom hold the metal in every structure that is shrunk."""
    extent = np.ptp(scaled(1.0).structure.positions_angstrom)

    def judged(structure, **options):
        report = check_complex(structure, **options)
        other = Failure(FailureCode.OTHER_DONOR, "quality", "O 9 holds La as well", {"atoms": [9]})
        shrunk = np.ptp(structure.positions_angstrom) < 0.999 * extent
        return replace(report, warnings=(other,)) if shrunk and options.get("checks", 2) > 1 else report

    monkeypatch.setattr(templates, "check_complex", judged)


@pytest.mark.usefixtures("resting", "held_twice")
def test_another_mode_of_binding_is_kept_apart_though_it_is_lower():
    found = lowest_template(WHO, starts=[scaled(1.0), scaled(0.98)], refine=2)
    np.testing.assert_allclose(found.structure.positions_angstrom, scaled(1.0).structure.positions_angstrom)
    assert len(found.minima) == 1
    assert [(r.stage, r.code) for r in found.rejected] == [("loose relaxation", "other_donor")]
    assert "other_donors" not in found.to_dict()
    # The first version of the checks knew one mode only.
    mixed = lowest_template(WHO, starts=[scaled(1.0), scaled(0.98)], refine=2, checks=1)
    assert np.ptp(mixed.structure.positions_angstrom) < np.ptp(found.structure.positions_angstrom)


@pytest.mark.usefixtures("resting", "held_twice")
def test_where_there_is_no_other_it_is_found_and_told():
    found = lowest_template(WHO, starts=[scaled(0.98), scaled(0.96)], refine=2)
    assert len(found.minima) == 2
    assert [w.code for w in found.quality.warnings] == [FailureCode.OTHER_DONOR]
    assert found.to_dict()["other_donors"][0]["code"] == "other_donor"


@pytest.mark.usefixtures("resting")
def test_no_sound_structure_ends_in_the_last_reason_with_all_of_them():
    with pytest.raises(CalculationFailed) as caught:
        lowest_template(WHO, starts=[without_a_bond(), without_a_water()], refine=1)
    failure = caught.value.failure
    assert failure.code in (FailureCode.WATER_LOST, FailureCode.LIGAND_BROKEN)
    assert {r["code"] for r in failure.evidence["rejected"]} == {"ligand_broken", "water_lost"}
    json.dumps(failure.to_dict())


@pytest.mark.engine
def test_a_small_search_finds_a_structure_no_higher_than_the_one_the_xtb_program_was_led_to():
    """The reference came out of another search and the xtb program; a tenth of the default starts gets there."""
    starts = [Start(s, "placement") for s in place_complexes(WHO, count=10, seed=1)]
    found = lowest_template(WHO, starts=starts, refine=3, surface=SURFACES["gfn2"])
    reference = relax(relaxed(NAME), surface=SURFACES["gfn2"]).energy_hartree
    assert reference < XTB_ENERGIES_HARTREE[NAME]
    assert found.energy_hartree < reference + 1.0 / 627.51
    written = json.loads(json.dumps(found.to_dict()))
    assert Structure.from_extxyz(written["extxyz"]).key == found.structure.key
    assert written["inchikey"] == WHO.ligand.inchikey


@pytest.mark.engine
def test_a_structure_from_a_file_is_taken_to_its_minimum_like_those_of_builders():
    formate = Candidate(plain_ligand("[O-]C=O", donors=[0]).ligand, METALS["La"], 1, 5)
    placed = place_complexes(formate, count=1, seed=1)[0]
    found, built = (
        lowest_template(formate, starts=[Start(placed, name)], refine=1) for name in (FROM_FILE, "placement")
    )
    assert (found.builder, found.starts, found.quality.ok) == (FROM_FILE, {FROM_FILE: 1}, True)
    assert found.energy_hartree == pytest.approx(built.energy_hartree, abs=1e-5)
